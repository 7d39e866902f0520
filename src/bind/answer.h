/*
** answer.h - answers that are not streams, decoded.
*/
#ifndef XAI_BIND_ANSWER_H
#define XAI_BIND_ANSWER_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* Methods of requests, see call.h.  The list ends with a NULL name. */
extern const luaL_Reg xai_answer_methods[];

#pragma GCC visibility pop

#endif
