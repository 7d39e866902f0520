/*
** stream.h - the methods of a request that read its event stream.
*/
#ifndef XAI_BIND_STREAM_H
#define XAI_BIND_STREAM_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* Methods of requests, see call.h.  The list ends with a NULL name. */
extern const luaL_Reg xai_stream_methods[];

#pragma GCC visibility pop

#endif
