/*
** client.c - clients: settings and a key; the engine that those of a Lua state
** share.
*/
#define _POSIX_C_SOURCE 200112L

#include "bind/client.h"

#include <stdlib.h>
#include <string.h>

#include "bind/json_decode.h"
#include "bind/luautil.h"
#include "bind/options.h"
#include "bind/call.h"
#include "net/url_policy.h"
#include "net/memory.h"

#define CLIENT_MT "xai.client"
#define ENGINE_MT "xai.engine"

static const char client_tag; /* its address is in each client */

/*
** The client at index 1, or NULL.  A client of xai.testing has a metatable of its
** own, so that is not asked for.
*/
static xai_Client *to_client(lua_State *L) {
  xai_Client *c = NULL;
  if (lua_type(L, 1) == LUA_TUSERDATA && lua_rawlen(L, 1) == sizeof *c)
    c = (xai_Client *)lua_touserdata(L, 1);
  return c != NULL && c->tag == &client_tag ? c : NULL;
}

static xai_Client *check_client(lua_State *L) {
  xai_Client *c = to_client(L);
  if (c == NULL) luaL_checkudata(L, 1, CLIENT_MT); /* raises */
  return c;
}

/* ------------------------------------------- what each Lua state has once */

static char engine_key; /* registry: the engine's userdata */
static char agent_key;  /* registry: the user agent's string */

typedef struct EngineBox {
  xai_Engine *engine;
} EngineBox;

/* The Lua state closes: end all calls, even if requests are still alive. */
static int engine_gc(lua_State *L) {
  EngineBox *box = (EngineBox *)luaL_checkudata(L, 1, ENGINE_MT);
  xai_Engine *e = box->engine;
  box->engine = NULL;
  if (e == NULL) return 0;
  xai_engine_close(e);
  xai_engine_unref(e);
  return 0;
}

/* Push the box of the engine; make it when it is first needed. */
static EngineBox *push_box(lua_State *L) {
  EngineBox *box;
  lua_pushlightuserdata(L, &engine_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return (EngineBox *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  box = (EngineBox *)xai_newuserdata(L, sizeof *box);
  box->engine = NULL;
  luaL_setmetatable(L, ENGINE_MT); /* from here on __gc cleans up */
  lua_pushlightuserdata(L, &engine_key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return box;
}

xai_Engine *xai_client_engine(lua_State *L) {
  EngineBox *box = push_box(L);
  lua_pop(L, 1); /* the registry keeps it */
  if (box->engine != NULL) {
    xai_engine_check_fork(box->engine);
    return box->engine;
  }
  if (xai_memory_open()) box->engine = xai_engine_new();
  if (box->engine == NULL) luaL_error(L, "not enough memory");
  return box->engine;
}

xai_Engine *xai_client_engine_if_any(lua_State *L) {
  EngineBox *box;
  lua_pushlightuserdata(L, &engine_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  box = (EngineBox *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (box == NULL || box->engine == NULL) return NULL;
  xai_engine_check_fork(box->engine);
  return box->engine;
}

const char *xai_client_agent(lua_State *L) {
  const char *agent;
  lua_pushlightuserdata(L, &agent_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  agent = lua_tostring(L, -1);
  lua_pop(L, 1); /* the registry keeps it */
  return agent;
}

static void set_agent(lua_State *L) {
  const char *version;
  lua_getglobal(L, "_VERSION");
  version = lua_tostring(L, -1);
  lua_pushlightuserdata(L, &agent_key);
  lua_pushfstring(L, "lua-xai/" XAI_VERSION " (%s; libcurl/%s)",
                  version ? version : "Lua",
                  curl_version_info(CURLVERSION_NOW)->version);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_pop(L, 1);
}

/* --------------------------------------------------------------- lifetime */

xai_Client *xai_client_check(lua_State *L, const char *what) {
  xai_Client *c = to_client(L);
  if (c == NULL)
    xai_misuse(L,
               "%s: the first argument must be a client, got %s (call it "
               "with a colon)",
               what, luaL_typename(L, 1));
  if (c->engine == NULL) xai_misuse(L, "%s: the client is closed", what);
  return c;
}

int xai_client_deadline(lua_State *L) {
  const xai_Client *c = to_client(L);
  if (c == NULL || c->set.deadline_ms == 0) return 0;
  lua_pushnumber(L, (lua_Number)c->set.deadline_ms / 1000);
  return 1;
}

/* Close the client at index 1 and wipe its key. */
static void close_client(lua_State *L, int ends_calls) {
  xai_Client *c = check_client(L);
  xai_Engine *e = c->engine;
  c->engine = NULL;
  xai_buffer_wipe(&c->key);
  xai_buffer_wipe(&c->password);
  if (e == NULL) return;
  if (ends_calls) xai_engine_cancel_client(e, c->client_id);
  e->live--;
  xai_engine_unref(e);
}

/* client:close(), also __close. */
static int client_close(lua_State *L) {
  close_client(L, 1);
  return 0;
}

/* Calls of a collected client go on: its open streams may still be read. */
static int client_gc(lua_State *L) {
  close_client(L, 0);
  return 0;
}

static int client_tostring(lua_State *L) {
  const xai_Client *c = check_client(L);
  if (c->engine == NULL)
    lua_pushliteral(L, "xai.client (closed)");
  else
    lua_pushfstring(L, "xai.client (%s)", c->set.base_url);
  return 1;
}

/* ---------------------------------------------------------------- address */

/* "https://host/a/v1/" and "https://host/a" both mean "https://host/a". */
size_t xai_client_base_length(const char *url) {
  size_t n = strlen(url);
  while (n > 0 && url[n - 1] == '/') n--;
  if (n > 3 && memcmp(url + n - 3, "/v1", 3) == 0) n -= 3;
  while (n > 0 && url[n - 1] == '/') n--;
  return n;
}

/* Refuse an address.  It is not shown if it has an '@', as a secret may stand
** before that. */
static void refuse(lua_State *L, const char *what, const char *option,
                   const char *address, const char *wrong) {
  if (wrong == xai_url_no_memory) luaL_error(L, "not enough memory");
  if (strchr(address, '@') != NULL)
    xai_misuse(L, "%s: %s %s", what, option, wrong);
  xai_misuse(L, "%s: %s '%s' %s", what, option, address, wrong);
}

void xai_client_check_peer(lua_State *L, const char *what,
                           const xai_Settings *set) {
  const char *wrong =
      xai_url_check(set->base_url, set->allow_http || set->unix_socket != NULL);
  if (wrong != NULL) refuse(L, what, "base_url", set->base_url, wrong);
  wrong = xai_url_check_proxy(set);
  if (wrong != NULL) refuse(L, what, "proxy", set->proxy, wrong);
  if (set->cert_file == NULL && (set->key_file || set->key_password))
    xai_misuse(L, "%s: option '%s' needs option 'cert_file'", what,
               set->key_file ? "key_file" : "key_password");
}

/* -------------------------------------------------------------------- key */

/* Refuse a key that would break the header line.  The key is never shown. */
void xai_client_check_key(lua_State *L, const char *what, const char *key,
                          size_t n) {
  if (n == 0) xai_misuse(L, "%s: api_key is empty", what);
  if (xai_bytes_have_control(key, n))
    xai_misuse(L,
               "%s: api_key has a control character in it (a line end, "
               "perhaps?)",
               what);
}

static void set_key(lua_State *L, const char *what, xai_Client *c,
                    const char *key, size_t n) {
  xai_client_check_key(L, what, key, n);
  xai_buffer_clear(&c->key);
  if (xai_buffer_append(&c->key, key, n) != XAI_OK)
    luaL_error(L, "not enough memory");
}

/* Wipe an environment variable, so that neither memory nor children have it. */
static void wipe_variable(const char *name) {
  volatile char *p = getenv(name);
  while (p != NULL && *p != '\0') *p++ = '\0';
  unsetenv(name);
}

static int is_true(lua_State *L, int t, const char *name) {
  int on;
  lua_getfield(L, t, name);
  on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Take the key from the options, else from the environment.  'take_key' wipes
** the one of the environment in either case. */
static void read_key(lua_State *L, const char *what, int options,
                     xai_Client *c) {
  const char *env = getenv("XAI_API_KEY");
  size_t n;
  const char *key;
  lua_getfield(L, options, "api_key");
  if (lua_type(L, -1) == LUA_TSTRING) {
    key = lua_tolstring(L, -1, &n);
    set_key(L, what, c, key, n);
  } else if (lua_isnil(L, -1) && env != NULL && *env != '\0') {
    set_key(L, what, c, env, strlen(env));
  }
  lua_pop(L, 1);
  if (!is_true(L, options, "take_key")) return;
  wipe_variable("XAI_API_KEY");
  xai_memory_wipe();
}

/* -------------------------------------------------------------------- new */

/* Move the certificate's password to a buffer that can be wiped. */
static void keep_password(lua_State *L, int copy, xai_Client *c) {
  if (c->set.key_password == NULL) return;
  if (xai_buffer_puts(&c->password, c->set.key_password) != XAI_OK ||
      xai_buffer_terminate(&c->password) != XAI_OK)
    luaL_error(L, "not enough memory");
  c->set.key_password = xai_buffer_data(&c->password);
  lua_pushnil(L);
  lua_setfield(L, copy, "key_password");
}

/* Push a copy of the options without the key.  It keeps their strings alive. */
static void push_options(lua_State *L, int options) {
  if (lua_isnoneornil(L, options)) {
    lua_newtable(L);
    return;
  }
  xai_options_copy(L, options);
  lua_getfield(L, -1, "api_key");
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_pushnil(L);
    lua_setfield(L, -3, "api_key");
  }
  lua_pop(L, 1);
}

/* Take the base URL from the environment if the options have none. */
static void default_base(lua_State *L, int copy) {
  const char *env = getenv("XAI_BASE_URL");
  lua_getfield(L, copy, "base_url");
  if (lua_isnil(L, -1) && env != NULL && *env != '\0') {
    lua_pushstring(L, env);
    lua_setfield(L, copy, "base_url");
  }
  lua_pop(L, 1);
}

/* Refuse options that have an effect for single calls only. */
static void refuse_options_of_calls(lua_State *L, const char *what) {
  xai_options_refuse(L, 2, what, "on_event", "is one of a call");
  xai_options_refuse(L, 2, what, "on_part", "is one of a call");
  xai_options_refuse(L, 2, what, "on_done", "is one of a call");
  xai_options_refuse(L, 2, what, "raw", "is one of a call");
  xai_options_refuse(L, 2, what, "file", "is one of a call");
  xai_options_refuse(L, 2, what, "save", "is one of a call");
  xai_options_refuse(L, 2, what, "on_progress", "is one of a call");
}

int xai_client_new(lua_State *L) {
  const char *what = luaL_checkstring(L, 1);
  xai_Settings set;
  xai_Client *c;
  int copy, env;
  lua_settop(L, 3); /* what, options, codec */
  luaL_checkudata(L, 3, XAI_CODEC_MT);
  xai_settings_init(&set);
  xai_options_read(L, 2, what, &set);
  refuse_options_of_calls(L, what);
  push_options(L, 2);
  copy = lua_gettop(L);
  default_base(L, copy);
  xai_options_read(L, copy, what, &set);
  xai_client_check_peer(L, what, &set);
  c = (xai_Client *)xai_newuserdata(L, sizeof *c);
  memset(c, 0, sizeof *c);
  c->tag = &client_tag;
  luaL_setmetatable(L, CLIENT_MT); /* from here __gc cleans up */
  lua_createtable(L, 4, 0);
  env = lua_gettop(L);
  lua_pushvalue(L, copy);
  lua_rawseti(L, env, XAI_CLIENT_OPTIONS);
  lua_pushvalue(L, 3);
  lua_rawseti(L, env, XAI_CLIENT_CODEC);
  lua_pushlstring(L, set.base_url, xai_client_base_length(set.base_url));
  lua_rawseti(L, env, XAI_CLIENT_BASE);
  xai_setenv(L, -2);
  c->set = set;
  keep_password(L, copy, c);
  if (lua_istable(L, 2))
    read_key(L, what, 2, c);
  else
    read_key(L, what, copy, c);
  c->engine = xai_engine_ref(xai_client_engine(L));
  c->engine->live++;
  c->client_id = ++c->engine->client_ids;
  lua_getfield(L, copy, "tape");
  c->has_tape = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return 1;
}

static void open_clients(lua_State *L) {
  static const luaL_Reg methods[] = {{"close", client_close},
                                     {"__gc", client_gc},
                                     {"__close", client_close},
                                     {"__tostring", client_tostring},
                                     {NULL, NULL}};
  luaL_newmetatable(L, CLIENT_MT);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void xai_client_open(lua_State *L) {
  luaL_newmetatable(L, ENGINE_MT);
  lua_pushcfunction(L, engine_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  set_agent(L);
  open_clients(L);
}
