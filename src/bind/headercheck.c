/*
** headercheck.c - may these headers be sent?
*/
#include "bind/headercheck.h"

#include <string.h>

#include "base/slice.h"
#include "bind/luaerr.h"

static int is_token(const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7F ||
        strchr("()<>@,;:\\\"/[]?={}", s[i]) != NULL)
      return 0;
  return n > 0;
}

/* One header: name on top but one, value on top. */
static void check_header(lua_State *L, const char *what) {
  size_t n;
  const char *s = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
  if (s == NULL)
    xai_misuse(L, "%s: header names must be strings, got a %s", what,
               luaL_typename(L, -2));
  if (!is_token(s, lua_rawlen(L, -2)))
    xai_misuse(L, "%s: option 'headers': '%s' is not a header name", what, s);
  if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1)) return;
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
    xai_misuse(L,
               "%s: option 'headers': the value of '%s' must be a string or "
               "false, got %s",
               what, s, luaL_typename(L, -1));
  lua_pushvalue(L, -1); /* tolstring would change the table's number */
  s = lua_tolstring(L, -1, &n);
  if (xai_bytes_have_control(s, n))
    xai_misuse(L,
               "%s: option 'headers': the value of '%s' has a control "
               "character in it",
               what, lua_tostring(L, -3));
  lua_pop(L, 1);
}

/* Which of two spellings of one header would hold depends on chance. */
static void check_spelling(lua_State *L, int t, const char *name,
                           const char *what) {
  lua_pushnil(L);
  while (lua_next(L, t)) {
    xai_Slice other = {NULL, 0};
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      other.at = lua_tolstring(L, -1, &other.len);
    if (xai_slice_like(other, name) && strcmp(other.at, name) > 0)
      xai_misuse(L, "%s: option 'headers': '%s' and '%s' are one header", what,
                 name, other.at);
  }
}

void xai_headers_check(lua_State *L, const char *what) {
  int t = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    check_header(L, what);
    check_spelling(L, t, lua_tostring(L, -2), what);
    lua_pop(L, 1);
  }
}
