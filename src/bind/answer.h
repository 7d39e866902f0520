/*
** answer.h - answers that are not streams, decoded.
*/
#ifndef XAI_BIND_ANSWER_H
#define XAI_BIND_ANSWER_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* They take a request, see call.h; the list ends with a NULL name. */
extern const luaL_Reg xai_answer_methods[];

#pragma GCC visibility pop

#endif
