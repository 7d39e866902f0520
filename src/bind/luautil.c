/*
** luautil.c - strings and misuse errors: what all of bind needs of Lua.
*/
#include "bind/luautil.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/text.h"

/* ------------------------------------------------- bytes as Lua strings */

#define SMALL 1024

static char pusher_key; /* registry: the function 'pusher' */

/* pusher(address of a slice) -> string */
static int pusher(lua_State *L) {
  const xai_Slice *s = (const xai_Slice *)lua_touserdata(L, 1);
  lua_pushlstring(L, s->at, s->len);
  return 1;
}

/* Push a copy: lua_pushlstring may move the bytes before it reads them. */
static void push_large(lua_State *L, xai_Slice s) {
  char *copy = (char *)malloc(s.len);
  int rc;
  if (copy == NULL) luaL_error(L, "not enough memory");
  memcpy(copy, s.at, s.len);
  s.at = copy;
  lua_pushlightuserdata(L, &pusher_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushlightuserdata(L, &s);
  rc = lua_pcall(L, 1, 1, 0);
  free(copy);
  if (rc != 0) lua_error(L);
}

void xai_push_slice(lua_State *L, xai_Slice s) {
  char copy[SMALL];
  if (!XAI_COLLECTS_FIRST) {
    lua_pushlstring(L, s.at, s.len);
  } else if (s.len > sizeof copy) {
    push_large(L, s);
  } else {
    if (s.len > 0) memcpy(copy, s.at, s.len);
    lua_pushlstring(L, copy, s.len);
  }
}

void xai_push_buffer(lua_State *L, const xai_Buffer *b) {
  xai_Slice s;
  s.at = xai_buffer_data(b);
  s.len = xai_buffer_size(b);
  xai_push_slice(L, s);
}

void xai_push_open(lua_State *L) {
  if (!XAI_COLLECTS_FIRST) return; /* nothing calls it */
  lua_pushlightuserdata(L, &pusher_key);
  lua_pushcfunction(L, pusher);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Converts a copy, as lua_tolstring turns a number into a string in place. */
void xai_push_text(lua_State *L, int i) {
  int number = lua_type(L, i) == LUA_TNUMBER;
  char point[XAI_DECIMAL_POINT_SIZE];
  lua_pushvalue(L, i);
  lua_tolstring(L, -1, NULL);
  if (!number) return;
  xai_decimal_point(point);
  if (strcmp(point, ".") == 0) return;
  luaL_gsub(L, lua_tostring(L, -1), point, ".");
  lua_remove(L, -2);
}

void xai_push_unescaped(lua_State *L, xai_Buffer *b, xai_Slice raw) {
  unsigned surrogate = 0;
  int rc;
  if (memchr(raw.at, '\\', raw.len) == NULL) {
    xai_push_slice(L, raw);
    return;
  }
  xai_buffer_clear(b);
  rc = xai_json_unescape(raw, &surrogate, b);
  if (rc == XAI_OK && surrogate != 0) rc = xai_buffer_puts(b, "\xEF\xBF\xBD");
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
  xai_push_buffer(L, b);
}

/* ---------------------------------------------------------------- misuse */

int xai_misuse(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_where(L, 2);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_concat(L, 2);
  return lua_error(L);
}
