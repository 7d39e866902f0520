/*
** core.h - the module xai.core: one engine for each Lua state.
*/
#ifndef XAI_CORE_H
#define XAI_CORE_H

#include "bind/compat.h"
#include "net/engine.h"

#define XAI_VERSION "0.1.0"

/* The Lua state's engine; raises when there is no memory for it. */
xai_Engine *xai_core_engine(lua_State *L);

/* "lua-xai/0.1.0 (Lua 5.4; libcurl/7.88.1)" */
const char *xai_core_agent(lua_State *L);

#endif
