/*
** answer.h - answers that are not streams, decoded.
*/
#ifndef XAI_BIND_ANSWER_H
#define XAI_BIND_ANSWER_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* request:outcome() */
int xai_answer_outcome(lua_State *L);

#pragma GCC visibility pop

#endif
