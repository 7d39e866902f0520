/*
** json.h - between Lua values and JSON text.
**
** A JSON library for Lua (lua-cjson in any of its forms, vim.json) does the
** conversion.  A codec makes all of them behave the same and lose nothing:
** integers of 64 bits, numbers beyond them, fractions in any locale, empty
** arrays, null, halves of surrogate pairs.
*/
#ifndef XAI_JSON_H
#define XAI_JSON_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* Register the metatables of codecs and of marked arrays. */
void xai_json_open_lua(lua_State *L);

/* core.codec(module) -> codec.  'module' has encode and decode. */
int xai_json_codec(lua_State *L);

/*
** Push the JSON text of the value at 'value'.  A value that JSON cannot
** express raises an error that begins with 'what' and names its path.
*/
void xai_json_encode(lua_State *L, int codec, int value, const char *what);

/*
** Replace the string on top of the stack by the value it holds; 1.  When it
** is not JSON, by the reason as a string; 0.  A byte order mark is skipped.
*/
int xai_json_decode(lua_State *L, int codec);

/*
** The same, but halves of surrogate pairs stay, as the three bytes that UTF-8
** would give them, so that they can be joined with what follows.
*/
int xai_json_decode_halves(lua_State *L, int codec);

/* xai.array(t): mark a table as an array, so that empty it is sent as []. */
int xai_json_array(lua_State *L);

#pragma GCC visibility pop

#endif
