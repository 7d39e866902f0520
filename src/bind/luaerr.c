/*
** luaerr.c - failures as Lua sees them.
*/
#include "bind/luaerr.h"

#include <stdarg.h>

#include "bind/push.h"

int xai_misuse(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_where(L, 2);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_concat(L, 2);
  return lua_error(L);
}

static void set_text(lua_State *L, const char *name, const xai_Buffer *b) {
  if (xai_buffer_size(b) == 0) return;
  xai_push_buffer(L, b);
  lua_setfield(L, -2, name);
}

static void set_words(lua_State *L, const xai_Complaint *c) {
  set_text(L, "code", &c->code);
  set_text(L, "type", &c->type);
  set_text(L, "param", &c->param);
  set_text(L, "message", &c->message);
}

void xai_luaerr_set(lua_State *L, const xai_Report *r) {
  const char *phase = xai_phase_name(r->fault->phase);
  lua_pushstring(L, xai_kind_name(r->fault->kind));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, r->fault->text);
  lua_setfield(L, -2, "message");
  if (phase != NULL) {
    lua_pushstring(L, phase);
    lua_setfield(L, -2, "phase");
  }
  if (r->complaint != NULL) set_words(L, r->complaint);
  lua_pushboolean(L, r->fault->phase != XAI_PHASE_PROXY &&
                         (xai_fault_retryable(r->fault->kind, r->status) ||
                          (r->complaint != NULL && r->status < 300 &&
                           xai_complaint_passes(r->complaint))));
  lua_setfield(L, -2, "retryable");
  if (r->retry_after_ms >= 0) {
    lua_pushnumber(L, (lua_Number)r->retry_after_ms / 1000);
    lua_setfield(L, -2, "retry_after");
  }
  lua_pushstring(L, r->billed);
  lua_setfield(L, -2, "billed");
  luaL_setmetatable(L, XAI_ERROR_MT);
}

/* Push field 'name' of the table at 'i' as a string; 0 when it is nil. */
static int push_field(lua_State *L, int i, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, i);
  if (lua_isstring(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

/* "HTTP 429 rate_limit: ", "timeout (idle): " */
static void push_head(lua_State *L, int i) {
  const char *kind = push_field(L, i, "kind") ? lua_tostring(L, -1) : "error";
  const char *status = NULL, *phase = NULL;
  int top = lua_gettop(L);
  if (push_field(L, i, "status")) status = lua_tostring(L, -1);
  if (push_field(L, i, "phase")) phase = lua_tostring(L, -1);
  if (phase != NULL)
    lua_pushfstring(L, "%s (%s): ", kind, phase);
  else if (status != NULL)
    lua_pushfstring(L, "HTTP %s %s: ", status, kind);
  else
    lua_pushfstring(L, "%s: ", kind);
  lua_insert(L, top + 1);
  lua_settop(L, top + 1);
}

/* " (request 1f2e, 3 attempts)", or "" */
static void push_tail(lua_State *L, int i) {
  const char *id = NULL, *attempts = NULL;
  int top = lua_gettop(L);
  if (push_field(L, i, "request_id")) id = lua_tostring(L, -1);
  if (push_field(L, i, "attempts") && lua_tonumber(L, -1) > 1)
    attempts = lua_tostring(L, -1);
  if (id != NULL && attempts != NULL)
    lua_pushfstring(L, " (request %s, %s attempts)", id, attempts);
  else if (id != NULL)
    lua_pushfstring(L, " (request %s)", id);
  else if (attempts != NULL)
    lua_pushfstring(L, " (%s attempts)", attempts);
  else
    lua_pushliteral(L, "");
  lua_insert(L, top + 1);
  lua_settop(L, top + 1);
}

void xai_luaerr_line(lua_State *L, int i) {
  int top = lua_gettop(L);
  i = xai_absindex(L, i);
  luaL_checkstack(L, 12, "error message");
  push_head(L, i);
  if (!push_field(L, i, "message")) lua_pushliteral(L, "");
  push_tail(L, i);
  lua_concat(L, 3);
  lua_insert(L, top + 1);
  lua_settop(L, top + 1);
}

static int error_tostring(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  xai_luaerr_line(L, 1);
  return 1;
}

/* An error object, or anything, as text. */
static void push_operand(lua_State *L, int i) {
  if (lua_istable(L, i))
    xai_luaerr_line(L, i);
  else
    lua_pushstring(L, lua_isstring(L, i) ? lua_tostring(L, i)
                                         : luaL_typename(L, i));
}

/* "it failed: " .. err */
static int error_concat(lua_State *L) {
  push_operand(L, 1);
  push_operand(L, 2);
  lua_concat(L, 2);
  return 1;
}

void xai_luaerr_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"__tostring", error_tostring}, {"__concat", error_concat}, {NULL, NULL}};
  if (luaL_newmetatable(L, XAI_ERROR_MT)) luaL_setfuncs(L, methods, 0);
  lua_pop(L, 1);
}
