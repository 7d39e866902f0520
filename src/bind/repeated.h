/*
** repeated.h - the tables of events that repeat an earlier one.
*/
#ifndef XAI_REPEATED_H
#define XAI_REPEATED_H

#include "bind/request.h"

#pragma GCC visibility push(hidden)

/* The shown event repeats the pattern: push it, built from its model.  0 when
** there is no model of it, or a finalizer has read it meanwhile. */
int xai_repeated_push(lua_State *L, xai_LuaRequest *r);

#pragma GCC visibility pop

#endif
