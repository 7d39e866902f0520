/*
** output.h - the methods of a request whose answer is bytes: to files, or in
** pieces.
*/
#ifndef XAI_BIND_OUTPUT_H
#define XAI_BIND_OUTPUT_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* For xai_luacall_open. */
extern const luaL_Reg xai_output_methods[];

/* core.resolve(from, to) -> the address that 'to' is at 'from', and whether both
** have the same origin; or nil and what is wrong with it. */
int xai_output_resolve(lua_State *L);

/*
** core.write_base64(text, path, adds) -> the path of the file, which with 'adds'
** has the extension of its type; or nil, what is wrong, and whether it is the
** text.  There is no half of a file.
*/
int xai_output_write_base64(lua_State *L);

#pragma GCC visibility pop

#endif
