/*
** call.c - the key for another attempt, from the user's function.
*/
#include "bind/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "bind/answer.h"
#include "bind/error.h"
#include "bind/luautil.h"
#include "bind/options.h"
#include "bind/stream.h"
#include "net/engine.h"

/* -------------------- the key for another attempt, from the user's function */

#define KEY_LINE "Authorization: Bearer "
#define KEY_LINE_LENGTH (sizeof KEY_LINE - 1)

static char on_error_key; /* registry: what hears of the function's errors */

static int is_key_line(const char *line) {
  return strncmp(line, KEY_LINE, KEY_LINE_LENGTH) == 0;
}

static int has_key(const xai_Call *c, const char *key) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL; h = h->next)
    if (is_key_line(h->data) && strcmp(h->data + KEY_LINE_LENGTH, key) == 0)
      return 1;
  return 0;
}

static int append(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) return 0;
  *list = longer;
  return 1;
}

/* The line with the key is in the engine's scratch for a moment. */
static int append_key(xai_LuaCall *r, struct curl_slist **list,
                      const char *key) {
  xai_Buffer *line = &r->hold->engine->scratch;
  int ok;
  xai_buffer_clear(line);
  ok = xai_buffer_puts(line, KEY_LINE) == XAI_OK &&
       xai_buffer_puts(line, key) == XAI_OK &&
       xai_buffer_terminate(line) == XAI_OK &&
       append(list, xai_buffer_data(line));
  xai_buffer_blank(line);
  return ok;
}

/* The call's headers with another key; NULL when there is no memory. */
static struct curl_slist *headers_with(xai_LuaCall *r, const char *key) {
  struct curl_slist *list = NULL;
  const struct curl_slist *h;
  int ok = 1;
  for (h = r->hold->call->headers; h != NULL && ok; h = h->next)
    ok = is_key_line(h->data) ? append_key(r, &list, key)
                              : append(&list, h->data);
  if (ok) return list;
  curl_slist_free_all(list);
  return NULL;
}

static void fail(xai_LuaCall *r, xai_Cause cause) {
  xai_engine_cancel(r->hold->engine, r->hold->call, cause);
}

/* What the function gave, or the error that it raised, is on top. */
static void use_key(lua_State *L, xai_LuaCall *r) {
  struct curl_slist *list;
  size_t n = 0;
  const char *key = NULL;
  if (lua_type(L, -1) == LUA_TSTRING) key = lua_tolstring(L, -1, &n);
  if (n == 0 || xai_bytes_have_control(key, n)) {
    fail(r, XAI_CAUSE_NO_KEY);
  } else if (has_key(r->hold->call, key)) {
    xai_engine_keep_key(r->hold->engine, r->hold->call);
  } else if ((list = headers_with(r, key)) == NULL) {
    fail(r, XAI_CAUSE_MEMORY);
  } else {
    xai_engine_set_key(r->hold->engine, r->hold->call, list);
  }
}

/* The error that the function raised is on top: was it cancelled? */
static int was_cancelled(lua_State *L) {
  lua_pushlightuserdata(L, &on_error_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, -2);
  return lua_pcall(L, 1, 1, 0) == 0 && lua_toboolean(L, -1);
}

/* If the call of the request at index 1 waits for its key: ask for it.  What
** goes wrong ends the call; nothing is raised. */
static void rotate_key(lua_State *L, xai_LuaCall *r) {
  int top = lua_gettop(L), failed, cancelled;
  if (!r->hold->call->key_wanted || r->asking) return;
  r->asking = 1; /* the function may wait, and so come here again */
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_KEY);
  failed = lua_pcall(L, 0, 1, 0);
  r->asking = 0;
  cancelled = failed && was_cancelled(L);
  if (r->hold->call != NULL && r->hold->call->key_wanted) {
    if (cancelled)
      fail(r, XAI_CAUSE_CANCELLED);
    else if (failed)
      fail(r, XAI_CAUSE_KEY_FUNCTION_FAILED);
    else
      use_key(L, r);
  }
  lua_settop(L, top);
}

int xai_luacall_on_key_error(lua_State *L) {
  lua_settop(L, 1);
  lua_pushlightuserdata(L, &on_error_key);
  lua_insert(L, 1);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 0;
}

/* ----------------- a call as Lua sees it: a userdata with low-level methods */

#define HOLD_MT "xai.hold"

/* Slots of a hold's environment: they live until its finalizer has run. */
#define HOLD_BODY 1     /* the request's body, true once it is not needed */
#define HOLD_RECALLED 2 /* the memory of a call that was recalled */

static char watched_key; /* registry: [call] = request, weak */

static const char request_tag; /* its address is in each request */

/* For each event of a stream: comparing metatables takes ten times as long. */
static int is_request(lua_State *L) {
  return lua_type(L, 1) == LUA_TUSERDATA &&
         lua_rawlen(L, 1) == sizeof(xai_LuaCall) &&
         ((const xai_LuaCall *)lua_touserdata(L, 1))->tag == &request_tag;
}

xai_LuaCall *xai_luacall_check(lua_State *L) {
  xai_LuaCall *r;
  if (!is_request(L)) luaL_checkudata(L, 1, XAI_CALL_MT); /* raises */
  r = (xai_LuaCall *)lua_touserdata(L, 1);
  if (r->hold == NULL || r->hold->engine == NULL)
    luaL_error(L, "the call was released");
  xai_engine_enter(r->hold->engine);
  return r;
}

/* Push what is in a slot of the request at index 1. */
static void push_slot(lua_State *L, int slot) {
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}

/* Push the environment of the request's hold. */
static void push_hold_env(lua_State *L) {
  push_slot(L, XAI_SLOT_HOLD);
  xai_getenv(L, -1);
  lua_remove(L, -2);
}

/* The call is asked for what only a call can tell, although it was given back:
** make it again. */
static void recall(lua_State *L, xai_LuaCall *r) {
  xai_Hold *h = r->hold;
  xai_Call *c;
  xai_Kind kind = h->ended.kind;
  push_hold_env(L);
  c = (xai_Call *)xai_newuserdata(L, sizeof *c);
  xai_call_restore(c, &h->ended);
  lua_rawseti(L, -2, HOLD_RECALLED);
  push_slot(L, XAI_SLOT_ERROR);
  c->outcome.error.kind = XAI_KIND_NONE;
  if (lua_isstring(L, -1))
    xai_error_set(&c->outcome.error, kind, c->outcome.error.phase,
                  lua_tostring(L, -1));
  h->call = c;
  h->recalled = 1;
  lua_pop(L, 2);
}

/* The reverse; its outcome may be another one now. */
static void forget_recalled(lua_State *L, xai_LuaCall *r) {
  xai_Hold *h = r->hold;
  xai_call_summarize(h->call, &h->ended);
  h->call = NULL;
  h->recalled = 0;
  push_hold_env(L);
  lua_pushnil(L);
  lua_rawseti(L, -2, HOLD_RECALLED);
  lua_pop(L, 1);
}

static int use_call(lua_State *L, xai_LuaCallUse *use, int poll) {
  xai_LuaCall *r = xai_luacall_check(L);
  xai_Hold *h = r->hold;
  xai_Call *c;
  int n, was_in_use;
  if (h->call == NULL) recall(L, r);
  c = h->call;
  was_in_use = c->in_use;
  c->in_use = 1; /* after an error it stays so: then the collector frees it */
  if (poll) rotate_key(L, r);
  n = use(L, r);
  c->in_use = was_in_use;
  if (h->recalled && !was_in_use)
    forget_recalled(L, r);
  else
    xai_engine_let_go(h->engine, c);
  return n;
}

int xai_luacall_use(lua_State *L, xai_LuaCallUse *use) {
  return use_call(L, use, 0);
}

int xai_luacall_poll(lua_State *L, xai_LuaCallUse *use) {
  return use_call(L, use, 1);
}

void xai_luacall_drop_body(lua_State *L) {
  push_hold_env(L);
  lua_rawgeti(L, -1, HOLD_BODY);
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_pushboolean(L, 1);
    lua_rawseti(L, -3, HOLD_BODY);
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

/* Without an allocation: what is there is replaced. */
static void drop(lua_State *L, int slot) {
  lua_rawgeti(L, -1, slot);
  if (!lua_isnil(L, -1)) {
    lua_pushnil(L);
    lua_rawseti(L, -3, slot);
  }
  lua_pop(L, 1);
}

void xai_luacall_rest(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  xai_getenv(L, 1);
  xai_call_mask_buffer(c, &c->transfer.head);
  to_lua(L, XAI_SLOT_HEAD, &c->transfer.head);
  to_lua(L, XAI_SLOT_LOG, &c->reader.log.bytes);
  if (c->outcome.error.kind != XAI_KIND_NONE) {
    lua_pushstring(L, c->outcome.error.text);
    lua_rawseti(L, -2, XAI_SLOT_ERROR);
  }
  drop(L, XAI_SLOT_TEMPLATE);
  drop(L, XAI_SLOT_KEY);
  r->template = 0;
  lua_pop(L, 1);
  xai_call_rest(c);
}

void xai_luacall_push_head(lua_State *L, const xai_Call *c) {
  if (xai_buffer_size(&c->transfer.head) > 0)
    xai_push_buffer(L, &c->transfer.head);
  else
    push_slot(L, XAI_SLOT_HEAD);
}

/* Push the userdata by which a request holds its call.  It is small, as the
** collector keeps what has a finalizer for one round more. */
static xai_Hold *push_hold(lua_State *L, xai_Engine *e) {
  xai_Hold *h = (xai_Hold *)xai_newuserdata(L, sizeof *h);
  memset(h, 0, sizeof *h);
  luaL_setmetatable(L, HOLD_MT); /* from here __gc cleans up */
  h->engine = xai_engine_ref(e);
  e->live++;
  lua_createtable(L, 2, 0);
  xai_setenv(L, -2);
  return h;
}

xai_LuaCall *xai_luacall_new(lua_State *L, xai_Engine *e,
                             const xai_Settings *set, xai_Api api, int raw) {
  xai_LuaCall *r = (xai_LuaCall *)xai_newuserdata(L, sizeof *r);
  memset(r, 0, sizeof *r);
  r->tag = &request_tag;
  luaL_setmetatable(L, XAI_CALL_MT);
  lua_createtable(L, XAI_SLOT_ERROR, 0);
  r->hold = push_hold(L, e);
  lua_rawseti(L, -2, XAI_SLOT_HOLD);
  xai_setenv(L, -2);
  r->hold->call = (xai_Call *)malloc(sizeof *r->hold->call);
  if (r->hold->call == NULL) luaL_error(L, "not enough memory");
  xai_call_init(r->hold->call, set, api, raw);
  r->hold->call->hold = r->hold;
  return r;
}

void xai_luacall_pin_body(lua_State *L, int request, int body) {
  xai_getenv(L, request);
  lua_rawgeti(L, -1, XAI_SLOT_HOLD);
  xai_getenv(L, -1);
  lua_pushvalue(L, body);
  lua_rawseti(L, -2, HOLD_BODY);
  lua_pop(L, 3);
}

static void release(xai_Hold *h) {
  xai_Engine *e = h->engine;
  xai_Call *c = h->call;
  if (e == NULL) return;
  h->engine = NULL;
  h->call = NULL;
  if (c != NULL && h->recalled) {
    xai_call_close(c);
  } else if (c != NULL) {
    xai_engine_release(e, c);
    free(c);
  }
  e->live--;
  xai_engine_unref(e);
}

/* The finalizer of a hold: end the call and free everything. */
static int hold_gc(lua_State *L) {
  release((xai_Hold *)luaL_checkudata(L, 1, HOLD_MT));
  return 0;
}

/* ------------------------------------------------------------------ state */

static int tell_opened(lua_State *L, xai_LuaCall *r) {
  lua_pushboolean(L, xai_call_opened(r->hold->call));
  return 1;
}

/* request:opened() -> is the head of a success in, or the call done? */
static int request_opened(lua_State *L) {
  return xai_luacall_poll(L, tell_opened);
}

/* request:streaming() -> did the service answer with an event stream? */
static int request_streaming(lua_State *L) {
  const xai_Hold *h = xai_luacall_check(L)->hold;
  xai_Content content = h->call ? h->call->transfer.content : h->ended.content;
  lua_pushboolean(L, content == XAI_CONTENT_EVENTS);
  return 1;
}

static int tell_done(lua_State *L, xai_LuaCall *r) {
  lua_pushboolean(L, r->hold->call->state == XAI_CALL_DONE);
  return 1;
}

/* request:done() -> is nothing under way any more? */
static int request_done(lua_State *L) {
  if (xai_luacall_check(L)->hold->call != NULL)
    return xai_luacall_poll(L, tell_done);
  lua_pushboolean(L, 1);
  return 1;
}

static int tell_info(lua_State *L, xai_LuaCall *r) {
  xai_info_push(L, r->hold->call);
  return 1;
}

/* request:info() -> the facts about the answer so far. */
static int request_info(lua_State *L) {
  const xai_Hold *h = xai_luacall_check(L)->hold;
  xai_Call recalled; /* it holds nothing */
  if (h->call != NULL) return xai_luacall_use(L, tell_info);
  xai_call_restore(&recalled, &h->ended);
  xai_info_push(L, &recalled);
  return 1;
}

/* End it with that kind, even where all has come and nobody has read it. */
static int stop(lua_State *L, xai_LuaCall *r, xai_Cause cause) {
  xai_Call *c = r->hold->call;
  int n;
  xai_engine_cancel(r->hold->engine, c, cause);
  xai_call_replace_error(c, cause);
  n = xai_info_fail(L, c, &c->outcome.error, 0);
  xai_luacall_rest(L, r);
  return n;
}

static int cancel(lua_State *L, xai_LuaCall *r) {
  return stop(L, r, XAI_CAUSE_CANCELLED);
}

/* request:cancel() -> nil, message, info. */
static int request_cancel(lua_State *L) { return xai_luacall_use(L, cancel); }

static int shut(lua_State *L, xai_LuaCall *r) {
  return stop(L, r, XAI_CAUSE_STREAM_CLOSED);
}

/* request:close() -> nil, message, info, with kind "closed". */
static int request_close(lua_State *L) { return xai_luacall_use(L, shut); }

/* request:release(): end it and free everything. */
static int request_release(lua_State *L) {
  xai_LuaCall *r = (xai_LuaCall *)luaL_checkudata(L, 1, XAI_CALL_MT);
  if (r->hold == NULL) return 0;
  if (r->hold->call != NULL && r->hold->call->in_use) return 0;
  release(r->hold);
  return 0;
}

/* The key was refused: the next attempt depends on there being another. */
static int waits_for_other_key(const xai_Call *c) {
  return c->key_wanted && c->outcome.error.kind == XAI_KIND_AUTHENTICATION;
}

static int tell_retry(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  int64_t wait;
  if (waits_for_other_key(c)) rotate_key(L, r);
  if (waits_for_other_key(c)) return 0; /* it is being asked for */
  if (c->state != XAI_CALL_WAITING || c->retry_told) return 0;
  c->retry_told = 1;
  wait = c->retry_ms - xai_clock_ms();
  xai_info_fail(L, c, &c->outcome.error, 0);
  lua_pushnumber(L, wait > 0 ? (lua_Number)wait / 1000 : 0);
  lua_setfield(L, -2, "wait");
  return 3;
}

/* request:retrying() -> nil, message, info of the attempt that failed while
** the next one is waited for, once for each wait; else nothing.  'info.wait'
** is how long that is, in seconds. */
static int request_retrying(lua_State *L) {
  if (xai_luacall_check(L)->hold->call == NULL) return 0;
  return xai_luacall_use(L, tell_retry);
}

/* request:trace(): the times of its attempts are wanted. */
static int request_trace(lua_State *L) {
  xai_Call *c = xai_luacall_check(L)->hold->call;
  if (c != NULL) c->timed = 1;
  return 0;
}

/* request:times() -> seconds from the start of the last attempt until the name
** was known, the connection and TLS stood, the first byte came, and its end. */
static int request_times(lua_State *L) {
  const xai_Hold *h = xai_luacall_check(L)->hold;
  const xai_Times *t = h->call ? &h->call->times : &h->ended.times;
  lua_pushnumber(L, (lua_Number)t->dns / 1e6);
  lua_pushnumber(L, (lua_Number)t->connect / 1e6);
  lua_pushnumber(L, (lua_Number)t->tls / 1e6);
  lua_pushnumber(L, (lua_Number)t->first_byte / 1e6);
  lua_pushnumber(L, (lua_Number)t->total / 1e6);
  return 5;
}

/* request:codec() -> the codec that its JSON is read and written with. */
static int request_codec(lua_State *L) {
  xai_luacall_check(L);
  push_slot(L, XAI_SLOT_CODEC);
  return 1;
}

/* request:method() -> the HTTP method, whether there is a body. */
static int request_method(lua_State *L) {
  xai_luacall_check(L);
  push_slot(L, XAI_SLOT_METHOD);
  push_hold_env(L);
  lua_rawgeti(L, -1, HOLD_BODY);
  lua_remove(L, -2);
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
  xai_call_mask(c, copy, n);
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

static int tell_headers(lua_State *L, xai_LuaCall *r) {
  const xai_Call *c = r->hold->call;
  const char *line;
  int i, n = 0;
  lua_newtable(L);
  for (i = 0; (line = header_at(c, i)) != NULL; i++)
    if (push_header(L, c, line)) lua_rawseti(L, -2, ++n);
  return 1;
}

/* request:headers() -> list of the header lines that are sent; secrets in
** them are masked. */
static int request_headers(lua_State *L) {
  return xai_luacall_use(L, tell_headers);
}

static void push_watched(lua_State *L) {
  lua_pushlightuserdata(L, &watched_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* request:watch() -> true where it is at rest; else its news are told by
** core.ready from now on. */
static int request_watch(lua_State *L) {
  xai_Hold *h = xai_luacall_check(L)->hold;
  xai_Call *c = h->call;
  if (c == NULL || h->recalled) {
    lua_pushboolean(L, 1);
    return 1;
  }
  push_watched(L);
  lua_pushlightuserdata(L, c);
  lua_pushvalue(L, 1);
  lua_rawset(L, -3);
  c->watched = 1;
  /* What is here already is news for the new watcher. */
  if (xai_call_is_ready(c)) xai_engine_queue(h->engine, c);
  return 0;
}

/* request:unwatch(): nobody asks for its news any more. */
static int request_unwatch(lua_State *L) {
  xai_Hold *h = xai_luacall_check(L)->hold;
  if (h->call == NULL || !h->call->watched) return 0;
  h->call->watched = 0;
  xai_ready_queue_remove(h->engine, h->call);
  xai_engine_let_go(h->engine, h->call);
  return 0;
}

void xai_luacall_push(lua_State *L, const xai_Call *c) {
  push_watched(L);
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

void xai_luacall_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"outcome", xai_answer_outcome},
      {"event", xai_stream_next},
      {"text", xai_stream_text},
      {"want", xai_stream_want},
      {"skip", xai_stream_skip},
      {"read_log", xai_stream_read_log},
      {"has_surrogates", xai_stream_has_surrogates},
      {"opened", request_opened},
      {"streaming", request_streaming},
      {"done", request_done},
      {"info", request_info},
      {"cancel", request_cancel},
      {"close", request_close},
      {"watch", request_watch},
      {"damaged", xai_stream_damaged},
      {"retrying", request_retrying},
      {"headers", request_headers},
      {"codec", request_codec},
      {"method", request_method},
      {"release", request_release},
      {"trace", request_trace},
      {"times", request_times},
      {"unwatch", request_unwatch},
      {NULL, NULL}};
  luaL_newmetatable(L, XAI_CALL_MT);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, HOLD_MT);
  lua_pushcfunction(L, hold_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 2);
  lua_pushlightuserdata(L, &watched_key);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}
