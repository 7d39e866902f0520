/*
** request.c - a call as Lua sees it: a userdata with low-level methods.
*/
#include "bind/request.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "bind/answer.h"
#include "bind/events.h"
#include "bind/info.h"
#include "bind/luaerr.h"
#include "bind/push.h"
#include "bind/renew.h"
#include "net/secret.h"

static char watched_key; /* registry: [call] = request, weak */

static const char request_tag; /* its address is in each request */

/* For each event of a stream: comparing metatables takes ten times as long. */
static int is_request(lua_State *L) {
  return lua_type(L, 1) == LUA_TUSERDATA &&
         lua_rawlen(L, 1) == sizeof(xai_LuaRequest) &&
         ((const xai_LuaRequest *)lua_touserdata(L, 1))->tag == &request_tag;
}

xai_LuaRequest *xai_request_check(lua_State *L) {
  xai_LuaRequest *r;
  if (!is_request(L)) luaL_checkudata(L, 1, XAI_REQUEST_MT); /* raises */
  r = (xai_LuaRequest *)lua_touserdata(L, 1);
  if (r->call == NULL) luaL_error(L, "the call was released");
  xai_engine_enter(r->engine);
  return r;
}

xai_LuaRequest *xai_request_poll(lua_State *L) {
  xai_LuaRequest *r = xai_request_check(L);
  if (!r->call->key_wanted) return r;
  xai_renew_key(L, r);
  return xai_request_check(L);
}

/* A finalizer keeps the request for two rounds of the collector, and a body may
** be megabytes: it need not wait as long. */
void xai_request_drop_body(lua_State *L) {
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_BODY);
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_pushboolean(L, 1);
    lua_rawseti(L, -3, XAI_REQUEST_BODY);
  }
  lua_pop(L, 2);
}

/* Move what is in a buffer to the environment on top. */
static void to_lua(lua_State *L, int slot, xai_Buffer *b) {
  if (xai_buffer_size(b) == 0) return;
  xai_push_buffer(L, b);
  lua_rawseti(L, -2, slot);
  xai_buffer_free(b);
}

void xai_request_rest(lua_State *L, xai_LuaRequest *r) {
  xai_Call *c = r->call;
  xai_getenv(L, 1);
  xai_secret_hide_in(c, &c->transfer.head);
  to_lua(L, XAI_REQUEST_HEAD, &c->transfer.head);
  to_lua(L, XAI_REQUEST_SAID, &c->stream.journal.bytes);
  lua_pop(L, 1);
  xai_call_rest(c);
}

void xai_request_push_head(lua_State *L, const xai_Call *c) {
  if (xai_buffer_size(&c->transfer.head) > 0) {
    xai_push_buffer(L, &c->transfer.head);
    return;
  }
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_HEAD);
  lua_remove(L, -2);
}

xai_LuaRequest *xai_request_new(lua_State *L, xai_Engine *e,
                                const xai_Settings *set, xai_Api api, int raw) {
  xai_LuaRequest *r = (xai_LuaRequest *)xai_newuserdata(L, sizeof *r);
  memset(r, 0, offsetof(xai_LuaRequest, own));
  r->tag = &request_tag;
  luaL_setmetatable(L, XAI_REQUEST_MT); /* from here __gc cleans up */
  r->engine = xai_engine_ref(e);
  xai_call_init(&r->own, set, api, raw);
  r->call = &r->own;
  e->live++;
  lua_createtable(L, 4, 0);
  xai_setenv(L, -2);
  return r;
}

/* request:release(), also __gc: end it and free everything. */
static int request_release(lua_State *L) {
  xai_LuaRequest *r = (xai_LuaRequest *)luaL_checkudata(L, 1, XAI_REQUEST_MT);
  xai_Engine *e = r->engine;
  xai_Call *c = r->call;
  r->engine = NULL;
  r->call = NULL;
  if (c != NULL) {
    xai_engine_release(e, c);
    e->live--;
  }
  if (e != NULL) xai_engine_unref(e);
  return 0;
}

/* ------------------------------------------------------------------ state */

/* request:opened() -> is the head of a success in, or the call done? */
static int request_opened(lua_State *L) {
  lua_pushboolean(L, xai_call_opened(xai_request_poll(L)->call));
  return 1;
}

/* request:streaming() -> did the service answer with an event stream? */
static int request_streaming(lua_State *L) {
  const xai_Call *c = xai_request_check(L)->call;
  lua_pushboolean(L, c->transfer.content == XAI_CONTENT_EVENTS);
  return 1;
}

/* request:done() -> is nothing under way any more? */
static int request_done(lua_State *L) {
  lua_pushboolean(L, xai_request_poll(L)->call->state == XAI_CALL_DONE);
  return 1;
}

/* request:info() -> the facts about the answer so far. */
static int request_info(lua_State *L) {
  xai_info_push(L, xai_request_check(L)->call);
  return 1;
}

/* End it with that kind, even where all has come and nobody has read it. */
static int stop(lua_State *L, xai_Kind kind, const char *text) {
  xai_LuaRequest *r = xai_request_check(L);
  xai_Call *c = r->call;
  xai_engine_cancel(r->engine, c, kind, text);
  xai_complaint_free(&c->complaint);
  memset(&c->fault, 0, sizeof c->fault);
  xai_fault_set(&c->fault, kind, XAI_PHASE_NONE, text);
  xai_request_rest(L, r);
  return xai_info_fail(L, c, &c->fault, 0);
}

/* request:cancel() -> nil, message, info. */
static int request_cancel(lua_State *L) {
  return stop(L, XAI_KIND_CANCELLED, "cancelled");
}

/* request:close() -> nil, message, info, with kind "closed". */
static int request_close(lua_State *L) {
  return stop(L, XAI_KIND_CLOSED, "the stream was closed");
}

/* The key was refused: the next attempt depends on there being another. */
static int waits_for_other_key(const xai_Call *c) {
  return c->key_wanted && c->fault.kind == XAI_KIND_AUTHENTICATION;
}

/* request:retrying() -> nil, message, info of the attempt that failed while
** the next one is waited for, once for each wait; else nothing.  'info.wait'
** is how long that is, in seconds. */
static int request_retrying(lua_State *L) {
  xai_Call *c = xai_request_check(L)->call;
  int64_t wait;
  if (waits_for_other_key(c)) c = xai_request_poll(L)->call;
  if (waits_for_other_key(c)) return 0; /* it is being asked for */
  if (c->state != XAI_CALL_WAITING || c->retry_told) return 0;
  c->retry_told = 1;
  wait = c->retry_ms - xai_clock_ms();
  xai_info_fail(L, c, &c->fault, 0);
  lua_pushnumber(L, wait > 0 ? (lua_Number)wait / 1000 : 0);
  lua_setfield(L, -2, "wait");
  return 3;
}

/* request:trace(): the times of its attempts are wanted. */
static int request_trace(lua_State *L) {
  xai_request_check(L)->call->timed = 1;
  return 0;
}

/* request:times() -> seconds from the start of the last attempt until the name
** was known, the connection and TLS stood, the first byte came, and its end. */
static int request_times(lua_State *L) {
  const xai_Times *t = &xai_request_check(L)->call->times;
  lua_pushnumber(L, (lua_Number)t->dns / 1e6);
  lua_pushnumber(L, (lua_Number)t->connect / 1e6);
  lua_pushnumber(L, (lua_Number)t->tls / 1e6);
  lua_pushnumber(L, (lua_Number)t->first_byte / 1e6);
  lua_pushnumber(L, (lua_Number)t->total / 1e6);
  return 5;
}

/* request:codec() -> the codec that its JSON is read and written with. */
static int request_codec(lua_State *L) {
  xai_request_check(L);
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_CODEC);
  return 1;
}

/* request:method() -> the HTTP method, whether there is a body. */
static int request_method(lua_State *L) {
  xai_request_check(L);
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_METHOD);
  lua_rawgeti(L, -2, XAI_REQUEST_BODY);
  lua_pushboolean(L, !lua_isnil(L, -1));
  lua_replace(L, -2);
  return 2;
}

/* May the value of this header be shown? */
static int is_secret(const char *line, size_t n) {
  static const char *const words[] = {"auth",   "key",    "token",
                                      "secret", "cookie", "session"};
  xai_Slice name = {line, n};
  size_t i;
  for (i = 0; i < sizeof words / sizeof *words; i++)
    if (xai_slice_has(name, words[i])) return 1;
  return 0;
}

/* Push 'n' bytes of a line, without the key. */
static void push_without_key(lua_State *L, const xai_Call *c, const char *line,
                             size_t n) {
  char *copy = (char *)xai_newuserdata(L, n + 1);
  memcpy(copy, line, n);
  xai_secret_hide(c, copy, n);
  lua_pushlstring(L, copy, n);
  lua_remove(L, -2);
}

/* Push a header line, masked if it is a secret; 0 where it only removes a
** header of libcurl's.  One without a value is "Name;", for curl, too. */
static int push_header(lua_State *L, const xai_Call *c, const char *line) {
  size_t n = strcspn(line, ":;");
  int secret = is_secret(line, n);
  if (strcmp(line + n, ":") == 0) return 0;
  push_without_key(L, c, line, secret ? n : strlen(line));
  if (secret) lua_pushliteral(L, ": ***");
  lua_concat(L, secret ? 2 : 1);
  return 1;
}

/* The n-th of the header lines, or NULL. */
static const char *header_at(const xai_Call *c, int n) {
  const struct curl_slist *h = c->headers;
  while (h != NULL && n-- > 0) h = h->next;
  return h ? h->data : NULL;
}

/* request:headers() -> list of the header lines that are sent; secrets in
** them are masked. */
static int request_headers(lua_State *L) {
  const xai_Call *c = xai_request_check(L)->call;
  const char *line;
  int i, n = 0;
  lua_newtable(L);
  for (i = 0; (line = header_at(c, i)) != NULL; i++)
    if (push_header(L, c, line)) lua_rawseti(L, -2, ++n);
  return 1;
}

static void push_watched(lua_State *L) {
  lua_pushlightuserdata(L, &watched_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* request:watch(): its news are told by core.ready from now on. */
static int request_watch(lua_State *L) {
  xai_LuaRequest *r = xai_request_check(L);
  push_watched(L);
  lua_pushlightuserdata(L, r->call);
  lua_pushvalue(L, 1);
  lua_rawset(L, -3);
  r->call->watched = 1;
  /* What is here already is news for the new watcher. */
  if (xai_call_has_news(r->call)) xai_engine_queue(r->engine, r->call);
  return 0;
}

void xai_request_push(lua_State *L, const xai_Call *c) {
  push_watched(L);
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

void xai_request_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"outcome", xai_answer_outcome},  {"event", xai_events_next},
      {"text", xai_events_text},        {"want", xai_events_want},
      {"skip", xai_events_skip},        {"said", xai_events_said},
      {"halves", xai_events_halves},    {"opened", request_opened},
      {"streaming", request_streaming}, {"done", request_done},
      {"info", request_info},           {"cancel", request_cancel},
      {"close", request_close},         {"watch", request_watch},
      {"damaged", xai_events_damaged},  {"retrying", request_retrying},
      {"headers", request_headers},     {"codec", request_codec},
      {"method", request_method},       {"release", request_release},
      {"trace", request_trace},         {"times", request_times},
      {"__gc", request_release},        {NULL, NULL}};
  luaL_newmetatable(L, XAI_REQUEST_MT);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushlightuserdata(L, &watched_key);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}
