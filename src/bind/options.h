/*
** options.h - the option tables of xai.new and of single calls.
*/
#ifndef XAI_BIND_OPTIONS_H
#define XAI_BIND_OPTIONS_H

#include "base/endpoint.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Check the option table at 'i' (nil counts as empty) and store its settings in
** '*set'; others stay.  Strings are borrowed from the table.  Wrong types and
** unknown names raise an error that begins with 'what' and names the option, and
** for an unknown one the nearest known.
*/
void xai_options_read(lua_State *L, int i, const char *what, xai_Settings *set);

/*
** Check the option table at 't' of a helper, whose own options are the keys of
** the table at 'own'; their values are for the helper to check.  Both are
** absolute indices.  Raises as xai_options_read does.
*/
void xai_options_check(lua_State *L, int t, const char *what, int own);

/*
** Raise if the table at 'i' has other fields than 'names', which ends with NULL.
** The message calls them 'noun'.
*/
void xai_options_only(lua_State *L, int i, const char *what, const char *noun,
                      const char *const *names);

/* Is there an option of that name? */
int xai_options_is_name(const char *name);

/* Raise "what: option 'name' why" if 'i' is a table that sets the option. */
void xai_options_refuse(lua_State *L, int i, const char *what, const char *name,
                        const char *why);

/* Push a copy of the option table at 'i' and of its headers, without what their
** metatables give. */
void xai_options_copy(lua_State *L, int i);

#pragma GCC visibility pop

#endif
