/*
** stream.c - the methods of a request that read its event stream.
*/
#include "bind/stream.h"

#include <string.h>

#include "bind/call.h"
#include "bind/error.h"
#include "bind/event_table.h"
#include "bind/json_decode.h"
#include "bind/luautil.h"

/* The service reported a failure by the shown event.  As the first one, it
** may be worth another attempt: false, more is to come. */
static int push_error_body(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  if (xai_engine_try_again(r->hold->engine, c)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  xai_call_read_event_error(c);
  xai_event_reader_conclude(&c->reader);
  if (c->state == XAI_CALL_DONE) xai_call_forget_key(c);
  xai_engine_cancel(r->hold->engine, c, XAI_CAUSE_CANCELLED);
  xai_push_slice(L, c->reader.event.sse.data);
  xai_luacall_rest(L, r);
  return xai_info_fail(L, c, &c->outcome.error, 1);
}

/* The transfer failed, or what it brought cannot be trusted. */
static int push_read_error(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  if (xai_call_is_whole(c)) /* request:outcome() has it */
    return xai_info_fail_as(L, c, XAI_CAUSE_NO_STREAM);
  if (c->state != XAI_CALL_DONE)
    xai_engine_cancel(r->hold->engine, c, c->reader.cause);
  xai_call_end_key(c);
  xai_call_take_read_error(c);
  if (c->transfer.content != XAI_CONTENT_PLAIN) {
    xai_luacall_rest(L, r);
    return xai_info_fail(L, c, &c->outcome.error, 0);
  }
  xai_push_buffer(L, &c->transfer.body); /* another attempt's answer */
  return xai_info_fail(L, c, &c->outcome.error, 1);
}

/* Push what ended the stream: nothing, or nil, message, info. */
static int push_end(lua_State *L, xai_LuaCall *r, xai_ReadState state) {
  if (state == XAI_READ_ERROR) return push_error_body(L, r);
  if (state == XAI_READ_FAILED) return push_read_error(L, r);
  xai_engine_drain(r->hold->engine, r->hold->call);
  if (r->hold->call->state == XAI_CALL_DONE) {
    xai_call_end_well(r->hold->call);
    xai_luacall_drop_body(L);
    xai_call_forget_key(r->hold->call);
  }
  xai_luacall_rest(L, r);
  return 0;
}

/*
** The shown event.  Whoever holds on to it while Lua values are made must
** ask again: bytes that came since have moved it, or a finalizer has read it.
*/
static const xai_SseEvent *shown(const xai_LuaCall *r) {
  static const xai_SseEvent none = {{"", 0}, {"", 0}, {"", 0}};
  if (xai_call_peek(r->hold->call) != XAI_READ_EVENT) return &none;
  return &r->hold->call->reader.event.sse;
}

/* Push the shown event as {event=, data=, id=}. */
static void push_raw(lua_State *L, const xai_LuaCall *r) {
  lua_createtable(L, 0, 3);
  xai_push_slice(L, shown(r)->name);
  lua_setfield(L, -2, "event");
  xai_push_slice(L, shown(r)->data);
  lua_setfield(L, -2, "data");
  if (shown(r)->id.len == 0) return;
  xai_push_slice(L, shown(r)->id);
  lua_setfield(L, -2, "id");
}

/* Go past the shown event; its value is safe on the stack.  0: that would be
** more than max_body, and is the stream's fault from now on. */
static int take(lua_State *L, xai_LuaCall *r) {
  int rc = xai_engine_consume(r->hold->engine, r->hold->call);
  if (rc == XAI_ENOMEM) luaL_error(L, "not enough memory");
  return rc == XAI_OK;
}

/* An event that is not a JSON object, or one 'too_deep': the stream cannot
** be trusted. */
static int fail_event(lua_State *L, xai_LuaCall *r, int too_deep) {
  xai_Call *c = r->hold->call;
  xai_Cause cause =
      too_deep ? XAI_CAUSE_EVENT_TOO_DEEP : XAI_CAUSE_EVENT_NOT_JSON;
  xai_call_mask_buffer(c, &c->transfer.sse.in); /* it is shown as info.body */
  xai_engine_cancel(r->hold->engine, c, cause);
  xai_call_replace_error(c, cause);
  xai_push_slice(L, shown(r)->data);
  xai_luacall_rest(L, r);
  return xai_info_fail(L, c, &c->outcome.error, 1);
}

static int is_useless(const xai_EventInfo *r) {
  return r->meaning == XAI_MEANS_BROKEN || r->meaning == XAI_MEANS_DEEP;
}

/* Did the JSON module refuse the text for its depth?  It says so on top. */
static int is_too_deep(lua_State *L) {
  const char *problem = lua_tostring(L, -1);
  return problem != NULL && strstr(problem, "nested") != NULL;
}

static int fail_damaged(lua_State *L, xai_LuaCall *r) {
  return fail_event(L, r, lua_toboolean(L, 2));
}

/*
** request:damaged(too_deep) -> nil, message, info: what was read to the end
** holds an event that does not decode.
*/
int xai_stream_damaged(lua_State *L) {
  return xai_luacall_use(L, fail_damaged);
}

/* Decode 'text'; nothing is pushed when it is no JSON object (0) or is nested
** too deeply (-1). */
static int push_event(lua_State *L, xai_Slice text) {
  int rc, env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  lua_rawgeti(L, env, XAI_SLOT_CODEC);
  xai_push_slice(L, text);
  if (xai_json_decode(L, env + 1) && lua_istable(L, -1)) {
    lua_replace(L, env);
    lua_settop(L, env);
    return 1;
  }
  rc = lua_type(L, -1) == LUA_TSTRING && is_too_deep(L) ? -1 : 0;
  lua_settop(L, env - 1);
  return rc;
}

/* Push the shown event.  0: it is no JSON object; -1: nested too deeply. */
static int push_shown(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = &r->hold->call->reader;
  if (s->raw) {
    push_raw(L, r);
    return 1;
  }
  if (s->event.info.same != 0 && xai_event_table_push(L, r)) return 1;
  return push_event(L, shown(r)->data);
}

static int next_event(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  for (;;) {
    unsigned long taken = c->reader.taken;
    xai_ReadState state = xai_call_peek(c);
    int rc;
    if (state == XAI_READ_WAIT) {
      lua_pushboolean(L, 0);
      return 1;
    }
    if (state != XAI_READ_EVENT) return push_end(L, r, state);
    if (is_useless(&c->reader.event.info))
      return fail_event(L, r, c->reader.event.info.meaning == XAI_MEANS_DEEP);
    rc = push_shown(L, r);
    if (c->reader.taken == taken) {
      if (rc <= 0) return fail_event(L, r, rc < 0);
      if (take(L, r)) return 1;
    }
    lua_settop(L, 1);
  }
}

/*
** request:event() -> the next event; false when it is not here yet; nil at
** the proven end; nil, message, info when the stream broke.  An event that a
** finalizer has read while it was pushed was that one's.
*/
int xai_stream_next(lua_State *L) { return xai_luacall_poll(L, next_event); }

/* Push the text, joined with a half character of the text before. */
static void push_text(lua_State *L, xai_LuaCall *r) {
  xai_EventReader *s = &r->hold->call->reader;
  const xai_EventInfo *info = &s->event.info;
  xai_Slice raw = info->text;
  xai_Buffer *b = &r->hold->engine->scratch;
  unsigned surrogate =
      s->surrogate; /* changed for good only when nothing raised */
  if (surrogate == 0 && !info->parts && memchr(raw.at, '\\', raw.len) == NULL) {
    xai_push_slice(L, raw);
    return;
  }
  xai_buffer_clear(b);
  if (xai_event_schema_text(info, &surrogate, b) != XAI_OK)
    luaL_error(L, "not enough memory");
  xai_push_buffer(L, b);
  s->surrogate = surrogate;
}

/* A half character that nothing followed. */
static int push_rest(lua_State *L, xai_EventReader *s) {
  if (s->surrogate == 0) return 0;
  lua_pushliteral(L, "\xEF\xBF\xBD");
  s->surrogate = 0;
  return 1;
}

static int next_text(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  for (;;) {
    unsigned long taken = c->reader.taken;
    xai_ReadState state = xai_call_peek(c);
    const xai_EventInfo *info = &c->reader.event.info;
    if (state == XAI_READ_WAIT) {
      lua_pushboolean(L, 0);
      return 1;
    }
    if (state != XAI_READ_EVENT) {
      if (push_rest(L, &c->reader)) return 1;
      return push_end(L, r, state);
    }
    if (is_useless(info))
      return fail_event(L, r, info->meaning == XAI_MEANS_DEEP);
    if (info->has_text && info->text.len > 0) push_text(L, r);
    if (c->reader.taken == taken) {
      if (take(L, r) && lua_gettop(L) > 1 && lua_rawlen(L, -1) > 0) return 1;
    }
    lua_settop(L, 1);
  }
}

/*
** request:text() -> the next piece of visible text of the wanted choice;
** else as request:event().  Builds no tables.
*/
int xai_stream_text(lua_State *L) { return xai_luacall_poll(L, next_text); }

/* request:want(n): the choice whose text is wanted, from 1. */
int xai_stream_want(lua_State *L) {
  xai_LuaCall *r = xai_luacall_check(L);
  lua_Number n = luaL_checknumber(L, 2);
  xai_Call *c = r->hold->call;
  if (c != NULL)
    xai_event_reader_want(&c->reader, n >= 1 && n <= 1000 ? (long)n - 1 : -2);
  return 0;
}

static int skip(lua_State *L, xai_LuaCall *r) {
  xai_ReadState state;
  while ((state = xai_call_peek(r->hold->call)) == XAI_READ_EVENT) {
    const xai_EventInfo *info = &r->hold->call->reader.event.info;
    if (is_useless(info))
      return fail_event(L, r, info->meaning == XAI_MEANS_DEEP);
    take(L, r);
  }
  if (state != XAI_READ_WAIT) return push_end(L, r, state);
  lua_pushboolean(L, 0);
  return 1;
}

/*
** request:skip() -> false when more is to come, nil at the proven end, or
** nil, message, info: goes past all events that are here.
*/
int xai_stream_skip(lua_State *L) { return xai_luacall_poll(L, skip); }

static const char *field_name(xai_Field f) {
  static const char *const names[] = {"event",   "text",      "reasoning",
                                      "summary", "arguments", "signature"};
  return names[f];
}

/* May the text hold the escape of half a surrogate pair? */
static int may_have_surrogate(xai_Slice text) {
  return memchr(text.at, '\\', text.len) != NULL && xai_slice_has(text, "\\ud");
}

/* Push an entry's text, decoded as JSON, with halves as they are. */
static void push_with_surrogates(lua_State *L, xai_LuaCall *r,
                                 const xai_LogEntry *e) {
  int env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  lua_rawgeti(L, env, XAI_SLOT_CODEC);
  if (e->field != XAI_FIELD_NONE) {
    lua_pushliteral(L, "\"");
    lua_pushlstring(L, e->text.at, e->text.len);
    lua_pushliteral(L, "\"");
    lua_concat(L, 3);
  } else {
    lua_pushlstring(L, e->text.at, e->text.len);
  }
  r->surrogates = 1;
  if (!xai_json_decode_surrogates(L, env + 1))
    lua_pushboolean(L, is_too_deep(L));
  lua_replace(L, env);
  lua_settop(L, env);
}

/* Push a decoded event; false where it does not decode, true where it is
** nested too deeply. */
static void push_whole(lua_State *L, xai_Slice text) {
  int rc = push_event(L, text);
  if (rc <= 0) lua_pushboolean(L, rc < 0);
}

/* What its stream has said: at rest that is a string of its environment, which
** is only read. */
static xai_EventLog log_of(lua_State *L, const xai_LuaCall *r) {
  const xai_Call *c = r->hold->call;
  xai_EventLog j;
  size_t n;
  const char *s;
  memset(&j, 0, sizeof j);
  if (c != NULL) j = c->reader.log;
  if (xai_buffer_size(&j.bytes) > 0) return j;
  if (c == NULL) j.last = r->hold->ended.last;
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_LOG);
  s = lua_tolstring(L, -1, &n);
  lua_pop(L, 2);
  if (s == NULL) return j;
  j.bytes.at = (char *)(uintptr_t)s;
  j.bytes.rd = 0;
  j.bytes.len = n;
  return j;
}

/* The place of an entry at index 2.  That of the last answer needs no search:
** all that is read is read in order. */
static size_t check_place(lua_State *L, const xai_LuaCall *r,
                          const xai_EventLog *j) {
  lua_Number n = luaL_checknumber(L, 2);
  size_t at = n >= 0 && n <= (lua_Number)xai_buffer_size(&j->bytes)
                  ? (size_t)n
                  : (size_t)-1;
  if ((at != r->log_read || at > j->last) && !xai_event_log_is_place(j, at))
    luaL_argerror(L, 2, "no entry begins there");
  return at;
}

static int say(lua_State *L, xai_LuaCall *r) {
  xai_EventLog log_read = log_of(L, r);
  size_t at = check_place(L, r, &log_read);
  xai_LogEntry e;
  if (!xai_event_log_read(&log_read, &at, &e)) return 0;
  r->log_read = at;
  lua_pushnumber(L, (lua_Number)at);
  lua_pushstring(L, field_name(e.field));
  if (may_have_surrogate(e.text))
    push_with_surrogates(L, r, &e);
  else if (e.field != XAI_FIELD_NONE)
    xai_push_unescaped(L, &r->hold->engine->scratch, e.text);
  else
    push_whole(L, e.text);
  xai_pushint(L, e.a);
  xai_pushint(L, e.b);
  return 5;
}

/*
** request:said(at) -> at', field, value, a, b: what the stream has said so
** far, entry by entry ('at' is 0 at first); nothing after the last.  'field'
** "event": a decoded event, or as push_whole says; else: text for part (a, b)
** of the answer.
*/
int xai_stream_read_log(lua_State *L) {
  xai_LuaCall *r = xai_luacall_check(L);
  luaL_checknumber(L, 2);
  return r->hold->call != NULL ? xai_luacall_use(L, say) : say(L, r);
}

int xai_stream_has_surrogates(lua_State *L) {
  lua_pushboolean(L, xai_luacall_check(L)->surrogates);
  return 1;
}
