/*
** luautil.h - small things that all of bind needs of Lua.
*/
#ifndef XAI_BIND_LUAUTIL_H
#define XAI_BIND_LUAUTIL_H

#include "base/buffer.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* ---------------------------- bytes as Lua strings, whatever finalizers do */

/*
** Whatever makes a Lua value may run finalizers, and a finalizer may call
** anything: step the engine, decode, close.  So bytes that move when more of
** them come (of streams, of scratch buffers) are pushed by these functions
** as soon as they are found, and found again before the next push.
*/

/* Prepare the Lua state. */
void xai_push_open(lua_State *L);

void xai_push_slice(lua_State *L, xai_Slice s);
void xai_push_buffer(lua_State *L, const xai_Buffer *b);

/* Push the string at 'i', or the number there as text, with a point whatever
** the locale. */
void xai_push_text(lua_State *L, int i);

/* Push the content of a JSON string without its escapes, halves of surrogate
** pairs as U+FFFD; 'scratch' is for short use. */
void xai_push_unescaped(lua_State *L, xai_Buffer *scratch, xai_Slice raw);

/* ---------------------------------------------------------------- misuse */

/*
** Raise the misuse of an argument.  The position named is that of whoever
** called the Lua function that called this C function: the user's line.
*/
int xai_misuse(lua_State *L, const char *format, ...);

#pragma GCC visibility pop

#endif
