/*
** call.c - what Lua sees of one call: a userdata with low-level methods.
*/
#include "bind/call.h"

#include <stdlib.h>
#include <string.h>

#include "bind/error.h"
#include "bind/luautil.h"
#include "bind/tape.h"
#include "net/secret.h"

#define HANDLE_MT "xai.handle"

/* Slots of a handle's environment: they live until its finalizer has run. */
#define HANDLE_BODY 1    /* the request's body; true once it is not needed */
#define HANDLE_PATCHES 2 /* what makes other bodies of it, as JSON */
#define HANDLE_TAPE 3    /* what the client's tape said of the call */

static char watched_key;      /* registry: [call] = request, weak */
static char tape_teller_key;  /* registry: the function 'tape_teller' */
static char on_key_error_key; /* registry: what hears of the key function's
                                 errors */

static const char request_tag; /* its address is in each request */

/* Push what is in a slot of the request at index 1. */
static void push_slot(lua_State *L, int slot) {
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
}

/* -------------------- the key for another attempt, from the user's function */

static void fail(xai_LuaCall *r, xai_Cause cause) {
  xai_engine_cancel(r->handle->engine, r->handle->call, cause);
}

/* Give the next attempt the key on top; end the call if it is no key. */
static void use_key(lua_State *L, xai_LuaCall *r) {
  size_t n = 0;
  const char *key = NULL;
  if (lua_type(L, -1) == LUA_TSTRING) key = lua_tolstring(L, -1, &n);
  if (n == 0 || xai_bytes_have_control(key, n))
    fail(r, XAI_CAUSE_NO_KEY);
  else if (xai_engine_use_key(r->handle->engine, r->handle->call, key) != 0)
    fail(r, XAI_CAUSE_MEMORY);
}

/* Does the error on top, which the function raised, cancel whoever waits? */
static int was_cancelled(lua_State *L) {
  lua_pushlightuserdata(L, &on_key_error_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, -2);
  return lua_pcall(L, 1, 1, 0) == 0 && lua_toboolean(L, -1);
}

static int wants_key(const xai_LuaCall *r) {
  return r->handle->call != NULL && xai_call_wants_key(r->handle->call);
}

/* Ask the user's function for the key of the next attempt.  A failure ends the
** call; nothing is raised. */
static void ask_for_key(lua_State *L, xai_LuaCall *r) {
  int failed, cancelled;
  r->asking = 1; /* the function may wait, and so come here again */
  push_slot(L, XAI_SLOT_KEY);
  failed = lua_pcall(L, 0, 1, 0);
  r->asking = 0;
  cancelled = failed && was_cancelled(L);
  if (!wants_key(r)) return; /* the call has ended meanwhile */
  if (cancelled)
    fail(r, XAI_CAUSE_CANCELLED);
  else if (failed)
    fail(r, XAI_CAUSE_KEY_FUNCTION_FAILED);
  else
    use_key(L, r);
}

/* Push the environment of the request's handle. */
static void push_handle_env(lua_State *L) {
  push_slot(L, XAI_SLOT_HANDLE);
  xai_getenv(L, -1);
  lua_remove(L, -2);
}

/* Give another attempt of a replay its answer, from the client's tape. */
static void ask_tape(lua_State *L, xai_LuaCall *r) {
  xai_Replay replay;
  int env;
  push_handle_env(L);
  env = lua_gettop(L);
  lua_rawgeti(L, env, HANDLE_TAPE);
  r->asking = 1;
  xai_tape_ask_again(L, r->handle->call);
  r->asking = 0;
  if (!xai_call_wants_answer(r->handle->call))
    return; /* it has ended meanwhile */
  memset(&replay, 0, sizeof replay);
  xai_tape_read_replay(L, env + 1, &replay);
  xai_engine_set_replay(r->handle->engine, r->handle->call, &replay);
  lua_rawseti(L, env, HANDLE_TAPE);
}

static int rotate_key(lua_State *L, xai_LuaCall *r) {
  if (!r->asking && xai_call_wants_answer(r->handle->call)) ask_tape(L, r);
  if (!wants_key(r) || r->asking) return 0;
  ask_for_key(L, r);
  lua_pushboolean(L, 1);
  return 1;
}

int xai_luacall_on_key_error(lua_State *L) {
  lua_settop(L, 1);
  lua_pushlightuserdata(L, &on_key_error_key);
  lua_insert(L, 1);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 0;
}

/* ------------------------------------------------------- a call while in use */

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
  if (r->handle == NULL || r->handle->engine == NULL)
    luaL_error(L, "the call was released");
  xai_engine_check_fork(r->handle->engine);
  return r;
}

int xai_luacall_use(lua_State *L, xai_LuaCallUse *live,
                    xai_LuaCallUse *at_rest) {
  xai_LuaCall *r = xai_luacall_check(L);
  xai_CallHandle *h = r->handle;
  int n, was_in_use = h->in_use;
  if (h->call == NULL) return at_rest(L, r);
  h->in_use = 1; /* after an error it stays so: then the collector frees it */
  n = live(L, r);
  h->in_use = was_in_use;
  xai_engine_free_finished(h->engine, h->call);
  return n;
}

/* ------------------------------------------------ bodies that were tried */

xai_CallInfo xai_luacall_info(const xai_LuaCall *r) {
  const xai_CallHandle *h = r->handle;
  return h->call != NULL ? xai_call_info(h->call) : h->info;
}

/* Push the record of a body that failed. */
static void push_failed_body(lua_State *L, const xai_FailedBody *f) {
  lua_createtable(L, 0, 4);
  if (f->model[0] != '\0') {
    lua_pushstring(L, f->model);
    lua_setfield(L, -2, "model");
  }
  lua_pushstring(L, xai_kind_name(f->kind));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, f->text);
  lua_setfield(L, -2, "message");
  if (f->status == 0) return;
  lua_pushinteger(L, f->status);
  lua_setfield(L, -2, "status");
}

/* Push the list of bodies that failed before the last one.  Returns 0, with
** nothing pushed, if there are none. */
static int push_tried(lua_State *L, const xai_LuaCall *r) {
  int n;
  if (xai_luacall_info(r).fallback == 0) return 0;
  if (r->handle->call == NULL) {
    push_slot(L, XAI_SLOT_TRIED);
    return 1;
  }
  lua_newtable(L);
  for (n = 0; n < xai_luacall_info(r).fallback; n++) {
    xai_FailedBody f = *xai_call_failed_body(r->handle->call, n);
    push_failed_body(L, &f);
    lua_rawseti(L, -2, n + 1);
  }
  return 1;
}

/* Set info.tried of the table on top. */
static void set_tried(lua_State *L, const xai_LuaCall *r) {
  if (push_tried(L, r)) lua_setfield(L, -2, "tried");
}

/* ---------------------------------------------------------- a call at rest */

void xai_luacall_drop_body(lua_State *L) {
  push_handle_env(L);
  lua_rawgeti(L, -1, HANDLE_BODY);
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_pushboolean(L, 1);
    lua_rawseti(L, -3, HANDLE_BODY);
  }
  lua_pop(L, 2);
}

/* Copy bytes to a slot of the environment on top. */
static void keep(lua_State *L, int slot, xai_Slice s) {
  if (s.len == 0) return;
  xai_push_slice(L, s);
  lua_rawseti(L, -2, slot);
}

/* Clear a slot.  Allocates nothing: an existing value is replaced. */
static void drop(lua_State *L, int slot) {
  lua_rawgeti(L, -1, slot);
  if (!lua_isnil(L, -1)) {
    lua_pushnil(L);
    lua_rawseti(L, -3, slot);
  }
  lua_pop(L, 1);
}

/* Tell the client's tape, if it records the call, what came, once.  The
** environment of the handle is on top. */
static void tell_tape(lua_State *L, xai_Call *c) {
  int env = lua_gettop(L);
  lua_rawgeti(L, env, HANDLE_TAPE);
  if (lua_istable(L, -1)) {
    lua_pushboolean(L, 1);
    lua_rawseti(L, env, HANDLE_TAPE);
    xai_tape_tell(L, c);
  }
  lua_settop(L, env);
}

void xai_luacall_rest(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  const xai_Error *error = xai_call_error(c);
  if (xai_call_recording(c)->on) {
    push_handle_env(L);
    tell_tape(L, c);
    lua_pop(L, 1);
  }
  xai_getenv(L, 1);
  keep(L, XAI_SLOT_HEAD, xai_call_head(c));
  keep(L, XAI_SLOT_LOG, xai_call_log(c));
  if (error->kind != XAI_KIND_NONE) {
    lua_pushstring(L, error->text);
    lua_rawseti(L, -2, XAI_SLOT_ERROR);
  }
  if (push_tried(L, r)) lua_rawseti(L, -2, XAI_SLOT_TRIED);
  drop(L, XAI_SLOT_TEMPLATE);
  drop(L, XAI_SLOT_KEY);
  r->template = 0;
  lua_pop(L, 1);
  xai_engine_settle(r->handle->engine, c);
  xai_call_rest(c);
}

int xai_luacall_push_past(lua_State *L, xai_LuaCall *r) {
  const xai_CallInfo *info = &r->handle->info;
  xai_Error error;
  if (info->kind == XAI_KIND_NONE) return 0;
  memset(&error, 0, sizeof error);
  push_slot(L, XAI_SLOT_ERROR);
  xai_error_set(&error, info->kind, info->phase,
                lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
  return xai_luacall_fail(L, r, &error, 0);
}

/* ------------------------------------------------------- facts and failures */

/* Push the URL, and the head of the answer or nil. */
static void push_url_and_head(lua_State *L, const xai_LuaCall *r) {
  xai_Slice head = {NULL, 0};
  push_slot(L, XAI_SLOT_URL);
  if (r->handle->call != NULL) head = xai_call_head(r->handle->call);
  if (head.len > 0)
    xai_push_slice(L, head);
  else
    push_slot(L, XAI_SLOT_HEAD);
}

void xai_luacall_push_info(lua_State *L, xai_LuaCall *r) {
  xai_CallInfo info = xai_luacall_info(r);
  push_url_and_head(L, r);
  xai_info_push(L, &info);
  set_tried(L, r);
}

int xai_luacall_fail(lua_State *L, xai_LuaCall *r, const xai_Error *error,
                     int body) {
  const xai_Call *c = r->handle->call;
  xai_CallInfo info = xai_luacall_info(r);
  xai_Report report;
  report.call = &info;
  report.error = error;
  report.error_body =
      c != NULL && error == xai_call_error(c) ? xai_call_error_body(c) : NULL;
  if (!body) lua_pushnil(L);
  push_url_and_head(L, r);
  xai_info_fail(L, &report);
  set_tried(L, r);
  return 3;
}

int xai_luacall_fail_as(lua_State *L, xai_LuaCall *r, xai_Cause cause) {
  xai_Error error;
  memset(&error, 0, sizeof error);
  xai_error_set_cause(&error, cause);
  return xai_luacall_fail(L, r, &error, 0);
}

int xai_luacall_replace_error(lua_State *L, xai_LuaCall *r, xai_Cause cause) {
  xai_Error error;
  memset(&error, 0, sizeof error);
  xai_error_set_cause(&error, cause);
  xai_getenv(L, 1);
  lua_pushstring(L, error.text);
  lua_rawseti(L, -2, XAI_SLOT_ERROR);
  lua_pop(L, 1);
  r->handle->info.kind = error.kind;
  r->handle->info.phase = error.phase;
  return xai_luacall_fail(L, r, &error, 0);
}

/* ---------------------------------------------------------------- lifetime */

/* Push the userdata by which a request refers to its call.  It is small, as
** the collector keeps what has a finalizer for one round more. */
static xai_CallHandle *push_handle(lua_State *L, xai_Engine *e) {
  xai_CallHandle *h = (xai_CallHandle *)xai_newuserdata(L, sizeof *h);
  memset(h, 0, sizeof *h);
  luaL_setmetatable(L, HANDLE_MT); /* from here __gc cleans up */
  h->engine = xai_engine_ref(e);
  e->live++;
  lua_createtable(L, 1, 0);
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
  r->handle = push_handle(L, e);
  lua_rawseti(L, -2, XAI_SLOT_HANDLE);
  xai_setenv(L, -2);
  if (xai_call_new(set, api, raw, r->handle) == NULL)
    luaL_error(L, "not enough memory");
  return r;
}

void xai_luacall_pin_tape(lua_State *L, int request, int tape) {
  xai_getenv(L, request);
  lua_rawgeti(L, -1, XAI_SLOT_HANDLE);
  xai_getenv(L, -1);
  lua_pushvalue(L, tape);
  lua_rawseti(L, -2, HANDLE_TAPE);
  lua_pop(L, 3);
}

void xai_luacall_pin_body(lua_State *L, int request, int body, int patches) {
  xai_getenv(L, request);
  lua_rawgeti(L, -1, XAI_SLOT_HANDLE);
  xai_getenv(L, -1);
  lua_pushvalue(L, body);
  lua_rawseti(L, -2, HANDLE_BODY);
  if (patches != 0) {
    lua_pushvalue(L, patches);
    lua_rawseti(L, -2, HANDLE_PATCHES);
  }
  lua_pop(L, 3);
}

static void release(xai_CallHandle *h) {
  xai_Engine *e = h->engine;
  xai_Call *c = h->call;
  if (e == NULL) return;
  h->engine = NULL;
  h->call = NULL;
  if (c != NULL) xai_engine_release(e, c);
  e->live--;
  xai_engine_unref(e);
}

/* tape_teller(handle): tell the tape of a call that nobody has read to its end. */
static int tape_teller(lua_State *L) {
  const xai_CallHandle *h = (const xai_CallHandle *)lua_touserdata(L, 1);
  xai_getenv(L, 1);
  tell_tape(L, h->call);
  return 0;
}

/* The finalizer of a handle: end the call and free everything, also without memory
** to tell the tape. */
static int handle_gc(lua_State *L) {
  xai_CallHandle *h = (xai_CallHandle *)luaL_checkudata(L, 1, HANDLE_MT);
  if (h->call != NULL && xai_call_recording(h->call)->on) {
    lua_pushlightuserdata(L, &tape_teller_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, 1);
    lua_pcall(L, 1, 0, 0);
  }
  release(h);
  return 0;
}

/* request:release(): end it and free everything. */
static int request_release(lua_State *L) {
  xai_LuaCall *r = (xai_LuaCall *)luaL_checkudata(L, 1, XAI_CALL_MT);
  if (r->handle != NULL && !r->handle->in_use) release(r->handle);
  return 0;
}

/* ------------------------------------------------------------------ state */

static int push_nothing(lua_State *L, xai_LuaCall *r) {
  (void)L;
  (void)r;
  return 0;
}

static int push_true(lua_State *L, xai_LuaCall *r) {
  (void)r;
  lua_pushboolean(L, 1);
  return 1;
}

static int push_opened(lua_State *L, xai_LuaCall *r) {
  lua_pushboolean(L, xai_call_opened(r->handle->call));
  return 1;
}

/* request:opened() -> is the head of a success in, or the call done? */
static int request_opened(lua_State *L) {
  return xai_luacall_use(L, push_opened, push_true);
}

static int push_done(lua_State *L, xai_LuaCall *r) {
  lua_pushboolean(L, xai_call_is_done(r->handle->call));
  return 1;
}

/* request:done() -> is the outcome known? */
static int request_done(lua_State *L) {
  return xai_luacall_use(L, push_done, push_true);
}

/* request:streaming() -> did the service answer with an event stream? */
static int request_streaming(lua_State *L) {
  lua_pushboolean(L, xai_luacall_info(xai_luacall_check(L)).streamed);
  return 1;
}

static int push_info(lua_State *L, xai_LuaCall *r) {
  xai_luacall_push_info(L, r);
  return 1;
}

/* request:info() -> the facts about the answer so far. */
static int request_info(lua_State *L) {
  return xai_luacall_use(L, push_info, push_info);
}

/* End it for that cause, even if the answer is complete and not read. */
static int stop(lua_State *L, xai_LuaCall *r, xai_Cause cause) {
  xai_Call *c = r->handle->call;
  int n;
  xai_engine_stop(r->handle->engine, c, cause);
  n = xai_luacall_fail(L, r, xai_call_error(c), 0);
  xai_luacall_rest(L, r);
  return n;
}

static int cancel(lua_State *L, xai_LuaCall *r) {
  return stop(L, r, XAI_CAUSE_CANCELLED);
}

static int cancel_at_rest(lua_State *L, xai_LuaCall *r) {
  return xai_luacall_replace_error(L, r, XAI_CAUSE_CANCELLED);
}

/* request:cancel() -> nil, message, info. */
static int request_cancel(lua_State *L) {
  return xai_luacall_use(L, cancel, cancel_at_rest);
}

static int shut(lua_State *L, xai_LuaCall *r) {
  return stop(L, r, XAI_CAUSE_STREAM_CLOSED);
}

static int shut_at_rest(lua_State *L, xai_LuaCall *r) {
  return xai_luacall_replace_error(L, r, XAI_CAUSE_STREAM_CLOSED);
}

/* request:close() -> nil, message, info, with kind "closed". */
static int request_close(lua_State *L) {
  return xai_luacall_use(L, shut, shut_at_rest);
}

static int push_retry(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  int64_t wait_ms;
  if (xai_call_needs_other_key(c)) return 0; /* there may be no attempt */
  if (!xai_call_tell_retry(c, &wait_ms)) return 0;
  xai_luacall_fail(L, r, xai_call_error(c), 0);
  lua_pushnumber(L, (lua_Number)wait_ms / 1000);
  lua_setfield(L, -2, "wait");
  if (xai_call_next_fallback(c) == 0) return 3;
  lua_pushinteger(L, xai_call_next_fallback(c));
  lua_setfield(L, -2, "next_fallback");
  return 3;
}

/* request:take_retry() -> nil, message, info of the attempt that failed while
** the next one is waited for, once for each wait; else nothing.  'info.wait'
** is how long the wait is, in seconds. */
static int request_take_retry(lua_State *L) {
  return xai_luacall_use(L, push_retry, push_nothing);
}

/* request:rotate_key() -> true, if the next attempt waited for its key and the
** user's function was asked for it.  A tape is asked for the next answer likewise.
** The only method that runs user code. */
static int request_rotate_key(lua_State *L) {
  return xai_luacall_use(L, rotate_key, push_nothing);
}

/* request:trace(): the times of its attempts are wanted. */
static int request_trace(lua_State *L) {
  xai_Call *c = xai_luacall_check(L)->handle->call;
  if (c != NULL) xai_call_measure(c);
  return 0;
}

/* request:times() -> seconds from the start of the last attempt until the name
** was known, the connection and TLS stood, the first byte came, and its end. */
static int request_times(lua_State *L) {
  xai_Times t = xai_luacall_info(xai_luacall_check(L)).times;
  lua_pushnumber(L, (lua_Number)t.dns / 1e6);
  lua_pushnumber(L, (lua_Number)t.connect / 1e6);
  lua_pushnumber(L, (lua_Number)t.tls / 1e6);
  lua_pushnumber(L, (lua_Number)t.first_byte / 1e6);
  lua_pushnumber(L, (lua_Number)t.total / 1e6);
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
  push_handle_env(L);
  lua_rawgeti(L, -1, HANDLE_BODY);
  lua_remove(L, -2);
  lua_pushboolean(L, !lua_isnil(L, -1));
  lua_replace(L, -2);
  return 2;
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

/* Push a header line, its value masked if it is a secret.  A header without a
** value is written as "Name;".  Returns 0, with nothing pushed, if the line only
** removes a header that libcurl would send. */
static int push_header(lua_State *L, const xai_Call *c, const char *line) {
  size_t n = strcspn(line, ":;");
  xai_Slice name = {line, n};
  int secret = xai_secret_is_header(name);
  if (strcmp(line + n, ":") == 0) return 0;
  push_without_key(L, c, line, secret ? n : strlen(line));
  if (secret) lua_pushliteral(L, ": ***");
  lua_concat(L, secret ? 2 : 1);
  return 1;
}

static int push_no_headers(lua_State *L, xai_LuaCall *r) {
  (void)r;
  lua_newtable(L);
  return 1;
}

static int push_all_headers(lua_State *L, xai_LuaCall *r) {
  const xai_Call *c = r->handle->call;
  const char *line;
  int i, n = 0;
  lua_newtable(L);
  for (i = 0; (line = xai_call_header_at(c, i)) != NULL; i++)
    if (push_header(L, c, line)) lua_rawseti(L, -2, ++n);
  return 1;
}

/* request:headers() -> list of the header lines that are sent; secrets in
** them are masked. */
static int request_headers(lua_State *L) {
  return xai_luacall_use(L, push_all_headers, push_no_headers);
}

static void push_watched(lua_State *L) {
  lua_pushlightuserdata(L, &watched_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* request:watch() -> true where it is at rest; else core.ready tells from now
** on when something came for it. */
static int request_watch(lua_State *L) {
  xai_CallHandle *h = xai_luacall_check(L)->handle;
  if (h->call == NULL) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (!xai_call_is_watched(h->call)) {
    push_watched(L);
    lua_pushlightuserdata(L, h->call);
    lua_pushvalue(L, 1);
    lua_rawset(L, -3);
  }
  xai_engine_watch(h->engine, h->call);
  return 0;
}

/* request:unwatch(): the reverse. */
static int request_unwatch(lua_State *L) {
  xai_CallHandle *h = xai_luacall_check(L)->handle;
  if (h->call != NULL) xai_engine_unwatch(h->engine, h->call);
  return 0;
}

void xai_luacall_push(lua_State *L, const xai_Call *c) {
  push_watched(L);
  lua_pushlightuserdata(L, (void *)(uintptr_t)c);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

static const luaL_Reg methods[] = {{"opened", request_opened},
                                   {"streaming", request_streaming},
                                   {"done", request_done},
                                   {"info", request_info},
                                   {"cancel", request_cancel},
                                   {"close", request_close},
                                   {"watch", request_watch},
                                   {"unwatch", request_unwatch},
                                   {"take_retry", request_take_retry},
                                   {"rotate_key", request_rotate_key},
                                   {"headers", request_headers},
                                   {"codec", request_codec},
                                   {"method", request_method},
                                   {"release", request_release},
                                   {"trace", request_trace},
                                   {"times", request_times},
                                   {NULL, NULL}};

/* Register the table of watched calls, whose values are weak. */
static void make_watched(lua_State *L) {
  lua_pushlightuserdata(L, &watched_key);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void xai_luacall_open(lua_State *L, const luaL_Reg *const *more, int count) {
  int i;
  luaL_newmetatable(L, XAI_CALL_MT);
  luaL_setfuncs(L, methods, 0);
  for (i = 0; i < count; i++) luaL_setfuncs(L, more[i], 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, HANDLE_MT);
  lua_pushcfunction(L, handle_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 2);
  lua_pushlightuserdata(L, &tape_teller_key);
  lua_pushcfunction(L, tape_teller);
  lua_rawset(L, LUA_REGISTRYINDEX);
  make_watched(L);
}
