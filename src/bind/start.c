/*
** start.c - the start of a call: core.start.
*/
#include "bind/start.h"

#include <stdio.h>
#include <string.h>

#include "bind/headers.h"
#include "bind/luaerr.h"
#include "bind/options.h"
#include "bind/request.h"
#include "bind/target.h"

/* Keep what the transfer reads alive as long as the request. */
static void anchor(const xai_Start *s, int request) {
  lua_State *L = s->L;
  xai_getenv(L, request);
  if (s->key_from != 0) {
    lua_pushvalue(L, s->key_from);
    lua_rawseti(L, -2, XAI_REQUEST_KEY);
  }
  if (lua_type(L, 3) == LUA_TSTRING) {
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, XAI_REQUEST_ID);
  }
  if (s->body != 0) xai_request_pin_body(L, request, s->body);
  lua_pushvalue(L, s->url);
  lua_rawseti(L, -2, XAI_REQUEST_URL);
  lua_pushvalue(L, s->codec);
  lua_rawseti(L, -2, XAI_REQUEST_CODEC);
  lua_pushstring(L, s->method);
  lua_rawseti(L, -2, XAI_REQUEST_METHOD);
  lua_pop(L, 1);
}

static void begin(xai_Start *s, xai_LuaRequest *r) {
  lua_State *L = s->L;
  xai_Request wire;
  memset(&wire, 0, sizeof wire);
  wire.method = s->method;
  wire.url = lua_tostring(L, s->url);
  wire.stream = s->stream;
  wire.raw = s->raw;
  wire.may_stream =
      s->api != XAI_API_PLAIN && s->api != XAI_API_OTHER && !s->raw;
  if (s->body != 0) wire.body = lua_tolstring(L, s->body, &wire.body_len);
  xai_engine_start(s->engine, r->hold->call, &wire);
}

/* Whoever does without certificates is told what that means. */
static void warn_once(const xai_Start *s) {
  static int warned;
  if (!s->set.insecure || warned) return;
  warned = 1;
  fputs("xai: insecure = true: certificates are not checked, so anyone who "
        "answers can read the key and the prompts\n",
        stderr);
}

/* A JSON module, an api_key function or a finalizer may have closed it. */
static void check_open(const xai_Start *s) {
  if (s->client->engine == NULL)
    xai_misuse(s->L, "%s: the client is closed", s->what);
}

/* The key goes last, unless a header of the user's stands for it. */
static void add_key(const xai_Start *s, xai_LuaRequest *r) {
  const char *key = xai_buffer_data(&s->client->key);
  size_t n = xai_buffer_size(&s->client->key);
  if (s->key != 0) key = lua_tolstring(s->L, s->key, &n);
  xai_headers_add_key(s, r->hold->call, key, n);
  r->hold->call->key_changes = s->key_from != 0;
}

static void start(xai_Start *s) {
  lua_State *L = s->L;
  xai_LuaRequest *r;
  int headers, request, own_key;
  xai_headers_push(s);
  headers = lua_gettop(L);
  check_open(s);
  own_key =
      xai_headers_has(L, "authorization") || xai_headers_has(L, "x-api-key");
  if (!own_key) xai_headers_push_key(s);
  r = xai_request_new(L, s->engine, &s->set, s->api, s->raw);
  request = lua_gettop(L);
  r->any_json = s->any_json;
  r->hold->call->free_form = s->any_json;
  r->hold->call->pending_ok = s->pending_ok;
  r->hold->call->read_once = s->read_once;
  r->hold->call->owner = s->client->owner;
  r->hold->call->usual = memcmp(&s->set, &s->client->set, sizeof s->set) == 0;
  anchor(s, request);
  lua_pushvalue(L, headers);
  xai_headers_add_user(s, r->hold->call);
  xai_headers_add_own(s, r->hold->call);
  lua_settop(L, request);
  check_open(s);
  warn_once(s);
  if (!own_key) add_key(s, r);
  begin(s, r);
}

/* An option that would do nothing is a mistake. */
static void check_options(const xai_Start *s, const xai_Endpoint *row) {
  const char *why = "needs stream = true in the request";
  if (row != NULL)
    why = row->api != XAI_API_PLAIN ? "needs stream = true in the body"
                                    : "is for functions that stream";
  if (!s->stream) {
    xai_options_refuse(s->L, 4, s->what, "on_event", why);
    xai_options_refuse(s->L, 4, s->what, "raw", why);
  }
  if (lua_isnil(s->L, 5))
    xai_options_refuse(s->L, 4, s->what, "on_done", "is one of client:start");
}

int xai_start(lua_State *L) {
  const xai_Endpoint *row;
  const char *name = luaL_checkstring(L, 2);
  const char *as = luaL_optstring(L, 5, name);
  xai_Start s;
  lua_settop(L, 5); /* client, name, argument, options, as */
  memset(&s, 0, sizeof s);
  s.L = L;
  s.what = lua_pushfstring(L, "client:%s", strcmp(as, "warm") ? name : as);
  s.client = xai_client_check(L, s.what);
  s.engine = s.client->engine;
  s.options = lua_isnil(L, 4) ? 0 : 4;
  xai_getenv(L, 1);
  s.env = lua_gettop(L);
  xai_target_settings(&s);
  row = xai_endpoint_find(name);
  if (row != NULL)
    xai_target_row(&s, row);
  else
    xai_target_free_form(&s);
  check_options(&s, row);
  start(&s);
  lua_pushboolean(L, s.stream);
  return 2;
}
