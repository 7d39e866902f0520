/*
** state.h - what each Lua state has once: an engine, a name for servers.
*/
#ifndef XAI_BIND_STATE_H
#define XAI_BIND_STATE_H

#include "bind/compat.h"
#include "net/engine.h"

#pragma GCC visibility push(hidden)

#define XAI_VERSION "0.1.0"

/* Prepare the Lua state; nothing is acquired yet. */
void xai_state_open(lua_State *L);

/* The Lua state's engine, made when it is first needed; raises when there is
** no memory for it. */
xai_Engine *xai_state_engine(lua_State *L);

/* The engine, or NULL when none was needed yet. */
xai_Engine *xai_state_engine_if_any(lua_State *L);

/* "lua-xai/0.1.0 (Lua 5.4; libcurl/7.88.1)" */
const char *xai_state_agent(lua_State *L);

#pragma GCC visibility pop

#endif
