/*
** luautil.h - strings and misuse errors: what all of bind needs of Lua.
*/
#ifndef XAI_BIND_LUAUTIL_H
#define XAI_BIND_LUAUTIL_H

#include "base/buffer.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Making a Lua value may run finalizers, and a finalizer may call anything: step
** the engine, decode, close.  Bytes of streams and scratch buffers may move
** then.  These functions push such bytes safely; find the bytes again before
** the next push.
*/

/* Prepare the Lua state. */
void xai_push_open(lua_State *L);

void xai_push_slice(lua_State *L, xai_Slice s);
void xai_push_buffer(lua_State *L, const xai_Buffer *b);

/* Push the string or number at 'i' as text.  Numbers have a decimal point in
** any locale. */
void xai_push_text(lua_State *L, int i);

/* Push the content of a JSON string without its escapes, unpaired surrogates as
** U+FFFD.  Contents of 'scratch' are undefined afterwards. */
void xai_push_unescaped(lua_State *L, xai_Buffer *scratch, xai_Slice raw);

/*
** Raise the misuse of an argument, at the user's line: the caller of the Lua
** function that called this C function.  Does not return.
*/
int xai_misuse(lua_State *L, const char *format, ...);

#pragma GCC visibility pop

#endif
