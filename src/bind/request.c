/*
** request.c - a call as Lua sees it: a userdata with low-level methods.
*/
#include "bind/request.h"

#include <string.h>

#include "base/clock.h"
#include "bind/json.h"
#include "bind/luaerr.h"
#include "bind/model.h"

#define MAX_SHOWN_BODY ((size_t)1 << 20)

static char watched_key; /* registry: [call] = request, weak */

static xai_LuaRequest *check(lua_State *L) {
  xai_LuaRequest *r = (xai_LuaRequest *)luaL_checkudata(L, 1, XAI_REQUEST_MT);
  if (r->call == NULL) luaL_error(L, "the call was released");
  return r;
}

xai_LuaRequest *xai_request_new(lua_State *L, xai_Engine *e,
                                const xai_Settings *set, xai_Api api, int raw) {
  xai_LuaRequest *r = (xai_LuaRequest *)xai_newuserdata(L, sizeof *r);
  memset(r, 0, sizeof *r);
  luaL_setmetatable(L, XAI_REQUEST_MT); /* from here __gc cleans up */
  r->engine = xai_engine_ref(e);
  r->call = xai_call_new(set, api, raw);
  if (r->call == NULL) luaL_error(L, "not enough memory");
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

/* --------------------------------------------------------------- the info */

#define USUAL_HEADERS 16

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

/* What info takes from the headers, found while they are gone through. */
typedef struct Found {
  xai_Slice request_id;
  xai_Slice rate[4];
  int rates;
} Found;

static const char *const rate_names[] = {"limit_requests", "remaining_requests",
                                         "limit_tokens", "remaining_tokens"};
static const char *const rate_headers[] = {
    "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"};

static void note_header(Found *f, xai_Slice name, xai_Slice value) {
  int i;
  if (name.len < 2 || name.at[1] != '-') return; /* they begin with "x-" */
  if (xai_slice_like(name, "x-request-id")) f->request_id = value;
  for (i = 0; i < 4; i++) {
    if (!xai_slice_like(name, rate_headers[i])) continue;
    f->rate[i] = value;
    f->rates = 1;
  }
}

static void set_headers(lua_State *L, const xai_Transfer *t, Found *f) {
  xai_Slice name, value;
  size_t at = 0;
  int headers;
  memset(f, 0, sizeof *f);
  lua_createtable(L, 0, USUAL_HEADERS);
  headers = lua_gettop(L);
  while (xai_transfer_next_header(t, &at, &name, &value)) {
    note_header(f, name, value);
    push_lower(L, name);
    push_value(L, headers, value);
    lua_rawset(L, headers);
  }
  lua_setfield(L, -2, "headers");
}

static void set_rate_limit(lua_State *L, const Found *f) {
  int i;
  lua_createtable(L, 0, 4);
  for (i = 0; i < 4; i++) {
    xai_Json number;
    long n;
    number.type = XAI_JSON_NUMBER;
    number.raw = f->rate[i];
    n = number.raw.len > 0 ? xai_json_index(&number, 2000000000L) : -1;
    if (n < 0) continue;
    lua_pushinteger(L, n);
    lua_setfield(L, -2, rate_names[i]);
  }
  lua_setfield(L, -2, "rate_limit");
}

/* Push the table of facts about the answer; the request is at index 1. */
static void push_info(lua_State *L, const xai_Call *c) {
  const xai_Transfer *t = &c->transfer;
  int64_t end = c->state == XAI_CALL_DONE ? c->ended_ms : xai_clock_ms();
  Found found;
  lua_createtable(L, 0, 8);
  if (t->status != 0) {
    lua_pushinteger(L, t->status);
    lua_setfield(L, -2, "status");
    set_headers(L, t, &found);
    if (found.request_id.len > 0) {
      lua_pushlstring(L, found.request_id.at, found.request_id.len);
      lua_setfield(L, -2, "request_id");
    }
    if (found.rates) set_rate_limit(L, &found);
  }
  lua_pushinteger(L, c->attempts);
  lua_setfield(L, -2, "attempts");
  lua_pushnumber(L, (lua_Number)(end - c->began_ms) / 1000);
  lua_setfield(L, -2, "elapsed");
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_URL);
  lua_setfield(L, -3, "url");
  lua_pop(L, 1);
}

/* Was the failed call paid for? */
static const char *billed(const xai_Call *c, const xai_Fault *f) {
  int status = c->transfer.status;
  if (c->stream.dialect.events) return "yes";
  switch (f->kind) {
    case XAI_KIND_TLS:
    case XAI_KIND_REDIRECT:
    case XAI_KIND_PENDING: return "no";
    case XAI_KIND_DECODE:
    case XAI_KIND_TRUNCATED: return status == 200 ? "yes" : "maybe";
    default: break;
  }
  if (f->phase >= XAI_PHASE_DNS && f->phase <= XAI_PHASE_TLS) return "no";
  if (f->kind == XAI_KIND_PERMISSION) return "maybe"; /* a fee for unsafe */
  if (status == 408) return "maybe";
  return status >= 400 && status < 500 ? "no" : "maybe";
}

/*
** Push the failure as nil, message, info.  'body': the answer's text is on
** top of the stack and becomes info.body.
*/
static int push_failure(lua_State *L, const xai_Call *c, const xai_Fault *f,
                        int body) {
  xai_Report report;
  const char *s = NULL;
  size_t n = 0;
  int text = lua_gettop(L);
  if (body) s = lua_tolstring(L, text, &n);
  report.fault = f;
  report.complaint = f == &c->fault ? &c->complaint : NULL;
  report.status = c->transfer.status;
  report.retry_after_ms = c->retry_after_ms;
  report.billed = billed(c, f);
  lua_pushnil(L);
  push_info(L, c);
  xai_luaerr_set(L, &report);
  if (n > 0) {
    lua_pushlstring(L, s, n < MAX_SHOWN_BODY ? n : MAX_SHOWN_BODY);
    lua_setfield(L, -2, "body");
  }
  if (f->kind == XAI_KIND_PENDING)
    lua_pushliteral(L, "pending");
  else
    xai_luaerr_line(L, -1);
  lua_insert(L, -2);
  return 3;
}

/* ---------------------------------------------------------- whole answers */

static int is_json(const xai_Transfer *t) {
  xai_Slice type = xai_transfer_header(t, "content-type");
  return type.len == 0 || xai_slice_has(type, "json");
}

/* Push the text on top as far as it is shown, without the key. */
static void push_hidden(lua_State *L, const xai_Call *c) {
  size_t n;
  const char *s = lua_tolstring(L, -1, &n);
  char *copy;
  if (n > MAX_SHOWN_BODY) n = MAX_SHOWN_BODY;
  copy = (char *)xai_newuserdata(L, n + 1);
  memcpy(copy, s, n);
  xai_call_hide(c, copy, n);
  lua_pushlstring(L, copy, n);
}

static int fail_decode(lua_State *L, xai_Call *c, const char *why) {
  xai_Fault f;
  memset(&f, 0, sizeof f);
  xai_fault_set(&f, XAI_KIND_DECODE, XAI_PHASE_NONE, why);
  xai_call_hide(c, f.text, strlen(f.text));
  push_hidden(L, c);
  return push_failure(L, c, &f, 1);
}

static int fail_text(lua_State *L, xai_Call *c, const char *problem) {
  char why[200];
  size_t n, shown;
  const char *s = lua_tolstring(L, -1, &n);
  xai_Slice text;
  text.at = s;
  text.len = n;
  text = xai_slice_trim(text);
  if (text.len > 0 && *text.at == '<')
    return fail_decode(L, c, "the answer is HTML, not JSON");
  shown = strlen(problem) < 150 ? strlen(problem) : 150;
  memcpy(why, "the answer is not JSON: ", 24);
  memcpy(why + 24, problem, shown);
  why[24 + shown] = '\0';
  return fail_decode(L, c, why);
}

/* The answer's text is on top: leave the decoded value, or the failure. */
static int push_decoded(lua_State *L, const xai_LuaRequest *r) {
  int text = lua_gettop(L), codec = text + 2, array;
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_CODEC);
  lua_pushvalue(L, text);
  if (!xai_json_decode(L, codec)) {
    const char *problem = lua_tostring(L, -1);
    lua_pushvalue(L, text);
    return fail_text(L, r->call, problem ? problem : "");
  }
  array = lua_istable(L, -1) && lua_rawlen(L, -1) > 0;
  if (r->any_json || (lua_istable(L, -1) && !array)) return 1;
  lua_pushvalue(L, text);
  return fail_decode(L, r->call, "the answer is JSON, but not an object");
}

static int push_result(lua_State *L, const xai_LuaRequest *r) {
  xai_Call *c = r->call;
  xai_Transfer *t = &c->transfer;
  size_t n = xai_buffer_size(&t->body);
  int count;
  if (n == 0 && r->any_json) {
    lua_pushboolean(L, 1);
    count = 1;
  } else {
    lua_pushlstring(L, xai_buffer_data(&t->body), n);
    xai_buffer_free(&t->body); /* large ones are needed once only */
    if (n == 0) return fail_decode(L, c, "the answer is empty");
    count = 1;
    if (!r->any_json || is_json(t)) count = push_decoded(L, r);
  }
  if (count > 1) return count;
  lua_pushnil(L);
  push_info(L, c);
  return 3;
}

/*
** request:outcome() -> false while it is under way, else result, nil, info
** or nil, message, info.  For answers that are not streams; once only.
*/
static int request_outcome(lua_State *L) {
  xai_LuaRequest *r = check(L);
  xai_Call *c = r->call;
  if (c->state != XAI_CALL_DONE) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (c->fault.kind == XAI_KIND_NONE) {
    int count = push_result(L, r);
    xai_call_forget(c);
    return count;
  }
  lua_pushlstring(L, xai_buffer_data(&c->transfer.body),
                  xai_buffer_size(&c->transfer.body));
  return push_failure(L, c, &c->fault, 1);
}

/* ---------------------------------------------------------------- streams */

/* The service reported a failure by the shown event. */
static int push_complaint(lua_State *L, xai_LuaRequest *r) {
  xai_Call *c = r->call;
  xai_Slice data;
  xai_call_complain(c);
  xai_engine_cancel(r->engine, c, XAI_KIND_CANCELLED, "");
  data = c->stream.event.sse.data;
  lua_pushlstring(L, data.at, data.len);
  return push_failure(L, c, &c->fault, 1);
}

/* The transfer failed, or what it brought cannot be trusted. */
static int push_fault(lua_State *L, xai_LuaRequest *r) {
  xai_Call *c = r->call;
  if (c->state != XAI_CALL_DONE)
    xai_engine_cancel(r->engine, c, c->stream.fault.kind, c->stream.fault.text);
  if (c->fault.kind == XAI_KIND_NONE || c->fault.kind == c->stream.fault.kind)
    c->fault = c->stream.fault;
  return push_failure(L, c, &c->fault, 0);
}

/* Push what ended the stream: nothing, or nil, message, info. */
static int push_end(lua_State *L, xai_LuaRequest *r, xai_StreamState state) {
  if (state == XAI_STREAM_ERROR) return push_complaint(L, r);
  if (state == XAI_STREAM_FAULT) return push_fault(L, r);
  xai_engine_drain(r->engine, r->call);
  return 0;
}

/* Push the shown event as {event=, data=, id=}. */
static void push_raw(lua_State *L, const xai_SseEvent *ev) {
  lua_createtable(L, 0, 3);
  lua_pushlstring(L, ev->name.at, ev->name.len);
  lua_setfield(L, -2, "event");
  lua_pushlstring(L, ev->data.at, ev->data.len);
  lua_setfield(L, -2, "data");
  if (ev->id.len > 0) {
    lua_pushlstring(L, ev->id.at, ev->id.len);
    lua_setfield(L, -2, "id");
  }
}

/* Go past the shown event; its value is safe on the stack. */
static void take(lua_State *L, xai_LuaRequest *r) {
  int rc = xai_engine_take(r->engine, r->call);
  if (rc == XAI_ENOMEM) luaL_error(L, "not enough memory");
  if (rc == XAI_ELIMIT)
    xai_engine_cancel(r->engine, r->call, XAI_KIND_LIMIT,
                      "the stream exceeds max_body");
}

/* An event that is not a JSON object: the stream cannot be trusted. */
static int fail_event(lua_State *L, xai_LuaRequest *r) {
  xai_Call *c = r->call;
  xai_Slice data = c->stream.event.sse.data;
  lua_pushlstring(L, data.at, data.len);
  memset(&c->stream.fault, 0, sizeof c->stream.fault);
  xai_fault_set(&c->stream.fault, XAI_KIND_DECODE, XAI_PHASE_STREAM,
                "an event of the stream is not a JSON object");
  xai_engine_cancel(r->engine, c, XAI_KIND_DECODE, c->stream.fault.text);
  c->fault = c->stream.fault;
  return push_failure(L, c, &c->fault, 1);
}

/* Decode 'text'; 0 (and nothing pushed) when it is no JSON object. */
static int push_event(lua_State *L, xai_Slice text, int any) {
  int env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  lua_rawgeti(L, env, XAI_REQUEST_CODEC);
  lua_pushlstring(L, text.at, text.len);
  if (xai_json_decode(L, env + 1) && (any || lua_istable(L, -1))) {
    lua_replace(L, env);
    lua_settop(L, env);
    return 1;
  }
  lua_settop(L, env - 1);
  return 0;
}

/* Push the JSON string content 'raw', halves of characters as U+FFFD. */
static void push_unescaped(lua_State *L, xai_LuaRequest *r, xai_Slice raw) {
  xai_Buffer *b = &r->engine->scratch;
  unsigned half = 0;
  int rc;
  if (memchr(raw.at, '\\', raw.len) == NULL) {
    lua_pushlstring(L, raw.at, raw.len);
    return;
  }
  xai_buffer_clear(b);
  rc = xai_json_unescape(raw, &half, b);
  if (rc == XAI_OK && half != 0) rc = xai_buffer_puts(b, "\xEF\xBF\xBD");
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
  lua_pushlstring(L, xai_buffer_data(b), xai_buffer_size(b));
}

/* The shown event repeats the pattern: push it, built from its model.  0
** when there is no model of it. */
static int push_repeated(lua_State *L, xai_LuaRequest *r) {
  xai_Stream *s = &r->call->stream;
  int env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  if (r->model != s->event.reading.same) {
    lua_rawgeti(L, env, XAI_REQUEST_CODEC);
    xai_model_push(L, env + 1, &s->pattern, &r->engine->scratch);
    lua_rawseti(L, env, XAI_REQUEST_MODEL);
    r->model = s->event.reading.same;
    xai_call_peek(r->call); /* a collection may have moved the event */
  }
  lua_rawgeti(L, env, XAI_REQUEST_MODEL);
  lua_replace(L, env);
  lua_settop(L, env);
  if (!lua_istable(L, env)) {
    lua_settop(L, env - 1);
    return 0;
  }
  push_unescaped(L, r, s->event.reading.piece);
  xai_call_peek(r->call);
  xai_model_build(L, env, &s->event.reading);
  lua_replace(L, env);
  return 1;
}

/*
** request:event() -> the next event; false when it is not here yet; nil at
** the proven end; nil, message, info when the stream broke.
*/
static int request_event(lua_State *L) {
  xai_LuaRequest *r = check(L);
  xai_Call *c = r->call;
  xai_StreamState state = xai_call_peek(c);
  if (state == XAI_STREAM_WAIT) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (state != XAI_STREAM_EVENT) return push_end(L, r, state);
  if (c->stream.raw)
    push_raw(L, &c->stream.event.sse);
  else if (!(c->stream.event.reading.same != 0 && push_repeated(L, r)) &&
           !push_event(L, c->stream.event.sse.data, 0))
    return fail_event(L, r);
  take(L, r);
  return 1;
}

/* Push the text, joined with a half character of the text before. */
static void push_text(lua_State *L, xai_LuaRequest *r, xai_Slice raw) {
  xai_Stream *s = &r->call->stream;
  xai_Buffer *b = &r->engine->scratch;
  unsigned half = s->half; /* changed for good only when nothing raised */
  if (half == 0 && memchr(raw.at, '\\', raw.len) == NULL) {
    lua_pushlstring(L, raw.at, raw.len);
    return;
  }
  xai_buffer_clear(b);
  if (xai_json_unescape(raw, &half, b) != XAI_OK)
    luaL_error(L, "not enough memory");
  lua_pushlstring(L, xai_buffer_data(b), xai_buffer_size(b));
  s->half = half;
}

/* A half character that nothing followed. */
static int push_rest(lua_State *L, xai_Stream *s) {
  if (s->half == 0) return 0;
  lua_pushliteral(L, "\xEF\xBF\xBD");
  s->half = 0;
  return 1;
}

/*
** request:text() -> the next piece of visible text of the wanted choice;
** else as request:event().  Builds no tables.
*/
static int request_text(lua_State *L) {
  xai_LuaRequest *r = check(L);
  xai_Call *c = r->call;
  for (;;) {
    xai_StreamState state = xai_call_peek(c);
    const xai_Reading *reading = &c->stream.event.reading;
    if (state == XAI_STREAM_WAIT) {
      lua_pushboolean(L, 0);
      return 1;
    }
    if (state != XAI_STREAM_EVENT) {
      if (push_rest(L, &c->stream)) return 1;
      return push_end(L, r, state);
    }
    if (reading->has_text && reading->text.len > 0)
      push_text(L, r, reading->text);
    take(L, r);
    if (lua_gettop(L) > 1 && lua_rawlen(L, -1) > 0) return 1;
    lua_settop(L, 1);
  }
}

/* request:want(n): the choice whose text is wanted, from 1. */
static int request_want(lua_State *L) {
  xai_LuaRequest *r = check(L);
  lua_Number n = luaL_checknumber(L, 2);
  xai_stream_want(&r->call->stream, n >= 1 && n <= 1000 ? (long)n - 1 : -2);
  return 0;
}

/*
** request:skip() -> false when more is to come, nil at the proven end, or
** nil, message, info: goes past all events that are here.
*/
static int request_skip(lua_State *L) {
  xai_LuaRequest *r = check(L);
  xai_StreamState state;
  while ((state = xai_call_peek(r->call)) == XAI_STREAM_EVENT) take(L, r);
  if (state != XAI_STREAM_WAIT) return push_end(L, r, state);
  lua_pushboolean(L, 0);
  return 1;
}

static const char *field_name(xai_Field f) {
  static const char *const names[] = {"event",   "text",      "reasoning",
                                      "summary", "arguments", "signature"};
  return names[f];
}

/*
** request:said(at) -> at', field, value, a, b: what the stream has said so
** far, entry by entry ('at' is 0 at first); nothing after the last.  'field'
** "event": a decoded event; else: text for part (a, b) of the answer.
*/
static int request_said(lua_State *L) {
  xai_LuaRequest *r = check(L);
  size_t at = (size_t)luaL_checknumber(L, 2);
  xai_Entry e;
  if (!xai_journal_read(&r->call->stream.journal, &at, &e)) return 0;
  lua_pushnumber(L, (lua_Number)at);
  lua_pushstring(L, field_name(e.field));
  if (e.field != XAI_FIELD_NONE)
    push_unescaped(L, r, e.text);
  else if (!push_event(L, e.text, 1))
    lua_pushnil(L);
  xai_pushint(L, e.a);
  xai_pushint(L, e.b);
  return 5;
}

/* ------------------------------------------------------------------ state */

/* request:opened() -> is the head of a success in, or the call done? */
static int request_opened(lua_State *L) {
  lua_pushboolean(L, xai_call_opened(check(L)->call));
  return 1;
}

/* request:streaming() -> did the service answer with an event stream? */
static int request_streaming(lua_State *L) {
  const xai_Call *c = check(L)->call;
  lua_pushboolean(L, c->transfer.content == XAI_CONTENT_EVENTS);
  return 1;
}

/* request:done() -> is nothing under way any more? */
static int request_done(lua_State *L) {
  lua_pushboolean(L, check(L)->call->state == XAI_CALL_DONE);
  return 1;
}

/* request:info() -> the facts about the answer so far. */
static int request_info(lua_State *L) {
  push_info(L, check(L)->call);
  return 1;
}

/* End it with that kind, even where all has come and nobody has read it. */
static int stop(lua_State *L, xai_Kind kind, const char *text) {
  xai_LuaRequest *r = check(L);
  xai_Call *c = r->call;
  xai_engine_cancel(r->engine, c, kind, text);
  xai_complaint_free(&c->complaint);
  memset(&c->fault, 0, sizeof c->fault);
  xai_fault_set(&c->fault, kind, XAI_PHASE_NONE, text);
  return push_failure(L, c, &c->fault, 0);
}

/* request:cancel() -> nil, message, info. */
static int request_cancel(lua_State *L) {
  return stop(L, XAI_KIND_CANCELLED, "cancelled");
}

/* request:close() -> nil, message, info, with kind "closed". */
static int request_close(lua_State *L) {
  return stop(L, XAI_KIND_CLOSED, "the stream was closed");
}

/* request:retrying() -> nil, message, info of the attempt that failed while
** the next one is waited for, once for each wait; else nothing. */
static int request_retrying(lua_State *L) {
  xai_Call *c = check(L)->call;
  if (c->state != XAI_CALL_WAITING || c->retry_told) return 0;
  c->retry_told = 1;
  return push_failure(L, c, &c->fault, 0);
}

/* request:method() -> the HTTP method, whether there is a body. */
static int request_method(lua_State *L) {
  check(L);
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

/* request:headers() -> list of the header lines that are sent; secrets in
** them are masked. */
static int request_headers(lua_State *L) {
  const struct curl_slist *h = check(L)->call->headers;
  int i = 0;
  lua_newtable(L);
  for (; h != NULL; h = h->next) {
    const char *colon = strchr(h->data, ':');
    size_t n = colon ? (size_t)(colon - h->data) : 0;
    if (colon == NULL || colon[1] == '\0') continue; /* removes a header */
    lua_pushlstring(L, h->data, n);
    lua_pushstring(L, is_secret(h->data, n) ? ": ***" : colon);
    lua_concat(L, 2);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

static void push_watched(lua_State *L) {
  lua_pushlightuserdata(L, &watched_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

/* request:watch(): its news are told by core.ready from now on. */
static int request_watch(lua_State *L) {
  xai_LuaRequest *r = check(L);
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
  static const luaL_Reg methods[] = {{"outcome", request_outcome},
                                     {"event", request_event},
                                     {"text", request_text},
                                     {"want", request_want},
                                     {"skip", request_skip},
                                     {"said", request_said},
                                     {"opened", request_opened},
                                     {"streaming", request_streaming},
                                     {"done", request_done},
                                     {"info", request_info},
                                     {"cancel", request_cancel},
                                     {"close", request_close},
                                     {"watch", request_watch},
                                     {"retrying", request_retrying},
                                     {"headers", request_headers},
                                     {"method", request_method},
                                     {"release", request_release},
                                     {"__gc", request_release},
                                     {NULL, NULL}};
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
