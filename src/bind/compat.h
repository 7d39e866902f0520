/*
** compat.h - one C source for Lua 5.1 to 5.5 and LuaJIT.
** The only file that asks which Lua this is.
*/
#ifndef XAI_BIND_COMPAT_H
#define XAI_BIND_COMPAT_H

#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#pragma GCC visibility push(hidden)

#if LUA_VERSION_NUM >= 504

#define xai_newuserdata(L, size) lua_newuserdatauv(L, size, 1)
#define xai_setenv(L, i) ((void)lua_setiuservalue(L, i, 1))
#define xai_getenv(L, i) ((void)lua_getiuservalue(L, i, 1))

#elif LUA_VERSION_NUM >= 502

#define xai_newuserdata(L, size) lua_newuserdata(L, size)
#define xai_setenv(L, i) ((void)lua_setuservalue(L, i))
#define xai_getenv(L, i) ((void)lua_getuservalue(L, i))

#else

#define xai_newuserdata(L, size) lua_newuserdata(L, size)
#define xai_setenv(L, i) ((void)lua_setfenv(L, i))
#define xai_getenv(L, i) ((void)lua_getfenv(L, i))
#define lua_rawlen(L, i) lua_objlen(L, i)

#endif

#if LUA_VERSION_NUM < 502 && !defined(luaL_newlibtable)

/* PUC 5.1; LuaJIT has these. */
static inline void luaL_setmetatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

static inline void *luaL_testudata(lua_State *L, int i, const char *name) {
  void *p = lua_touserdata(L, i);
  int same;
  if (p == NULL || !lua_getmetatable(L, i)) return NULL;
  luaL_getmetatable(L, name);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? p : NULL;
}

static inline void luaL_setfuncs(lua_State *L, const luaL_Reg *l, int nup) {
  (void)nup;
  for (; l->name != NULL; l++) {
    lua_pushcfunction(L, l->func);
    lua_setfield(L, -2, l->name);
  }
}

#endif

/* The same stack index, counted from the bottom. */
static inline int xai_absindex(lua_State *L, int i) {
  return i > 0 || i <= LUA_REGISTRYINDEX ? i : lua_gettop(L) + i + 1;
}

/* Does lua_pushlstring collect, and run finalizers, before it copies? */
#define XAI_COLLECTS_FIRST (LUA_VERSION_NUM < 503)

#if LUA_VERSION_NUM >= 503

#define XAI_HAS_INTEGERS 1
#define xai_pushint(L, n) lua_pushinteger(L, (lua_Integer)(n))

#else

#define XAI_HAS_INTEGERS 0
#define xai_pushint(L, n) lua_pushnumber(L, (lua_Number)(n))

#endif

#pragma GCC visibility pop

#endif
