/*
** options.h - the option tables of xai.new and of single calls.
*/
#ifndef XAI_BIND_OPTIONS_H
#define XAI_BIND_OPTIONS_H

#include "base/endpoint.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* ----------------------------------------------- may these headers be sent? */

/* ------------------------- the option tables of xai.new and of single calls */

/*
** Check the option table at 'i' (nil counts as empty) and put what it says
** over '*set'.  Strings are borrowed from the table.  Wrong types and
** unknown names raise an error that begins with 'what' and names the option
** (and, for an unknown one, the nearest known).
*/
void xai_options_read(lua_State *L, int i, const char *what, xai_Settings *set);

/*
** Check that the table at 'i' has only the fields 'names' (NULL at the
** end); 'noun' is what they are called in the message.
*/
void xai_options_only(lua_State *L, int i, const char *what, const char *noun,
                      const char *const *names);

/* Raise "what: option 'name' why" if the table at 'i', if it is one, sets it. */
void xai_options_refuse(lua_State *L, int i, const char *what, const char *name,
                        const char *why);

/* Push a copy of the option table at 'i', with its own fields only. */
void xai_options_copy(lua_State *L, int i);

#pragma GCC visibility pop

#endif
