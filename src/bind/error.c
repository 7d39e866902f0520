/*
** error.c - failures, and the facts about an answer, as Lua sees them.
*/
#include "bind/error.h"

#include <string.h>

#include "base/http_head.h"
#include "base/platform.h"
#include "bind/call.h"
#include "bind/luautil.h"

/* ------------------------------------------------ failures as Lua sees them */

static void set_text(lua_State *L, const char *name, const xai_Buffer *b) {
  if (xai_buffer_size(b) == 0) return;
  xai_push_buffer(L, b);
  lua_setfield(L, -2, name);
}

static void set_words(lua_State *L, const xai_ErrorBody *c) {
  set_text(L, "code", &c->code);
  set_text(L, "type", &c->type);
  set_text(L, "param", &c->param);
  set_text(L, "message", &c->message);
}

/*
** Make the info table on top of the stack an error object.  It has then
** 'kind', 'message', 'phase', 'code', 'type', 'param', 'retryable',
** 'retry_after' (seconds) and 'billed', and tostring() gives one line.
*/
static void luaerr_set(lua_State *L, const xai_Report *r) {
  const char *phase = xai_phase_name(r->error->phase);
  lua_pushstring(L, xai_kind_name(r->error->kind));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, r->error->text);
  lua_setfield(L, -2, "message");
  if (phase != NULL) {
    lua_pushstring(L, phase);
    lua_setfield(L, -2, "phase");
  }
  if (r->error_body != NULL) set_words(L, r->error_body);
  lua_pushboolean(L, xai_outcome_retryable(r->error, r->error_body, r->status));
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

/* Push the line that tostring() gives for the error object at 'i'. */
static void luaerr_line(lua_State *L, int i) {
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
  luaerr_line(L, 1);
  return 1;
}

/* An error object, or anything, as text. */
static void push_operand(lua_State *L, int i) {
  if (lua_istable(L, i))
    luaerr_line(L, i);
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

/* ------------------------ what the user learns about an answer or a failure */

/*
** The headers of an answer are kept as the one string that they came as:
** most users never look at them, and a table of them costs as much as
** decoding a short answer.
*/

#define INFO_MT "xai.info"

/* ------------------------------------------------- read when asked for */

/* Push a copy in lower case. */
static void push_lower(lua_State *L, xai_Slice s) {
  char small[64];
  size_t i;
  if (s.len > sizeof small) s.len = sizeof small;
  for (i = 0; i < s.len; i++) {
    char c = s.at[i];
    small[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  lua_pushlstring(L, small, s.len);
}

/* A header that came twice has both values, joined as HTTP says.  The name
** is on top of the stack. */
static void push_value(lua_State *L, int headers, xai_Slice value) {
  lua_pushvalue(L, -1);
  lua_rawget(L, headers);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushlstring(L, value.at, value.len);
    return;
  }
  lua_pushliteral(L, ", ");
  lua_pushlstring(L, value.at, value.len);
  lua_concat(L, 3);
}

static void push_headers(lua_State *L, xai_Slice head) {
  xai_Slice name, value;
  size_t at = 0;
  int headers;
  lua_newtable(L);
  headers = lua_gettop(L);
  while (xai_http_head_next(head, &at, &name, &value)) {
    push_lower(L, name);
    push_value(L, headers, value);
    lua_rawset(L, headers);
  }
}

/* Push the table of what is left of the rate limits, or nil. */
static void push_rate_limit(lua_State *L, xai_Slice head) {
  static const char *const names[][2] = {
      {"limit_requests", "x-ratelimit-limit-requests"},
      {"remaining_requests", "x-ratelimit-remaining-requests"},
      {"limit_tokens", "x-ratelimit-limit-tokens"},
      {"remaining_tokens", "x-ratelimit-remaining-tokens"}};
  int i, found = 0;
  lua_createtable(L, 0, 4);
  for (i = 0; i < 4; i++) {
    xai_Json number;
    long n;
    number.type = XAI_JSON_NUMBER;
    number.raw = xai_http_head_find(head, names[i][1]);
    n = number.raw.len > 0 ? xai_json_index(&number, 2000000000L) : -1;
    if (n < 0) continue;
    found = 1;
    lua_pushinteger(L, n);
    lua_setfield(L, -2, names[i][0]);
  }
  if (found) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}

/* Push what names the answer to the service's support, or nil.  It is part of
** messages, which are one line. */
static void push_request_id(lua_State *L, xai_Slice head) {
  xai_Slice id = xai_http_head_find(head, "x-request-id");
  char line[256];
  size_t i;
  if (id.len > sizeof line) id.len = sizeof line;
  for (i = 0; i < id.len; i++) {
    unsigned char c = (unsigned char)id.at[i];
    line[i] = (char)(c < ' ' || c >= 0x7F ? ' ' : c);
  }
  if (id.len > 0)
    lua_pushlstring(L, line, id.len);
  else
    lua_pushnil(L);
}

/* info.headers and its like: made from info.head, then kept. */
static int info_index(lua_State *L) {
  static const struct {
    const char *name;
    void (*push)(lua_State *, xai_Slice);
  } fields[] = {{"headers", push_headers},
                {"request_id", push_request_id},
                {"rate_limit", push_rate_limit}};
  xai_Slice key, head;
  size_t i = 0, n = sizeof fields / sizeof *fields;
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  key.at = lua_tolstring(L, 2, &key.len);
  while (i < n && !xai_slice_is(key, fields[i].name)) i++;
  if (i == n) return 0;
  lua_pushliteral(L, "head");
  lua_rawget(L, 1);
  head.at = lua_tolstring(L, -1, &head.len);
  if (head.at == NULL) return 0;
  fields[i].push(L, head);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

/* Tables of a success and error objects alike. */
void xai_info_open(lua_State *L) {
  luaL_newmetatable(L, INFO_MT);
  luaL_getmetatable(L, XAI_ERROR_MT);
  lua_pushcfunction(L, info_index);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_setfield(L, -3, "__index");
  lua_pop(L, 2);
}

/* --------------------------------------------------------------- the info */

/* What is known from the answer's head. */
static void set_head(lua_State *L, const xai_Call *c) {
  lua_pushinteger(L, c->transfer.status);
  lua_setfield(L, -2, "status");
  xai_luacall_push_head(L, c);
  lua_setfield(L, -2, "head");
}

/* How often libcurl sent the request again by itself. */
static int resends(const xai_Call *c) {
  int now =
      c->multi != NULL && c->transfer.sends > 1 ? c->transfer.sends - 1 : 0;
  return c->resends + now;
}

/* Servers echo keys.  What a call that is done may show is scrubbed. */
static void hide_key(const xai_Call *c) {
  const xai_Buffer *head = &c->transfer.head;
  if (c->state != XAI_CALL_DONE && head->at != NULL)
    xai_call_mask(c, head->at + head->rd, xai_buffer_size(head));
}

void xai_info_push(lua_State *L, const xai_Call *c) {
  int64_t end = c->state == XAI_CALL_DONE ? c->ended_ms : xai_clock_ms();
  hide_key(c);
  lua_createtable(L, 0, 9);
  luaL_setmetatable(L, INFO_MT);
  if (c->transfer.status != 0) set_head(L, c);
  lua_pushinteger(L, c->attempts);
  lua_setfield(L, -2, "attempts");
  lua_pushinteger(L, resends(c));
  lua_setfield(L, -2, "resends");
  lua_pushnumber(L, (lua_Number)(end - c->began_ms) / 1000);
  lua_setfield(L, -2, "elapsed");
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_URL);
  lua_setfield(L, -3, "url");
  lua_pop(L, 1);
}

/* ------------------------------------------------------------ the failure */

/* Was the failed call paid for? */
static const char *billed(const xai_Call *c, const xai_Error *f) {
  xai_Answered a;
  a.status = c->transfer.status;
  a.has_events = c->reader.schema.events != 0;
  a.resends = c->resends;
  return xai_outcome_billed(&c->outcome, f, &a);
}

/* The info is on top. */
static void set_request_id(lua_State *L, const xai_Call *c) {
  xai_Slice head;
  xai_luacall_push_head(L, c);
  head.at = lua_tolstring(L, -1, &head.len);
  if (head.at != NULL) {
    push_request_id(L, head);
    lua_setfield(L, -3, "request_id");
  }
  lua_pop(L, 1);
}

int xai_info_fail(lua_State *L, const xai_Call *c, const xai_Error *f,
                  int body) {
  xai_Report report;
  const char *s = NULL;
  size_t n = 0;
  int text = lua_gettop(L);
  if (body) s = lua_tolstring(L, text, &n);
  report.error = f;
  report.error_body = f == &c->outcome.error ? &c->outcome.body : NULL;
  report.status = c->transfer.status;
  report.retry_after_ms = c->outcome.retry_after_ms;
  report.billed = billed(c, f);
  lua_pushnil(L);
  xai_info_push(L, c);
  set_request_id(L, c);
  luaerr_set(L, &report);
  if (n > 0) {
    lua_pushlstring(L, s, n < XAI_MAX_SHOWN ? n : XAI_MAX_SHOWN);
    lua_setfield(L, -2, "body");
  }
  if (f->kind == XAI_KIND_PENDING)
    lua_pushliteral(L, "pending");
  else
    luaerr_line(L, -1);
  lua_insert(L, -2);
  return 3;
}

int xai_info_fail_as(lua_State *L, const xai_Call *c, xai_Cause cause) {
  xai_Error f;
  memset(&f, 0, sizeof f);
  xai_error_set_cause(&f, cause);
  return xai_info_fail(L, c, &f, 0);
}
