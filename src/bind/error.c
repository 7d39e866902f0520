/*
** error.c - failures, and the facts about an answer, as Lua sees them.
*/
#include "bind/error.h"

#include <string.h>

#include "base/http_head.h"
#include "base/json_scan.h"
#include "bind/luautil.h"

#define INFO_MT "xai.info"

/* ------------------------------------------------- an error as one line */

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

/* Append field 'name' of the table at 'i', as 'format' writes it, to the list of
** facts on top, if the field is there and more than 'least'. */
static void add_fact(lua_State *L, int i, const char *name, const char *format,
                     int least) {
  if (!push_field(L, i, name)) return;
  if (least >= 0 && lua_tonumber(L, -1) <= least) {
    lua_pop(L, 1);
    return;
  }
  lua_pushstring(L, lua_rawlen(L, -2) > 0 ? ", " : " (");
  lua_pushfstring(L, format, lua_tostring(L, -2));
  lua_remove(L, -3);
  lua_concat(L, 3);
}

/* " (request 1f2e, 3 attempts, fallback 1)", or "" */
static void push_tail(lua_State *L, int i) {
  lua_pushliteral(L, "");
  add_fact(L, i, "request_id", "request %s", -1);
  add_fact(L, i, "attempts", "%s attempts", 1);
  add_fact(L, i, "fallback", "fallback %s", 0);
  if (lua_rawlen(L, -1) == 0) return;
  lua_pushliteral(L, ")");
  lua_concat(L, 2);
}

/* Push the line that tostring() gives for the error object at 'i'. */
static void push_line(lua_State *L, int i) {
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
  push_line(L, 1);
  return 1;
}

/* An error object, or anything, as text. */
static void push_operand(lua_State *L, int i) {
  if (lua_istable(L, i))
    push_line(L, i);
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

/* ---------------------------------------------- facts made when asked for */

/*
** The headers of an answer are kept as the one string that they came as.  Most
** users never look at them, and a table of them costs as much as decoding a
** short answer.
*/

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

/* Push the value of a header, joined to an earlier one as HTTP says.  The name
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

/* Push the table of rate limits, or nil if there are none. */
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

/* Push the id of the answer for the service's support, or nil.  It is part of
** messages, so control characters in it become blanks. */
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

/* info.headers, .request_id and .rate_limit: made from info.head, then kept. */
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

/* Set __index of the metatable on top. */
static void set_index(lua_State *L) {
  lua_pushcfunction(L, info_index);
  lua_setfield(L, -2, "__index");
}

void xai_info_open(lua_State *L) {
  luaL_newmetatable(L, INFO_MT);
  set_index(L);
  luaL_newmetatable(L, XAI_ERROR_MT);
  set_index(L);
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_concat);
  lua_setfield(L, -2, "__concat");
  lua_pop(L, 2);
}

/* --------------------------------------------------------------- the facts */

/* Fields that a table has room for; Lua rounds up to powers of two. */
#define FACTS 8
#define FACTS_OF_FAILURE 16

/* Push the table of facts.  The URL is at 'url', the head above it. */
static void push_facts(lua_State *L, const xai_CallInfo *call, int url,
                       int size) {
  lua_createtable(L, 0, size);
  if (call->answered.status != 0) {
    lua_pushinteger(L, call->answered.status);
    lua_setfield(L, -2, "status");
    lua_pushvalue(L, url + 1);
    lua_setfield(L, -2, "head");
  }
  lua_pushinteger(L, call->attempts);
  lua_setfield(L, -2, "attempts");
  lua_pushinteger(L, call->resends);
  lua_setfield(L, -2, "resends");
  if (call->fallback > 0) {
    lua_pushinteger(L, call->fallback);
    lua_setfield(L, -2, "fallback");
  }
  lua_pushnumber(L, (lua_Number)call->elapsed_ms / 1000);
  lua_setfield(L, -2, "elapsed");
  lua_pushvalue(L, url);
  lua_setfield(L, -2, "url");
}

void xai_info_push(lua_State *L, const xai_CallInfo *call) {
  int url = lua_gettop(L) - 1;
  push_facts(L, call, url, FACTS);
  luaL_setmetatable(L, INFO_MT);
  lua_replace(L, url);
  lua_settop(L, url);
}

/* ------------------------------------------------------------ the failure */

static void set_text(lua_State *L, const char *name, const xai_Buffer *b) {
  if (xai_buffer_size(b) == 0) return;
  xai_push_buffer(L, b);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  if (value == NULL) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

/* Add what the service said.  Its message may be longer than the error's. */
static void set_error_body(lua_State *L, const xai_ErrorBody *b) {
  set_text(L, "code", &b->code);
  set_text(L, "type", &b->type);
  set_text(L, "param", &b->param);
  set_text(L, "message", &b->message);
}

/* Make the table on top an error object. */
static void set_error(lua_State *L, const xai_Report *r) {
  set_string(L, "kind", xai_kind_name(r->error->kind));
  set_string(L, "message", r->error->text);
  set_string(L, "phase", xai_phase_name(r->error->phase));
  if (r->error_body != NULL) set_error_body(L, r->error_body);
  lua_pushboolean(L, xai_outcome_retryable(r->error, r->error_body,
                                           r->call->answered.status));
  lua_setfield(L, -2, "retryable");
  if (r->call->retry_after_ms >= 0) {
    lua_pushnumber(L, (lua_Number)r->call->retry_after_ms / 1000);
    lua_setfield(L, -2, "retry_after");
  }
  set_string(L, "billed", xai_outcome_billed(r->error, &r->call->answered));
  luaL_setmetatable(L, XAI_ERROR_MT);
}

/* The error's line needs the id, so it is made now. */
static void set_request_id(lua_State *L, int head) {
  xai_Slice s;
  s.at = lua_tolstring(L, head, &s.len);
  if (s.at == NULL) return;
  push_request_id(L, s);
  lua_setfield(L, -2, "request_id");
}

static void set_body(lua_State *L, int text) {
  size_t n = 0;
  const char *s = lua_tolstring(L, text, &n);
  if (n == 0) return;
  lua_pushlstring(L, s, n < XAI_MAX_SHOWN ? n : XAI_MAX_SHOWN);
  lua_setfield(L, -2, "body");
}

int xai_info_fail(lua_State *L, const xai_Report *report) {
  int text = lua_gettop(L) - 2, url = text + 1, head = text + 2;
  int info = head + 1;
  push_facts(L, report->call, url, FACTS_OF_FAILURE);
  set_request_id(L, head);
  set_error(L, report);
  set_body(L, text);
  lua_pushnil(L);
  lua_replace(L, text);
  if (report->error->kind == XAI_KIND_PENDING)
    lua_pushliteral(L, "pending");
  else
    push_line(L, info);
  lua_replace(L, url);
  lua_replace(L, head);
  lua_settop(L, head);
  return 3;
}
