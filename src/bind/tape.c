/*
** tape.c - the option 'tape' of clients: calls are answered from memory, or
** recorded.
*/
#include "bind/tape.h"

#include <string.h>

#include "bind/luautil.h"

/* Push the value at 'i'; nil for 0. */
static void push_or_nil(lua_State *L, int i) {
  if (i == 0)
    lua_pushnil(L);
  else
    lua_pushvalue(L, i);
}

int xai_tape_ask(lua_State *L, const xai_TapeQuestion *q) {
  int top = lua_gettop(L) - 1;
  luaL_checkstack(L, 12, "tape");
  lua_getfield(L, -1, "answer");
  lua_insert(L, -2);
  push_or_nil(L, q->name);
  lua_pushstring(L, q->method);
  lua_pushstring(L, q->path);
  push_or_nil(L, q->body);
  push_or_nil(L, q->first);
  push_or_nil(L, q->second);
  lua_pushboolean(L, q->held);
  lua_call(L, 8, 2);
  if (!lua_istable(L, -2) && lua_isstring(L, -1))
    xai_misuse(L, "%s: %s", q->what, lua_tostring(L, -1));
  lua_settop(L, top + lua_istable(L, -2));
  return lua_gettop(L) > top;
}

static int is_record(lua_State *L, int t) {
  int is;
  lua_getfield(L, t, "record");
  is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

int xai_tape_is_replay(lua_State *L, int t) { return !is_record(L, t); }

/* The text of a field; empty if it is no string.  The table keeps it. */
static xai_Slice text_of(lua_State *L, int t, const char *name) {
  xai_Slice text = {"", 0};
  lua_getfield(L, t, name);
  if (lua_type(L, -1) == LUA_TSTRING) text.at = lua_tolstring(L, -1, &text.len);
  lua_pop(L, 1);
  return text;
}

void xai_tape_read_replay(lua_State *L, int t, xai_Replay *r) {
  r->on = 1;
  r->head = text_of(L, t, "head");
  r->body = text_of(L, t, "body");
  r->sizes = text_of(L, t, "sizes");
  r->end = xai_kind_find(text_of(L, t, "kind").at);
  r->phase = xai_phase_find(text_of(L, t, "phase").at);
  r->why = text_of(L, t, "why").at;
  lua_getfield(L, t, "again");
  r->has_more = lua_isfunction(L, -1);
  lua_pop(L, 1);
}

void xai_tape_ask_again(lua_State *L, const xai_Call *c) {
  int t = lua_gettop(L);
  luaL_checkstack(L, 12, "tape");
  lua_getfield(L, t, "again");
  lua_pushvalue(L, t);
  xai_push_slice(L, xai_call_sent_body(c));
  lua_call(L, 2, 2);
  if (!lua_istable(L, -2)) { /* the user's line is not known any more */
    if (!lua_isstring(L, -1)) lua_pushliteral(L, "xai: the tape has no answer");
    lua_error(L);
  }
  lua_settop(L, t + 1);
  lua_remove(L, t);
}

/* Set a field to a text with the keys of the call masked. */
static void set_masked(lua_State *L, int t, const xai_Call *c, const char *name,
                       const char *text, size_t n) {
  char *copy = (char *)xai_newuserdata(L, n + 1);
  memcpy(copy, text, n);
  xai_call_mask(c, copy, n);
  lua_pushlstring(L, copy, n);
  lua_setfield(L, t, name);
  lua_pop(L, 1);
}

void xai_tape_set_request(lua_State *L, int t, const xai_Call *c,
                          const char *path, const xai_Request *r) {
  set_masked(L, t, c, "path", path, strlen(path));
  if (r->body != NULL) set_masked(L, t, c, "body", r->body, r->body_len);
}

void xai_tape_tell(lua_State *L, xai_Call *c) {
  int t = lua_gettop(L);
  xai_Kind cut = xai_call_cut_by(c);
  if (is_record(L, t)) {
    luaL_checkstack(L, 12, "tape");
    lua_getfield(L, t, "done");
    lua_pushvalue(L, t);
    xai_push_slice(L, xai_call_head(c));
    xai_push_buffer(L, &xai_call_recording(c)->body);
    xai_push_buffer(L, &xai_call_recording(c)->sizes);
    lua_pushstring(L, cut == XAI_KIND_NONE ? NULL : xai_kind_name(cut));
    lua_pcall(L, 5, 0, 0); /* the function tells its errors itself */
  }
  lua_settop(L, t - 1);
}
