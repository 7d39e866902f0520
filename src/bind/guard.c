/*
** guard.c - what Lua is asked before a guarded call begins, and told of it.
*/
#include "bind/guard.h"

#include "bind/call.h"
#include "bind/client.h"
#include "bind/error.h"
#include "bind/luautil.h"

int xai_guard_all(lua_State *L) {
  xai_client_engine(L)->guards_all = lua_toboolean(L, 1);
  return 0;
}

static void push_id(lua_State *L, const xai_Guard *g) {
  lua_pushnumber(L, (lua_Number)g->id);
}

void xai_guard_ask(lua_State *L, int request, int client_options) {
  const xai_LuaCall *r = (const xai_LuaCall *)lua_touserdata(L, request);
  const xai_Call *c = r->handle->call;
  if (c == NULL || !xai_call_is_held(c)) return;
  lua_getfield(L, LUA_REGISTRYINDEX, XAI_ON_GUARDED);
  lua_pushvalue(L, request);
  push_id(L, xai_call_guard_of(c));
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 4);
  lua_pushvalue(L, client_options);
  lua_call(L, 6, 0);
}

/* ---------------------------------------------------------------- methods */

/* request:admit(each): its next attempt may begin.  With 'each' the attempts
** after that wait to be admitted, too.  Nothing happens unless it is held. */
static int request_admit(lua_State *L) {
  const xai_LuaCall *r = xai_luacall_check(L);
  if (r->handle->call != NULL)
    xai_engine_admit(r->handle->engine, r->handle->call, lua_toboolean(L, 2));
  return 0;
}

/* request:refuse(code, message): end it with kind "limit", unless it is not
** held. */
static int request_refuse(lua_State *L) {
  const xai_LuaCall *r = xai_luacall_check(L);
  const char *code = luaL_checkstring(L, 2), *text = luaL_checkstring(L, 3);
  if (r->handle->call != NULL)
    xai_engine_refuse(r->handle->engine, r->handle->call, code, text);
  return 0;
}

const luaL_Reg xai_guard_methods[] = {
    {"admit", request_admit}, {"refuse", request_refuse}, {NULL, NULL}};

/* ------------------------------------------------------------------- news */

/* The guard whose news is being told, as a userdata: if a push raises, it is told
** again later. */
typedef struct GuardBox {
  xai_Engine *engine;
  xai_Guard *guard; /* NULL: it was told */
} GuardBox;

#define BOX_MT "xai.guard"

static int box_gc(lua_State *L) {
  GuardBox *box = (GuardBox *)luaL_checkudata(L, 1, BOX_MT);
  xai_Engine *e = box->engine;
  if (box->guard != NULL) xai_guard_list(&e->news, box->guard);
  box->guard = NULL;
  box->engine = NULL;
  if (e != NULL) xai_engine_unref(e);
  return 0;
}

static GuardBox *push_box(lua_State *L, xai_Engine *e) {
  GuardBox *box = (GuardBox *)xai_newuserdata(L, sizeof *box);
  box->engine = NULL;
  box->guard = NULL;
  if (luaL_newmetatable(L, BOX_MT)) {
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  box->engine = xai_engine_ref(e);
  return box;
}

/* Needs no memory, as it would be lost otherwise: the Lua half has the literal. */
static int push_failure(lua_State *L, xai_Guard *g) {
  g->has_failure = 0;
  push_id(L, g);
  lua_pushliteral(L, "failure");
  lua_pushboolean(L, g->failure == XAI_KIND_RATE_LIMIT);
  lua_pushnumber(L, (lua_Number)g->wait_ms / 1000);
  if (g->hint_ms < 0) return 4;
  lua_pushnumber(L, (lua_Number)g->hint_ms / 1000);
  return 5;
}

static void push_text(lua_State *L, const xai_Buffer *b) {
  if (xai_buffer_size(b) == 0)
    lua_pushnil(L);
  else
    xai_push_buffer(L, b);
}

/* Push the facts about the settled call, or its failure. */
static void push_info(lua_State *L, const xai_Guard *g) {
  xai_Report report;
  report.call = &g->info;
  report.error = &g->error;
  report.error_body = NULL;
  if (g->error.kind != XAI_KIND_NONE) lua_pushnil(L); /* no body */
  lua_pushnil(L);                                     /* no URL */
  push_text(L, &g->head);
  if (g->error.kind == XAI_KIND_NONE) {
    xai_info_push(L, &g->info);
    return;
  }
  xai_info_fail(L, &report);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

static void push_unescaped(lua_State *L, xai_Engine *e, const xai_Buffer *b) {
  if (xai_buffer_size(b) == 0)
    lua_pushnil(L);
  else
    xai_push_unescaped(L, &e->scratch, xai_buffer_slice(b));
}

static int push_end(lua_State *L, xai_Engine *e, const xai_Guard *g) {
  push_id(L, g);
  lua_pushliteral(L, "end");
  push_info(L, g);
  push_text(L, &g->usage.last);
  push_text(L, &g->usage.first);
  push_unescaped(L, e, &g->usage.model);
  push_unescaped(L, e, &g->usage.id);
  lua_pushboolean(L, g->forked);
  return 8;
}

int xai_guard_news(lua_State *L) {
  xai_Engine *e = xai_client_engine_if_any(L);
  xai_Guard *g;
  GuardBox *box;
  int n;
  lua_settop(L, 0);
  if (e == NULL || e->news.first == NULL) return 0;
  box = push_box(L, e);
  g = e->news.first; /* a finalizer may have changed the list until here */
  if (g == NULL) return 0;
  if (g->has_failure) {
    if (!g->settled) xai_guard_take(&e->news);
    return push_failure(L, g);
  }
  box->guard = xai_guard_take(&e->news);
  n = push_end(L, e, g);
  box->guard = NULL;
  xai_guard_free(g);
  return n;
}
