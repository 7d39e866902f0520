/*
** json_encode.h - from Lua values to JSON text.
*/
#ifndef XAI_BIND_JSON_ENCODE_H
#define XAI_BIND_JSON_ENCODE_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Push the JSON text of the value at 'value', members sorted by the bytes of
** their names.  'codec' is the index of a codec: it says which values are null.
** A value that JSON cannot express, and a string that is not UTF-8, raise an
** error that begins with 'what' and names the path.
*/
void xai_json_encode(lua_State *L, int codec, int value, const char *what);

/*
** xai.ordered(names, t) -> t.  Mark a table as an object whose members go out in
** the order of 'names', a list of strings; the others follow, sorted.
*/
int xai_json_ordered(lua_State *L);

/* xai.array(t): mark a table as an array, so that [] is sent if it is empty. */
int xai_json_array(lua_State *L);

#pragma GCC visibility pop

#endif
