/*
** stream.h - the methods of a request that read its event stream.
*/
#ifndef XAI_BIND_STREAM_H
#define XAI_BIND_STREAM_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* request:event() */
int xai_stream_next(lua_State *L);

/* request:text() */
int xai_stream_text(lua_State *L);

/* request:want(n) */
int xai_stream_want(lua_State *L);

/* request:skip() */
int xai_stream_skip(lua_State *L);

/* request:halves() -> did what it said hold halves of surrogate pairs?  They
** are in the texts of request:said as the three bytes of each. */
int xai_stream_has_surrogates(lua_State *L);

/* request:damaged(too_deep) */
int xai_stream_damaged(lua_State *L);

/* request:said(at) */
int xai_stream_read_log(lua_State *L);

#pragma GCC visibility pop

#endif
