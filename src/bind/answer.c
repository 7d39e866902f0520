/*
** answer.c - answers that are not streams, decoded.
*/
#include "bind/answer.h"

#include <string.h>

#include "bind/call.h"
#include "bind/error.h"
#include "bind/json_decode.h"
#include "bind/luautil.h"

#define LONGEST_ECHO ((size_t)8 << 10)

/* Push the beginning of the text on top, with keys masked.  It is longer than
** what is shown, so that a key at the end is whole when it is masked. */
static void push_masked(lua_State *L, const xai_Call *c) {
  size_t n;
  const char *s = lua_tolstring(L, -1, &n);
  char *copy;
  if (n > XAI_MAX_SHOWN + LONGEST_ECHO) n = XAI_MAX_SHOWN + LONGEST_ECHO;
  copy = (char *)xai_newuserdata(L, n + 1);
  memcpy(copy, s, n);
  xai_call_mask(c, copy, n);
  lua_pushlstring(L, copy, n);
}

#define EMPTY "the answer is empty"

/* Push nil, message, info for a failure whose kind is that of 'cause'.  The
** answer's text is on top. */
static int fail_as(lua_State *L, xai_LuaCall *r, xai_Cause cause,
                   const char *why) {
  const xai_Call *c = r->handle->call;
  xai_Error error;
  memset(&error, 0, sizeof error);
  xai_error_set(&error, xai_cause_kind(cause), XAI_PHASE_NONE, why);
  xai_call_mask(c, error.text, strlen(error.text));
  push_masked(L, c);
  return xai_luacall_fail(L, r, &error, 1);
}

static int fail_decode(lua_State *L, xai_LuaCall *r, const char *why) {
  return fail_as(L, r, XAI_CAUSE_ANSWER_NOT_JSON, why);
}

static int fail_open_end(lua_State *L, xai_LuaCall *r) {
  return fail_as(L, r, XAI_CAUSE_ANSWER_UNPROVEN,
                 xai_cause_text(XAI_CAUSE_ANSWER_UNPROVEN));
}

static int fail_text(lua_State *L, xai_LuaCall *r, const char *problem) {
  char why[200];
  size_t n, shown;
  const char *s = lua_tolstring(L, -1, &n);
  xai_Slice text;
  text.at = s;
  text.len = n;
  text = xai_slice_trim(xai_slice_skip_bom(text));
  if (text.len > 0 && *text.at == '<')
    return fail_decode(L, r, "the answer is HTML, not JSON");
  if (strstr(problem, "nested") != NULL)
    return fail_as(L, r, XAI_CAUSE_ANSWER_TOO_DEEP,
                   xai_cause_text(XAI_CAUSE_ANSWER_TOO_DEEP));
  shown = strlen(problem) < 150 ? strlen(problem) : 150;
  memcpy(why, "the answer is not JSON: ", 24);
  memcpy(why + 24, problem, shown);
  why[24 + shown] = '\0';
  return fail_decode(L, r, why);
}

/* Is the text at that index an object?  A decoded empty list looks like one. */
static int begins_with_brace(lua_State *L, int text) {
  xai_Slice s;
  s.at = lua_tolstring(L, text, &s.len);
  s = xai_slice_trim(xai_slice_skip_bom(s));
  return s.len > 0 && *s.at == '{';
}

/* The answer's text is on top: leave the decoded value, or the failure. */
static int push_decoded(lua_State *L, xai_LuaCall *r) {
  int text = lua_gettop(L), codec = text + 2, is_table;
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_CODEC);
  lua_pushvalue(L, text);
  if (!xai_json_decode(L, codec)) {
    const char *problem = lua_tostring(L, -1);
    lua_pushvalue(L, text);
    return fail_text(L, r, problem ? problem : "");
  }
  is_table = lua_istable(L, -1);
  if (r->any_json) {
    if (is_table || xai_call_has_known_end(r->handle->call)) return 1;
    lua_pushvalue(L, text);
    return fail_open_end(L, r);
  }
  if (is_table && begins_with_brace(L, text)) return 1;
  lua_pushvalue(L, text);
  return fail_decode(L, r, "the answer is JSON, but not an object");
}

/* Push an answer in place of the lost one: an earlier attempt has deleted the
** object. */
static void push_deleted(lua_State *L, const xai_LuaCall *r) {
  if (r->any_json) {
    lua_pushboolean(L, 1);
    return;
  }
  lua_createtable(L, 0, 2);
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_ID);
  lua_setfield(L, -3, "id");
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "deleted");
}

/* Push what an empty answer counts as; 0 if it must not be empty. */
static int push_empty(lua_State *L, const xai_LuaCall *r) {
  if (!xai_call_has_known_end(r->handle->call)) return 0;
  if (r->any_json)
    lua_pushboolean(L, 1);
  else if (r->may_be_empty)
    lua_newtable(L);
  return r->any_json || r->may_be_empty;
}

static int went_to_file(const xai_Call *c) {
  xai_OutputKind kind = xai_call_output_kind(c);
  return kind != XAI_OUTPUT_NONE && xai_output_is_file(kind);
}

/* Push the answer, or nil, message, info; returns how many. */
static int push_answer(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  size_t n = xai_call_body(c).len;
  if (went_to_file(c)) {
    lua_pushstring(L, xai_call_output_path(c));
    return 1;
  }
  if (n == 0 && push_empty(L, r)) return 1;
  xai_push_slice(L, xai_call_body(c));
  xai_call_free_body(c); /* long ones are needed only once */
  if (n == 0) return fail_decode(L, r, EMPTY);
  if (!r->any_json || xai_call_is_json(c)) return push_decoded(L, r);
  return xai_call_has_known_end(c) ? 1 : fail_open_end(L, r);
}

static int push_success(lua_State *L, xai_LuaCall *r) {
  int count = 1;
  if (xai_call_already_deleted(r->handle->call))
    push_deleted(L, r);
  else
    count = push_answer(L, r);
  /* Before the facts: both share the head's string.  Pictures still have to be
  ** named, see output.c. */
  if (count > 1 || xai_call_output_kind(r->handle->call) != XAI_OUTPUT_PICTURES)
    xai_luacall_rest(L, r);
  if (count > 1) return count;
  lua_pushnil(L);
  xai_luacall_push_info(L, r);
  return 3;
}

static int push_outcome(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  if (!xai_call_is_done(c)) {
    lua_pushboolean(L, 0);
    return 1;
  }
  xai_luacall_drop_body(L);
  if (xai_call_error(c)->kind == XAI_KIND_NONE) return push_success(L, r);
  xai_push_slice(L, xai_call_body(c));
  xai_luacall_rest(L, r);
  return xai_luacall_fail(L, r, xai_call_error(c), 1);
}

/* The outcome of a request at rest.  The answer of a success was returned
** before, and is not kept. */
static int push_past(lua_State *L, xai_LuaCall *r) {
  int count = xai_luacall_push_past(L, r);
  xai_Error error;
  if (count > 0) return count;
  memset(&error, 0, sizeof error);
  xai_error_set(&error, xai_cause_kind(XAI_CAUSE_ANSWER_NOT_JSON),
                XAI_PHASE_NONE, EMPTY);
  return xai_luacall_fail(L, r, &error, 0);
}

/*
** request:outcome() -> false while it is under way, else result, nil, info
** or nil, message, info.  For answers that are not streams; once only.
*/
static int answer_outcome(lua_State *L) {
  return xai_luacall_use(L, push_outcome, push_past);
}

const luaL_Reg xai_answer_methods[] = {{"outcome", answer_outcome},
                                       {NULL, NULL}};
