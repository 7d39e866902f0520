/*
** renew.h - the key for another attempt, from the user's function.
*/
#ifndef XAI_RENEW_H
#define XAI_RENEW_H

#include "bind/request.h"

#pragma GCC visibility push(hidden)

/* If the call of the request at index 1 waits for its key: ask for it.  What
** goes wrong ends the call; nothing is raised. */
void xai_renew_key(lua_State *L, xai_LuaRequest *r);

/* core.on_key_error(f): f(err) is called with an error of such a function; does
** it mean that whoever waits for the key was cancelled? */
int xai_renew_on_error(lua_State *L);

#pragma GCC visibility pop

#endif
