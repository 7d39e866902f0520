/*
** bytes.c - functions of the module that know bytes: base64 and types of files.
*/
#include "bind/bytes.h"

#include "base/base64.h"
#include "base/media_type.h"
#include "bind/luautil.h"

/* The string at index 1.  A number would do, too, but is a mistake. */
static const char *check_string(lua_State *L, const char *what,
                                const char *name, size_t *n) {
  if (lua_type(L, 1) != LUA_TSTRING)
    luaL_error(L, "%s: the %s must be a string, got %s", what, name,
               luaL_typename(L, 1));
  return lua_tolstring(L, 1, n);
}

int xai_bytes_base64(lua_State *L) {
  size_t n, length;
  const char *s;
  char *text;
  lua_settop(L, 1);
  s = check_string(L, "xai.base64", "argument", &n);
  if (n > XAI_BASE64_MOST) return luaL_error(L, "not enough memory");
  length = xai_base64_length(n);
  text = (char *)xai_newuserdata(L, length + 1);
  xai_base64_encode(s, n, text);
  lua_pushlstring(L, text, length);
  return 1;
}

int xai_bytes_unbase64(lua_State *L) {
  xai_Base64 d;
  size_t n, made;
  const char *s;
  char *bytes, words[120];
  lua_settop(L, 1);
  s = check_string(L, "xai.unbase64", "argument", &n);
  bytes = (char *)xai_newuserdata(L, xai_base64_room(n) + 2);
  xai_base64_begin(&d);
  made = xai_base64_decode(&d, s, n, bytes);
  made += xai_base64_end(&d, bytes + made);
  if (d.fault == XAI_BASE64_GOOD) {
    lua_pushlstring(L, bytes, made);
    return 1;
  }
  xai_base64_explain(&d, words, sizeof words);
  lua_pushnil(L);
  lua_pushstring(L, words);
  return 2;
}

int xai_bytes_media_type(lua_State *L) {
  const xai_MediaType *type;
  xai_Slice bytes;
  bytes.at = luaL_checklstring(L, 1, &bytes.len);
  type = xai_media_type(bytes);
  if (type == NULL) return 0;
  lua_pushstring(L, type->name);
  lua_pushstring(L, type->extension);
  return 2;
}
