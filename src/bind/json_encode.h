/*
** json_encode.h - from Lua values to JSON text.
*/
#ifndef XAI_BIND_JSON_ENCODE_H
#define XAI_BIND_JSON_ENCODE_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Push the JSON text of the value at 'value'.  A value that JSON cannot
** express raises an error that begins with 'what' and names its path.
*/
void xai_json_encode(lua_State *L, int codec, int value, const char *what);

/* xai.array(t): mark a table as an array, so that [] is sent if it is empty. */
int xai_json_array(lua_State *L);

#pragma GCC visibility pop

#endif
