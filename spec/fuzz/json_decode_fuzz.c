/*
** json_decode_fuzz.c - lua-cjson alone and behind the codec read any text alike,
** and what was read is the same after it was written and read again.
**
** The real Lua, the real lua-cjson; the comparison is in json_decode.lua.
*/
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#include "base/json_scan.h"
#include "bind/json_decode.h"
#include "bind/json_encode.h"
#include "bind/luautil.h"
#include "fuzz.h"

static int codec_encode(lua_State *L) {
  lua_settop(L, 2);
  xai_json_encode(L, 1, 2, "xai.encode");
  return 1;
}

static int codec_decode(lua_State *L) {
  lua_settop(L, 2);
  if (xai_json_decode(L, 1)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* The fuzzer sees what is compared, and so learns the mark, which nobody else
** can: texts that hold it are left out. */
static int codec_mark(lua_State *L) {
  const xai_Codec *c = (const xai_Codec *)luaL_checkudata(L, 1, XAI_CODEC_MT);
  lua_pushlstring(L, c->mark, c->mark_len);
  return 1;
}

/* Is it JSON, for who does not decode it? */
static int codec_check(lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  lua_pushboolean(L, xai_json_check(s, n) == XAI_JSON_RIGHT);
  return 1;
}

static int prepare(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"codec", xai_codec_new}, {"encode", codec_encode},
      {"decode", codec_decode}, {"mark", codec_mark},
      {"check", codec_check},   {NULL, NULL}};
  luaL_openlibs(L);
  xai_push_open(L);
  xai_codec_open(L);
  if (luaL_loadfile(L, "spec/fuzz/json_decode.lua") != 0) return lua_error(L);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_call(L, 1, 1);
  return 1;
}

static void demand(lua_State *L, int rc) {
  if (rc == 0) return;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static lua_State *L;
  if (L == NULL) {
    L = luaL_newstate();
    require(L != NULL);
    lua_pushcfunction(L, prepare);
    demand(L, lua_pcall(L, 0, 1, 0)); /* the function that checks a text */
  }
  lua_pushvalue(L, 1);
  lua_pushlstring(L, (const char *)data, n);
  demand(L, lua_pcall(L, 1, 0, 0));
  return 0;
}
