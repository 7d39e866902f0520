/*
** state.c - what each Lua state has once: an engine, a name for servers.
*/
#include "bind/state.h"

#include "net/memory.h"

#define ENGINE_MT "xai.engine"

static char engine_key; /* registry: the engine's userdata */
static char agent_key;  /* registry: the user agent's string */

typedef struct EngineBox {
  xai_Engine *engine;
} EngineBox;

/* The state closes: nothing may go on, even where objects are left. */
static int engine_gc(lua_State *L) {
  EngineBox *box = (EngineBox *)luaL_checkudata(L, 1, ENGINE_MT);
  xai_Engine *e = box->engine;
  box->engine = NULL;
  if (e == NULL) return 0;
  xai_engine_close(e);
  xai_engine_unref(e);
  return 0;
}

/* Push the engine's box, made when it is first needed. */
static EngineBox *push_box(lua_State *L) {
  EngineBox *box;
  lua_pushlightuserdata(L, &engine_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return (EngineBox *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  box = (EngineBox *)xai_newuserdata(L, sizeof *box);
  box->engine = NULL;
  luaL_setmetatable(L, ENGINE_MT); /* from here __gc cleans up */
  lua_pushlightuserdata(L, &engine_key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return box;
}

xai_Engine *xai_state_engine(lua_State *L) {
  EngineBox *box = push_box(L);
  lua_pop(L, 1); /* the registry keeps it */
  if (box->engine != NULL) {
    xai_engine_check_fork(box->engine);
    return box->engine;
  }
  if (xai_memory_open()) box->engine = xai_engine_new();
  if (box->engine == NULL) luaL_error(L, "not enough memory");
  return box->engine;
}

/* The engine, or NULL when none was needed yet. */
xai_Engine *xai_state_engine_if_any(lua_State *L) {
  EngineBox *box;
  lua_pushlightuserdata(L, &engine_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  box = (EngineBox *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (box == NULL || box->engine == NULL) return NULL;
  xai_engine_check_fork(box->engine);
  return box->engine;
}

const char *xai_state_agent(lua_State *L) {
  const char *agent;
  lua_pushlightuserdata(L, &agent_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  agent = lua_tostring(L, -1);
  lua_pop(L, 1); /* the registry keeps it */
  return agent;
}

static void set_agent(lua_State *L) {
  const char *version;
  lua_getglobal(L, "_VERSION");
  version = lua_tostring(L, -1);
  lua_pushlightuserdata(L, &agent_key);
  lua_pushfstring(L, "lua-xai/" XAI_VERSION " (%s; libcurl/%s)",
                  version ? version : "Lua",
                  curl_version_info(CURLVERSION_NOW)->version);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_pop(L, 1);
}

void xai_state_open(lua_State *L) {
  luaL_newmetatable(L, ENGINE_MT);
  lua_pushcfunction(L, engine_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  set_agent(L);
}
