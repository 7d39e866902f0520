/*
** line_file.c - a file of lines, as Lua sees it.
*/
#include "bind/line_file.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/line_file.h"

#define LINE_FILE_MT "xai.line_file"

#define PORTION 16384 /* bytes that are read at once */

static xai_LineFile *check_file(lua_State *L) {
  return (xai_LineFile *)luaL_checkudata(L, 1, LINE_FILE_MT);
}

/* Push nil and what a result other than 0 means. */
static int push_problem(lua_State *L, int problem) {
  lua_pushnil(L);
  if (problem == XAI_LINE_FILE_IN_USE)
    lua_pushliteral(L, "it is in use: another job works with it");
  else
    lua_pushstring(L, strerror(problem));
  return 2;
}

static int push_outcome(lua_State *L, int problem) {
  if (problem != 0) return push_problem(L, problem);
  lua_pushboolean(L, 1);
  return 1;
}

static int file_read(lua_State *L) {
  xai_LineFile *f = check_file(L);
  char s[PORTION];
  size_t n;
  int problem = xai_line_file_read(f, s, sizeof s, &n);
  if (problem != 0) return push_problem(L, problem);
  if (n > 0)
    lua_pushlstring(L, s, n);
  else
    lua_pushnil(L);
  return 1;
}

static int file_cut(lua_State *L) {
  xai_LineFile *f = check_file(L);
  lua_Number size = luaL_checknumber(L, 2);
  luaL_argcheck(L, size >= 0 && size < 9e15, 2, "no size of a file");
  return push_outcome(L, xai_line_file_cut(f, (int64_t)size));
}

static int file_append(lua_State *L) {
  xai_LineFile *f = check_file(L);
  size_t n;
  const char *s = luaL_checklstring(L, 2, &n);
  return push_outcome(L, xai_line_file_append(f, s, n));
}

static int file_close(lua_State *L) {
  xai_line_file_close(check_file(L));
  return 0;
}

static const luaL_Reg methods[] = {
    {"read", file_read},   {"cut", file_cut},    {"append", file_append},
    {"close", file_close}, {"__gc", file_close}, {NULL, NULL}};

/* Push the metatable, which the first file makes. */
static void push_metatable(lua_State *L) {
  if (!luaL_newmetatable(L, LINE_FILE_MT)) return;
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
}

int xai_line_file_new(lua_State *L) {
  size_t n;
  const char *path = luaL_checklstring(L, 1, &n);
  xai_LineFile *f;
  int problem;
  if (strlen(path) != n) return push_problem(L, EINVAL);
  push_metatable(L);
  f = (xai_LineFile *)xai_newuserdata(L, sizeof *f);
  xai_line_file_init(f);
  lua_insert(L, -2);
  lua_setmetatable(L, -2); /* from here __gc closes it */
  problem = xai_line_file_open(f, path);
  return problem == 0 ? 1 : push_problem(L, problem);
}
