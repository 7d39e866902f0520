/*
** answer.c - answers that are not streams, decoded.
*/
#include "bind/answer.h"

#include <string.h>

#include "base/http_head.h"
#include "bind/error.h"
#include "bind/json_decode.h"
#include "bind/call.h"

static int is_json(const xai_Transfer *t) {
  xai_Slice type = xai_http_head_find(xai_transfer_head(t), "content-type");
  return type.len == 0 || xai_slice_has(type, "json");
}

/*
** Is it known where the answer ends?  Without a length, a connection that is
** cut looks like the end; so does compressed text that is cut.  JSON objects
** and lists tell it by themselves, and the service sends nothing else.
*/
static int has_known_end(const xai_Call *c) {
  const xai_Transfer *t = &c->transfer;
  xai_Slice head = xai_transfer_head(t), packed, coding;
  if (c->heads || t->status == 204 || t->status == 205) return 1;
  packed = xai_http_head_find(head, "content-encoding");
  if (packed.len > 0 && !xai_slice_like(packed, "identity")) return 0;
  if (head.len < 6) return 0;
  if (head.at[5] != '1') return 1;
  coding = xai_http_head_find(head, "transfer-encoding");
  return xai_slice_has(coding, "chunked") ||
         xai_http_head_find(head, "content-length").len > 0;
}

#define LONGEST_ECHO ((size_t)8 << 10)

/* Push the text on top as far as it is shown, and a bit more, so that no key is
** cut in two before it is masked. */
static void push_hidden(lua_State *L, const xai_Call *c) {
  size_t n;
  const char *s = lua_tolstring(L, -1, &n);
  char *copy;
  if (n > XAI_MAX_SHOWN + LONGEST_ECHO) n = XAI_MAX_SHOWN + LONGEST_ECHO;
  copy = (char *)xai_newuserdata(L, n + 1);
  memcpy(copy, s, n);
  xai_call_mask(c, copy, n);
  lua_pushlstring(L, copy, n);
}

static int fail_as(lua_State *L, xai_Call *c, xai_Cause cause,
                   const char *why) {
  xai_Error f;
  memset(&f, 0, sizeof f);
  xai_error_set(&f, xai_cause_kind(cause), XAI_PHASE_NONE, why);
  xai_call_mask(c, f.text, strlen(f.text));
  push_hidden(L, c);
  return xai_info_fail(L, c, &f, 1);
}

static int fail_decode(lua_State *L, xai_Call *c, const char *why) {
  return fail_as(L, c, XAI_CAUSE_ANSWER_NOT_JSON, why);
}

/* What came is on top. */
static int fail_open_end(lua_State *L, xai_Call *c) {
  return fail_as(L, c, XAI_CAUSE_ANSWER_UNPROVEN,
                 "nothing proves that the answer is whole");
}

static int fail_text(lua_State *L, xai_Call *c, const char *problem) {
  char why[200];
  size_t n, shown;
  const char *s = lua_tolstring(L, -1, &n);
  xai_Slice text;
  text.at = s;
  text.len = n;
  text = xai_slice_trim(xai_slice_skip_bom(text));
  if (text.len > 0 && *text.at == '<')
    return fail_decode(L, c, "the answer is HTML, not JSON");
  if (strstr(problem, "nested") != NULL)
    return fail_as(L, c, XAI_CAUSE_ANSWER_TOO_DEEP,
                   "the answer is nested too deeply");
  shown = strlen(problem) < 150 ? strlen(problem) : 150;
  memcpy(why, "the answer is not JSON: ", 24);
  memcpy(why + 24, problem, shown);
  why[24 + shown] = '\0';
  return fail_decode(L, c, why);
}

/* Lists that are empty look like objects when they are decoded. */
static int begins_with_brace(lua_State *L, int text) {
  xai_Slice s;
  s.at = lua_tolstring(L, text, &s.len);
  s = xai_slice_trim(xai_slice_skip_bom(s));
  return s.len > 0 && *s.at == '{';
}

/* The answer's text is on top: leave the decoded value, or the failure. */
static int push_decoded(lua_State *L, const xai_LuaCall *r) {
  int text = lua_gettop(L), codec = text + 2;
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_SLOT_CODEC);
  lua_pushvalue(L, text);
  if (!xai_json_decode(L, codec)) {
    const char *problem = lua_tostring(L, -1);
    lua_pushvalue(L, text);
    return fail_text(L, r->hold->call, problem ? problem : "");
  }
  if (r->any_json && (lua_istable(L, -1) || has_known_end(r->hold->call)))
    return 1;
  if (r->any_json) {
    lua_pushvalue(L, text);
    return fail_open_end(L, r->hold->call);
  }
  if (lua_istable(L, -1) && begins_with_brace(L, text)) return 1;
  lua_pushvalue(L, text);
  return fail_decode(L, r->hold->call, "the answer is JSON, but not an object");
}

/* What was to be deleted is gone; no answer of the service says so. */
static int push_deleted(lua_State *L, xai_LuaCall *r) {
  if (r->any_json) {
    lua_pushboolean(L, 1);
  } else {
    lua_createtable(L, 0, 2);
    xai_getenv(L, 1);
    lua_rawgeti(L, -1, XAI_SLOT_ID);
    lua_setfield(L, -3, "id");
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "deleted");
  }
  lua_pushnil(L);
  xai_info_push(L, r->hold->call);
  return 3;
}

static int push_result(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  xai_Transfer *t = &c->transfer;
  size_t n = xai_buffer_size(&t->body);
  int count;
  if (n == 0 && r->any_json && has_known_end(c)) {
    lua_pushboolean(L, 1);
    count = 1;
  } else {
    lua_pushlstring(L, xai_buffer_data(&t->body), n);
    xai_buffer_free(&t->body); /* large ones are needed once only */
    if (n == 0) return fail_decode(L, c, "the answer is empty");
    count = 1;
    if (!r->any_json || is_json(t))
      count = push_decoded(L, r);
    else if (!has_known_end(c))
      count = fail_open_end(L, c);
  }
  if (count > 1) return count;
  xai_luacall_rest(L, r); /* its head is a string now, for both */
  lua_pushnil(L);
  xai_info_push(L, c);
  return 3;
}

static int push_outcome(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->hold->call;
  if (c->state != XAI_CALL_DONE) {
    lua_pushboolean(L, 0);
    return 1;
  }
  xai_luacall_drop_body(L);
  if (c->outcome.error.kind == XAI_KIND_NONE) {
    int count =
        c->outcome.already_deleted ? push_deleted(L, r) : push_result(L, r);
    xai_luacall_rest(L, r);
    return count;
  }
  lua_pushlstring(L, xai_buffer_data(&c->transfer.body),
                  xai_buffer_size(&c->transfer.body));
  xai_luacall_rest(L, r);
  return xai_info_fail(L, c, &c->outcome.error, 1);
}

/*
** request:outcome() -> false while it is under way, else result, nil, info
** or nil, message, info.  For answers that are not streams; once only.
*/
int xai_answer_outcome(lua_State *L) {
  return xai_luacall_poll(L, push_outcome);
}
