/*
** stream.c - the methods of a request that read its event stream.
*/
#include "bind/stream.h"

#include <string.h>

#include "bind/call.h"
#include "bind/event_table.h"
#include "bind/json_decode.h"
#include "bind/luautil.h"

static xai_EventReader *reader_of(const xai_LuaCall *r) {
  return xai_call_reader(r->handle->call);
}

static int push_pending(lua_State *L) {
  lua_pushboolean(L, 0);
  return 1;
}

/* -------------------------------------------------------- ends of a stream */

/* The shown event reports a failure.  If another attempt follows, push false:
** more is to come. */
static int push_reported_error(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  if (!xai_engine_fail_by_event(r->handle->engine, c)) return push_pending(L);
  xai_push_slice(L, reader_of(r)->event.sse.data);
  xai_luacall_rest(L, r);
  return xai_luacall_fail(L, r, xai_call_error(c), 1);
}

/* The transfer failed, or what it brought cannot be trusted. */
static int push_read_error(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  if (xai_call_is_whole(c)) /* request:outcome() has it */
    return xai_luacall_fail_as(L, r, XAI_CAUSE_NO_STREAM);
  xai_engine_fail_reading(r->handle->engine, c);
  if (!xai_call_is_plain(c)) {
    xai_luacall_rest(L, r);
    return xai_luacall_fail(L, r, xai_call_error(c), 0);
  }
  xai_push_slice(L, xai_call_body(c)); /* another attempt's answer */
  return xai_luacall_fail(L, r, xai_call_error(c), 1);
}

/* Push what ended the stream: nothing, or nil, message, info. */
static int push_end(lua_State *L, xai_LuaCall *r, xai_ReadState state) {
  if (state == XAI_READ_ERROR) return push_reported_error(L, r);
  if (state == XAI_READ_FAILED) return push_read_error(L, r);
  xai_engine_end_reading(r->handle->engine, r->handle->call);
  if (xai_call_is_done(r->handle->call)) xai_luacall_drop_body(L);
  xai_luacall_rest(L, r);
  return 0;
}

/*
** The shown event.  Its slices are not valid after a Lua value was made: a
** finalizer may have moved the bytes or read the event.  So ask again then.
*/
static const xai_SseEvent *shown(const xai_LuaCall *r) {
  static const xai_SseEvent none = {{"", 0}, {"", 0}, {"", 0}};
  if (xai_call_peek(r->handle->call) != XAI_READ_EVENT) return &none;
  return &reader_of(r)->event.sse;
}

static xai_Cause cause_of(int too_deep) {
  return too_deep ? XAI_CAUSE_EVENT_TOO_DEEP : XAI_CAUSE_EVENT_NOT_JSON;
}

/* An event is not a JSON object, or is 'too_deep': the stream cannot be
** trusted. */
static int fail_event(lua_State *L, xai_LuaCall *r, int too_deep) {
  xai_Call *c = r->handle->call;
  xai_engine_refuse_event(r->handle->engine, c, cause_of(too_deep));
  xai_push_slice(L, shown(r)->data);
  xai_luacall_rest(L, r);
  return xai_luacall_fail(L, r, xai_call_error(c), 1);
}

static int fail_damaged(lua_State *L, xai_LuaCall *r) {
  return fail_event(L, r, lua_toboolean(L, 2));
}

static int fail_damaged_at_rest(lua_State *L, xai_LuaCall *r) {
  return xai_luacall_replace_error(L, r, cause_of(lua_toboolean(L, 2)));
}

/*
** request:damaged(too_deep) -> nil, message, info: what was read to the end
** holds an event that does not decode.
*/
static int stream_damaged(lua_State *L) {
  return xai_luacall_use(L, fail_damaged, fail_damaged_at_rest);
}

/* ------------------------------------------------------------------ events */

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

/* Consume the shown event, whose value is on the stack.  Returns 0 if the log
** would exceed max_body, which is the stream's error then. */
static int consume(lua_State *L, xai_LuaCall *r) {
  int rc = xai_engine_consume(r->handle->engine, r->handle->call);
  if (rc == XAI_ENOMEM) luaL_error(L, "not enough memory");
  return rc == XAI_OK;
}

static int is_useless(const xai_EventInfo *r) {
  return r->meaning == XAI_MEANS_BROKEN || r->meaning == XAI_MEANS_DEEP;
}

/* Did the JSON module refuse the text for its depth?  It says so on top. */
static int is_too_deep(lua_State *L) {
  const char *problem = lua_tostring(L, -1);
  return problem != NULL && strstr(problem, "nested") != NULL;
}

/* Decode 'text'; nothing is pushed when it is no JSON object (0) or is nested
** too deeply (-1). */
static int push_event_as(lua_State *L, xai_Slice text,
                         int (*decode)(lua_State *, int)) {
  int rc, env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  lua_rawgeti(L, env, XAI_SLOT_CODEC);
  xai_push_slice(L, text);
  if (decode(L, env + 1) && lua_istable(L, -1)) {
    lua_replace(L, env);
    lua_settop(L, env);
    return 1;
  }
  rc = lua_type(L, -1) == LUA_TSTRING && is_too_deep(L) ? -1 : 0;
  lua_settop(L, env - 1);
  return rc;
}

static int push_event(lua_State *L, xai_Slice text) {
  return push_event_as(L, text, xai_json_decode);
}

/* Push the shown event.  0: it is no JSON object; -1: nested too deeply. */
static int push_shown(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = reader_of(r);
  if (s->raw) {
    push_raw(L, r);
    return 1;
  }
  if (s->event.info.template_serial != 0 && xai_event_table_push(L, r))
    return 1;
  return push_event(L, shown(r)->data);
}

static int push_next(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = reader_of(r);
  for (;;) {
    unsigned long consumed = s->consumed;
    xai_ReadState state = xai_call_peek(r->handle->call);
    int rc;
    if (state == XAI_READ_WAIT) return push_pending(L);
    if (state != XAI_READ_EVENT) return push_end(L, r, state);
    if (is_useless(&s->event.info))
      return fail_event(L, r, s->event.info.meaning == XAI_MEANS_DEEP);
    rc = push_shown(L, r);
    if (s->consumed == consumed) { /* else a finalizer has read the event */
      if (rc <= 0) return fail_event(L, r, rc < 0);
      if (consume(L, r)) return 1;
    }
    lua_settop(L, 1);
  }
}

/*
** request:event() -> the next event; false when it is not here yet; nil at
** the proven end; nil, message, info when the stream broke.
*/
static int stream_event(lua_State *L) {
  return xai_luacall_use(L, push_next, xai_luacall_push_past);
}

/* -------------------------------------------------------------------- text */

/* Push the text.  A surrogate at the end of the last text joins it. */
static void push_text(lua_State *L, xai_LuaCall *r) {
  xai_EventReader *s = reader_of(r);
  const xai_EventInfo *info = &s->event.info;
  xai_Slice raw = info->text;
  xai_Buffer *b = &r->handle->engine->scratch;
  unsigned surrogate = s->surrogate; /* is only changed if nothing raises */
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

/* Push U+FFFD for an unpaired surrogate at the end of the last text.  Returns 0
** if there is none. */
static int push_unpaired(lua_State *L, xai_EventReader *s) {
  if (s->surrogate == 0) return 0;
  lua_pushliteral(L, "\xEF\xBF\xBD");
  s->surrogate = 0;
  return 1;
}

static int push_next_text(lua_State *L, xai_LuaCall *r) {
  xai_EventReader *s = reader_of(r);
  const xai_EventInfo *info = &s->event.info;
  for (;;) {
    unsigned long consumed = s->consumed;
    xai_ReadState state = xai_call_peek(r->handle->call);
    if (state == XAI_READ_WAIT) return push_pending(L);
    if (state != XAI_READ_EVENT)
      return push_unpaired(L, s) ? 1 : push_end(L, r, state);
    if (is_useless(info))
      return fail_event(L, r, info->meaning == XAI_MEANS_DEEP);
    if (info->has_text && info->text.len > 0) push_text(L, r);
    if (s->consumed == consumed && consume(L, r) && lua_gettop(L) > 1 &&
        lua_rawlen(L, -1) > 0)
      return 1;
    lua_settop(L, 1);
  }
}

/*
** request:text() -> the next piece of visible text of the wanted choice;
** else as request:event().  Builds no tables.
*/
static int stream_text(lua_State *L) {
  return xai_luacall_use(L, push_next_text, xai_luacall_push_past);
}

/* request:want(n): the choice whose text is wanted, from 1. */
static int stream_want(lua_State *L) {
  const xai_LuaCall *r = xai_luacall_check(L);
  lua_Number n = luaL_checknumber(L, 2);
  if (r->handle->call != NULL)
    xai_event_reader_want(reader_of(r), n >= 1 && n <= 1000 ? (long)n - 1 : -2);
  return 0;
}

static int skip(lua_State *L, xai_LuaCall *r) {
  const xai_EventInfo *info = &reader_of(r)->event.info;
  xai_ReadState state;
  while ((state = xai_call_peek(r->handle->call)) == XAI_READ_EVENT) {
    if (is_useless(info))
      return fail_event(L, r, info->meaning == XAI_MEANS_DEEP);
    consume(L, r);
  }
  return state == XAI_READ_WAIT ? push_pending(L) : push_end(L, r, state);
}

/*
** request:skip() -> false when more is to come, nil at the proven end, or
** nil, message, info: goes past all events that are here.
*/
static int stream_skip(lua_State *L) {
  return xai_luacall_use(L, skip, xai_luacall_push_past);
}

/* ------------------------------------------------------------------- parts */

static const char *field_name(xai_Field f) {
  static const char *const names[] = {"event",   "text",      "reasoning",
                                      "summary", "arguments", "signature"};
  return names[f];
}

static int has_escape(xai_Slice text) {
  return memchr(text.at, '\\', text.len) != NULL;
}

/* May the text hold the escape of a surrogate? */
static int may_have_surrogate(xai_Slice text) {
  return has_escape(text) && xai_slice_has(text, "\\ud");
}

/* Push the visible text of the shown event as a whole; nil where it has none.
** Half a character at its end is U+FFFD. */
static void push_stated_text(lua_State *L, xai_LuaCall *r) {
  const xai_EventInfo *info = &reader_of(r)->event.info;
  xai_Buffer *b = &r->handle->engine->scratch;
  unsigned surrogate = 0;
  int rc;
  if (!info->has_text) {
    lua_pushnil(L);
    return;
  }
  xai_buffer_clear(b);
  rc = xai_event_schema_text(info, &surrogate, b);
  if (rc == XAI_OK && surrogate != 0) rc = xai_buffer_puts(b, "\xEF\xBF\xBD");
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
  xai_push_buffer(L, b);
}

/* Push the shown event, "event" and its visible text.  As push_event, but with
** unpaired surrogates. */
static int push_part_event(lua_State *L, xai_LuaCall *r) {
  int text = lua_gettop(L) + 1, rc;
  push_stated_text(L, r);
  rc = push_event_as(L, shown(r)->data, xai_json_decode_surrogates);
  if (rc <= 0) return rc;
  lua_pushliteral(L, "event");
  lua_pushvalue(L, text);
  lua_remove(L, text);
  return 1;
}

/* Push the name of a field; nil for the visible text, as that is the usual one. */
static void push_field(lua_State *L, xai_Field field) {
  if (field == XAI_FIELD_TEXT)
    lua_pushnil(L);
  else
    lua_pushstring(L, field_name(field));
}

/* Push the text of the shown event, its field and place; nothing where it is a
** text that was shown already, or a signature. */
static void push_delta(lua_State *L, xai_LuaCall *r, int is_escaped) {
  const xai_EventInfo *info = &reader_of(r)->event.info;
  xai_Field field = info->field;
  uint32_t a = info->a;
  int is_late = field == XAI_FIELD_TEXT && !info->has_text &&
                reader_of(r)->schema.api == XAI_API_RESPONSES;
  if (is_late || field == XAI_FIELD_SIGNATURE || info->delta.len == 0) return;
  if (is_escaped)
    xai_push_unescaped(L, &r->handle->engine->scratch, info->delta);
  else
    xai_push_slice(L, info->delta);
  push_field(L, field);
  xai_pushint(L, a);
}

/* Push the part of a chunk that is read without decoding it.  0: it must be
** decoded, or what it says does not decode; -1: that is nested too deeply. */
static int push_chunk_part(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = reader_of(r);
  xai_ChunkPart part;
  int ends;
  if (!xai_event_schema_chunk_part(&s->schema, s->event.sse.data, &part) ||
      may_have_surrogate(part.text))
    return 0;
  if (part.usage.len > 0) {
    int rc = push_event_as(L, part.usage, xai_json_decode_surrogates);
    if (rc > 0) lua_pushliteral(L, "usage");
    return rc;
  }
  ends = part.reason.len > 0;
  if (!ends && part.text.len == 0) return 1;
  xai_push_unescaped(L, &r->handle->engine->scratch,
                     ends ? part.reason : part.text);
  if (ends)
    lua_pushliteral(L, "finish");
  else
    push_field(L, part.field);
  xai_pushint(L, part.index);
  return 1;
}

static int push_next_part(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = reader_of(r);
  const xai_EventInfo *info = &s->event.info;
  for (;;) {
    unsigned long consumed = s->consumed;
    xai_ReadState state = xai_call_peek(r->handle->call);
    int rc = 1, is_delta, is_escaped;
    if (state == XAI_READ_WAIT) return push_pending(L);
    if (state != XAI_READ_EVENT) return push_end(L, r, state);
    if (is_useless(info))
      return fail_event(L, r, info->meaning == XAI_MEANS_DEEP);
    is_delta = info->field != XAI_FIELD_NONE;
    is_escaped = is_delta && has_escape(info->delta);
    if (is_delta && !(is_escaped && xai_slice_has(info->delta, "\\ud")))
      push_delta(L, r, is_escaped);
    else if ((rc = push_chunk_part(L, r)) == 0)
      rc = push_part_event(L, r);
    if (s->consumed == consumed) { /* else a finalizer has read the event */
      if (rc <= 0) return fail_event(L, r, rc < 0);
      if (consume(L, r) && lua_gettop(L) > 1) return lua_gettop(L) - 1;
    }
    lua_settop(L, 1);
  }
}

/*
** request:part() -> text, field, a: the next piece of the visible text
** ('field' is nil), of "reasoning", "summary" or "arguments" for part a of the
** answer, the finish_reason ("finish") of choice a, or the usage (a table,
** "usage") of a chunk that has no choice; or
** event, "event", text: any other event, with its unpaired surrogates, and for
** responses the visible text that it states; else as request:event().  Builds
** no tables for pieces of text.
*/
static int stream_part(lua_State *L) {
  return xai_luacall_use(L, push_next_part, xai_luacall_push_past);
}

/* --------------------------------------------------------------- event log */

/* Push an entry's text, decoded as JSON, with its unpaired surrogates. */
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

/* The event log of the request's stream.  At rest its bytes are a string of
** the request's environment, which is only read. */
static xai_EventLog log_of(lua_State *L, const xai_LuaCall *r) {
  xai_EventLog log;
  size_t n;
  const char *s;
  memset(&log, 0, sizeof log);
  if (r->handle->call != NULL) log = reader_of(r)->log;
  if (xai_buffer_size(&log.bytes) > 0) return log;
  log.last = xai_luacall_info(r).log_last;
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_LOG);
  s = lua_tolstring(L, -1, &n);
  lua_pop(L, 2);
  if (s == NULL) return log;
  log.bytes.at = (char *)(uintptr_t)s;
  log.bytes.rd = 0;
  log.bytes.len = n;
  return log;
}

/* The place of an entry, at index 2.  The place that the last call returned
** needs no search: readers go in order. */
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

static int push_entry(lua_State *L, xai_LuaCall *r) {
  xai_EventLog log = log_of(L, r);
  size_t at = check_place(L, r, &log);
  xai_LogEntry e;
  if (!xai_event_log_read(&log, &at, &e)) return 0;
  r->log_read = at;
  lua_pushnumber(L, (lua_Number)at);
  lua_pushstring(L, field_name(e.field));
  if (may_have_surrogate(e.text))
    push_with_surrogates(L, r, &e);
  else if (e.field != XAI_FIELD_NONE)
    xai_push_unescaped(L, &r->handle->engine->scratch, e.text);
  else
    push_whole(L, e.text);
  xai_pushint(L, e.a);
  xai_pushint(L, e.b);
  return 5;
}

/*
** request:read_log(at) -> at', field, value, a, b: one entry of the event log,
** and the place of the next ('at' is 0 at first); nothing after the last.
** 'field' "event": a decoded event, or as push_whole says; else: text for part
** (a, b) of the answer.
*/
static int stream_read_log(lua_State *L) {
  luaL_checknumber(L, 2);
  return xai_luacall_use(L, push_entry, push_entry);
}

/* request:has_surrogates() -> did request:read_log return a text with unpaired
** surrogates?  Each has the three bytes that UTF-8 would give it. */
static int stream_has_surrogates(lua_State *L) {
  lua_pushboolean(L, xai_luacall_check(L)->surrogates);
  return 1;
}

const luaL_Reg xai_stream_methods[] = {
    {"event", stream_event},
    {"text", stream_text},
    {"want", stream_want},
    {"skip", stream_skip},
    {"read_log", stream_read_log},
    {"has_surrogates", stream_has_surrogates},
    {"damaged", stream_damaged},
    {"part", stream_part},
    {NULL, NULL}};
