/*
** client.c - clients: settings and a key; the start of calls.
*/
#define _POSIX_C_SOURCE 200112L

#include "bind/client.h"

#include <stdlib.h>
#include <string.h>

#include "bind/core.h"
#include "bind/json.h"
#include "bind/luaerr.h"
#include "bind/options.h"
#include "bind/request.h"
#include "net/address.h"

#define CLIENT_MT "xai.client"

/* Slots of a client's environment. */
#define CLIENT_OPTIONS 1 /* a copy: it keeps the strings of 'set' alive */
#define CLIENT_CODEC 2
#define CLIENT_BASE 3 /* the base URL without "/v1" */
#define CLIENT_AGENT 4

typedef struct Client {
  xai_Engine *engine; /* NULL once closed */
  xai_Settings set;
  xai_Buffer key;      /* nowhere else; wiped when the client closes */
  unsigned long owner; /* its number with the engine */
} Client;

/* --------------------------------------------------------------- lifetime */

static Client *check_client(lua_State *L, const char *what) {
  Client *c = (Client *)luaL_testudata(L, 1, CLIENT_MT);
  if (c == NULL)
    xai_misuse(L,
               "%s: the first argument must be a client, got %s (call it "
               "with a colon)",
               what, luaL_typename(L, 1));
  if (c->engine == NULL) xai_misuse(L, "%s: the client is closed", what);
  return c;
}

/* client:close(), also __gc and __close.  Ends its calls, wipes the key. */
static int client_close(lua_State *L) {
  Client *c = (Client *)luaL_checkudata(L, 1, CLIENT_MT);
  xai_Engine *e = c->engine;
  c->engine = NULL;
  xai_buffer_wipe(&c->key);
  if (e == NULL) return 0;
  xai_engine_cancel_owner(e, c->owner);
  e->live--;
  xai_engine_unref(e);
  return 0;
}

/* A client that is dropped lets its calls go on: streams that were opened
** may still be read. */
static int client_gc(lua_State *L) {
  Client *c = (Client *)luaL_checkudata(L, 1, CLIENT_MT);
  xai_Engine *e = c->engine;
  c->engine = NULL;
  xai_buffer_wipe(&c->key);
  if (e == NULL) return 0;
  e->live--;
  xai_engine_unref(e);
  return 0;
}

static int client_tostring(lua_State *L) {
  const Client *c = (const Client *)luaL_checkudata(L, 1, CLIENT_MT);
  if (c->engine == NULL)
    lua_pushliteral(L, "xai.client (closed)");
  else
    lua_pushfstring(L, "xai.client (%s)", c->set.base_url);
  return 1;
}

/* ---------------------------------------------------------------- address */

/* "https://host/a/v1/" and "https://host/a" both mean "https://host/a". */
static size_t base_length(const char *url) {
  size_t n = strlen(url);
  while (n > 0 && url[n - 1] == '/') n--;
  if (n > 3 && memcmp(url + n - 3, "/v1", 3) == 0) n -= 3;
  while (n > 0 && url[n - 1] == '/') n--;
  return n;
}

static void check_base(lua_State *L, const char *what,
                       const xai_Settings *set) {
  const char *wrong = xai_address_check(
      set->base_url, set->allow_http || set->unix_socket != NULL);
  if (wrong != NULL)
    xai_misuse(L, "%s: base_url '%s' %s", what, set->base_url, wrong);
}

/* -------------------------------------------------------------------- key */

/* A key that would break the header is refused; it is never shown. */
static void check_key(lua_State *L, const char *what, const char *key,
                      size_t n) {
  if (n == 0) xai_misuse(L, "%s: api_key is empty", what);
  if (xai_options_has_control(key, n))
    xai_misuse(L,
               "%s: api_key has a control character in it (a line end, "
               "perhaps?)",
               what);
}

static void set_key(lua_State *L, const char *what, Client *c, const char *key,
                    size_t n) {
  check_key(L, what, key, n);
  xai_buffer_clear(&c->key);
  if (xai_buffer_append(&c->key, key, n) != XAI_OK)
    luaL_error(L, "not enough memory");
}

/* The key of the options, else of the environment. */
static void read_key(lua_State *L, const char *what, int options, Client *c) {
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
}

/* -------------------------------------------------------------------- new */

/* Push a copy of the options without the key: strings stay alive in it. */
static void push_options(lua_State *L, int options) {
  lua_newtable(L);
  if (lua_isnoneornil(L, options)) return;
  lua_pushnil(L);
  while (lua_next(L, options)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_getfield(L, -1, "api_key");
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_pushnil(L);
    lua_setfield(L, -3, "api_key");
  }
  lua_pop(L, 1);
}

/* The environment's base URL, where the options name none. */
static void default_base(lua_State *L, int copy) {
  const char *env = getenv("XAI_BASE_URL");
  lua_getfield(L, copy, "base_url");
  if (lua_isnil(L, -1) && env != NULL && *env != '\0') {
    lua_pushstring(L, env);
    lua_setfield(L, copy, "base_url");
  }
  lua_pop(L, 1);
}

int xai_client_new(lua_State *L) {
  const char *what = luaL_checkstring(L, 1);
  xai_Settings set;
  Client *c;
  int copy, env;
  lua_settop(L, 3); /* what, options, codec */
  xai_settings_init(&set);
  xai_options_read(L, 2, what, &set);
  push_options(L, 2);
  copy = lua_gettop(L);
  default_base(L, copy);
  xai_options_read(L, copy, what, &set);
  check_base(L, what, &set);
  c = (Client *)xai_newuserdata(L, sizeof *c);
  memset(c, 0, sizeof *c);
  luaL_setmetatable(L, CLIENT_MT); /* from here __gc cleans up */
  lua_createtable(L, 4, 0);
  env = lua_gettop(L);
  lua_pushvalue(L, copy);
  lua_rawseti(L, env, CLIENT_OPTIONS);
  lua_pushvalue(L, 3);
  lua_rawseti(L, env, CLIENT_CODEC);
  lua_pushlstring(L, set.base_url, base_length(set.base_url));
  lua_rawseti(L, env, CLIENT_BASE);
  xai_setenv(L, -2);
  c->set = set;
  if (lua_istable(L, 2))
    read_key(L, what, 2, c);
  else
    read_key(L, what, copy, c);
  c->engine = xai_engine_ref(xai_core_engine(L));
  c->engine->live++;
  c->owner = ++c->engine->owners;
  return 1;
}

/* ------------------------------------------------------------------ start */

/* All that the start of one call needs to know. */
typedef struct Start {
  lua_State *L;
  const char *what; /* "client:chat" */
  Client *client;
  int env;              /* index of the client's environment */
  int options;          /* index of the call's options, or 0 */
  int url, body, codec; /* indices; body 0: none */
  const char *method;
  xai_Settings set;
  xai_Api api;
  int stream, raw, any_json, pending_ok;
} Start;

static int get_flag(lua_State *L, int t, const char *name) {
  int on;
  if (t == 0) return 0;
  lua_getfield(L, t, name);
  on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Push option 'name' of the call, else of the client; 0 when it is nil. */
static int push_option(const Start *s, const char *name) {
  lua_State *L = s->L;
  if (s->options != 0) {
    lua_getfield(L, s->options, name);
    if (!lua_isnil(L, -1)) return 1;
    lua_pop(L, 1);
  }
  lua_rawgeti(L, s->env, CLIENT_OPTIONS);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

static void read_settings(Start *s) {
  lua_State *L = s->L;
  const char *base = s->client->set.base_url;
  s->set = s->client->set;
  if (s->options == 0) return;
  xai_options_read(L, s->options, s->what, &s->set);
  if (s->set.base_url != base) check_base(L, s->what, &s->set);
  s->raw = get_flag(L, s->options, "raw");
}

/* Push the codec that the call uses. */
static void push_codec(Start *s) {
  lua_State *L = s->L;
  int own = 0;
  if (s->options != 0) {
    lua_getfield(L, s->options, "json");
    own = !lua_isnil(L, -1);
    if (!own) lua_pop(L, 1);
  }
  if (own) {
    lua_pushcfunction(L, xai_json_codec);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  } else {
    lua_rawgeti(L, s->env, CLIENT_CODEC);
  }
  s->codec = lua_gettop(L);
}

/* Push the base URL of the call, without "/v1". */
static void push_base(const Start *s) {
  if (s->set.base_url == s->client->set.base_url)
    lua_rawgeti(s->L, s->env, CLIENT_BASE);
  else
    lua_pushlstring(s->L, s->set.base_url, base_length(s->set.base_url));
}

/* Push base and what is in the engine's scratch buffer as the URL. */
static void push_url(Start *s, const char *between) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->client->engine->scratch;
  push_base(s);
  lua_pushstring(L, between);
  lua_pushlstring(L, xai_buffer_data(b), xai_buffer_size(b));
  lua_concat(L, 3);
  s->url = lua_gettop(L);
}

static void no_memory(lua_State *L, int rc) {
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
}

/* The id at index 3, checked. */
static const char *check_id(const Start *s, const xai_Endpoint *row,
                            size_t *n) {
  lua_State *L = s->L;
  const char *id;
  if (lua_type(L, 3) != LUA_TSTRING)
    xai_misuse(L, "%s: %s must be a string, got %s", s->what, row->id,
               luaL_typename(L, 3));
  id = lua_tolstring(L, 3, n);
  if (*n == 0) xai_misuse(L, "%s: %s is empty", s->what, row->id);
  if (xai_options_has_control(id, *n))
    xai_misuse(L, "%s: %s has a control character in it", s->what, row->id);
  if (!xai_endpoint_id_ok(id, *n))
    xai_misuse(L, "%s: %s '%s' is not an id", s->what, row->id, id);
  return id;
}

static void check_body(const Start *s) {
  if (!lua_istable(s->L, 3))
    xai_misuse(s->L, "%s: the body must be a table, got %s", s->what,
               luaL_typename(s->L, 3));
}

/* One of the endpoints: row, argument at 3. */
static void read_row(Start *s, const xai_Endpoint *row) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->client->engine->scratch;
  size_t n = 0;
  const char *id = NULL;
  s->method = row->method;
  s->pending_ok = row->pending;
  push_codec(s);
  if (row->id != NULL) id = check_id(s, row, &n);
  if (xai_endpoint_has_body(row)) {
    check_body(s);
    s->stream = row->api != XAI_API_PLAIN && get_flag(L, 3, "stream");
    s->api = s->stream ? row->api : XAI_API_PLAIN;
    xai_json_encode(L, s->codec, 3, s->what);
    s->body = lua_gettop(L);
  }
  xai_buffer_clear(b);
  no_memory(L, xai_endpoint_path(row, id, n, b));
  push_url(s, "/v1");
}

/* Append "?a=b&c=d" from the table on top to the path in the scratch buffer,
** which may have a query already. */
static void add_query(Start *s) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->client->engine->scratch;
  int t = lua_gettop(L), rc = XAI_OK;
  size_t held = xai_buffer_size(b);
  char sign = '?';
  if (held > 0 && memchr(xai_buffer_data(b), '?', held) != NULL) sign = '&';
  lua_pushnil(L);
  while (rc == XAI_OK && lua_next(L, t)) {
    size_t n, m;
    const char *name, *value;
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
      xai_misuse(L, "%s: query must map strings to strings or numbers",
                 s->what);
    lua_pushvalue(L, -1); /* tolstring would change the table's number */
    name = lua_tolstring(L, -3, &n);
    value = lua_tolstring(L, -1, &m);
    rc = xai_buffer_append(b, &sign, 1);
    if (rc == XAI_OK) rc = xai_percent_encode(name, n, b);
    if (rc == XAI_OK) rc = xai_buffer_puts(b, "=");
    if (rc == XAI_OK) rc = xai_percent_encode(value, m, b);
    sign = '&';
    lua_pop(L, 2);
  }
  no_memory(L, rc);
}

static int is_path_char(char c) {
  return (unsigned char)c > ' ' && (unsigned char)c < 0x7F && c != '#' &&
         c != '\\';
}

/* The path of client:request: as it stands behind the host. */
static void read_path(Start *s) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->client->engine->scratch;
  const char *path;
  size_t n, i;
  lua_getfield(L, 3, "path");
  if (lua_type(L, -1) != LUA_TSTRING)
    xai_misuse(L, "%s: path must be a string, got %s", s->what,
               luaL_typename(L, -1));
  path = lua_tolstring(L, -1, &n);
  if (n == 0 || path[0] != '/')
    xai_misuse(L, "%s: path must begin with '/', as in \"/v1/models\"",
               s->what);
  for (i = 0; i < n; i++)
    if (!is_path_char(path[i]))
      xai_misuse(L, "%s: path has a character that must be percent-encoded",
                 s->what);
  xai_buffer_clear(b);
  no_memory(L, xai_buffer_append(b, path, n));
  lua_pop(L, 1);
  lua_getfield(L, 3, "query");
  if (lua_istable(L, -1))
    add_query(s);
  else if (!lua_isnil(L, -1))
    xai_misuse(L, "%s: query must be a table, got %s", s->what,
               luaL_typename(L, -1));
  lua_pop(L, 1);
  push_url(s, "");
}

static int is_method(const char *m) {
  size_t n = strspn(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  return n > 0 && m[n] == '\0';
}

/* client:request{ method=, path=, query=, body=, stream= } */
static void read_free_form(Start *s) {
  static const char *const fields[] = {"method", "path",   "query",
                                       "body",   "stream", NULL};
  lua_State *L = s->L;
  if (!lua_istable(L, 3))
    xai_misuse(L, "%s: expected a table, got %s", s->what, luaL_typename(L, 3));
  xai_options_only(L, 3, s->what, "field", fields);
  s->any_json = s->pending_ok = 1;
  s->stream = get_flag(L, 3, "stream");
  s->api = s->stream ? XAI_API_OTHER : XAI_API_PLAIN;
  push_codec(s);
  lua_getfield(L, 3, "body");
  s->method = lua_isnil(L, -1) ? "GET" : "POST";
  if (lua_type(L, -1) == LUA_TTABLE)
    xai_json_encode(L, s->codec, lua_gettop(L), s->what);
  else if (lua_type(L, -1) != LUA_TSTRING && !lua_isnil(L, -1))
    xai_misuse(L, "%s: body must be a table or a string, got %s", s->what,
               luaL_typename(L, -1));
  if (!lua_isnil(L, -1)) s->body = lua_gettop(L);
  lua_getfield(L, 3, "method");
  if (!lua_isnil(L, -1)) s->method = lua_tostring(L, -1);
  if (s->method == NULL || !is_method(s->method))
    xai_misuse(L, "%s: method must be a word in capitals, as in \"GET\"",
               s->what);
  read_path(s);
}

/* ---------------------------------------------------------------- headers */

/* Append a header line of up to three parts to the call's list. */
static void add_header(const Start *s, xai_Call *call, const char *a,
                       const char *b, size_t n) {
  xai_Buffer *line = &s->client->engine->scratch;
  struct curl_slist *list = NULL;
  int rc;
  xai_buffer_clear(line);
  rc = xai_buffer_puts(line, a);
  if (rc == XAI_OK) rc = xai_buffer_append(line, b, n);
  if (rc == XAI_OK) rc = xai_buffer_terminate(line);
  if (rc == XAI_OK)
    list = curl_slist_append(call->headers, xai_buffer_data(line));
  if (list == NULL) luaL_error(s->L, "not enough memory");
  call->headers = list;
}

static void add_line(const Start *s, xai_Call *call, const char *line) {
  add_header(s, call, line, "", 0);
}

/* Does the header table on top (or nil) name this header, in any case? */
static int has_header(lua_State *L, const char *name) {
  int found = 0;
  if (lua_isnil(L, -1)) return 0;
  lua_pushnil(L);
  while (!found && lua_next(L, -2)) {
    xai_Slice key;
    key.at = lua_tolstring(L, -2, &key.len);
    found = xai_slice_like(key, name);
    lua_pop(L, found ? 2 : 1);
  }
  return found;
}

/* Put the pairs of the table on top, if it is one, into the one at 'to'. */
static void merge_into(lua_State *L, int to) {
  int from = lua_gettop(L);
  if (lua_istable(L, from)) {
    lua_pushnil(L);
    while (lua_next(L, from)) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, to);
    }
  }
  lua_settop(L, from - 1);
}

/* Push the user's headers, or nil: those of the call over the client's. */
static void push_headers(const Start *s) {
  lua_State *L = s->L;
  int both = lua_gettop(L) + 1;
  lua_rawgeti(L, s->env, CLIENT_OPTIONS);
  lua_getfield(L, both, "headers");
  if (s->options != 0)
    lua_getfield(L, s->options, "headers");
  else
    lua_pushnil(L);
  if (lua_isnil(L, -1) && lua_isnil(L, -2)) {
    lua_settop(L, both - 1);
    lua_pushnil(L);
    return;
  }
  lua_newtable(L);
  lua_replace(L, both);
  lua_insert(L, -2); /* the client's first, the call's over them */
  merge_into(L, both);
  merge_into(L, both);
}

static void add_user_headers(const Start *s, xai_Call *call) {
  lua_State *L = s->L;
  int t = lua_gettop(L);
  if (lua_isnil(L, t)) return;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    size_t n;
    const char *value;
    lua_pushvalue(L, -2);
    lua_pushliteral(L, ": ");
    lua_concat(L, 2);
    if (lua_isboolean(L, -2)) {
      lua_pop(L, 2); /* false: leave it out */
      continue;
    }
    lua_pushvalue(L, -2);
    value = lua_tolstring(L, -1, &n);
    add_header(s, call, lua_tostring(L, -2), value, n);
    lua_pop(L, 3);
  }
}

static int missing_key(const Start *s) {
  return xai_misuse(s->L,
                    "%s: no API key: set the environment variable "
                    "XAI_API_KEY or give api_key to xai.new",
                    s->what);
}

/* Push the key that the call's own option or a function gives; 0 when it is
** the client's. */
static int push_own_key(const Start *s) {
  lua_State *L = s->L;
  if (!push_option(s, "api_key")) return 0;
  if (lua_isfunction(L, -1)) {
    lua_call(L, 0, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      xai_misuse(L, "%s: the api_key function gave no string but %s", s->what,
                 luaL_typename(L, -1));
  }
  return 1;
}

/* The headers that the service needs, unless the user's take their place.
** The user's table is on top of the stack. */
static void add_own_headers(Start *s, xai_Call *call) {
  lua_State *L = s->L;
  char uuid[XAI_UUID_SIZE];
  if (s->body != 0 && !has_header(L, "content-type"))
    add_line(s, call, "Content-Type: application/json");
  if (!has_header(L, "accept"))
    add_line(s, call,
             s->stream ? "Accept: text/event-stream"
                       : "Accept: application/json");
  if (!has_header(L, "accept-encoding"))
    add_line(s, call, "Accept-Encoding: identity");
  if (!has_header(L, "x-client-request-id")) {
    xai_chance_uuid(&s->client->engine->chance, uuid);
    add_header(s, call, "x-client-request-id: ", uuid, sizeof uuid - 1);
  }
  if (!has_header(L, "user-agent")) {
    const char *agent = s->set.user_agent;
    if (agent == NULL) agent = xai_core_agent(L);
    add_header(s, call, "User-Agent: ", agent, strlen(agent));
  }
  add_line(s, call, "Expect:"); /* libcurl would wait for a 100 */
}

/* The key goes last, and only when no own Authorization is there. */
static void add_key(const Start *s, xai_Call *call, const char *key, size_t n) {
  add_header(s, call, "Authorization: Bearer ", key, n);
  xai_buffer_blank(&s->client->engine->scratch);
}

/* Push the key to send (or nil: the client's own) after checking it. */
static void push_key(const Start *s) {
  lua_State *L = s->L;
  size_t n;
  const char *key;
  if (push_own_key(s)) {
    key = lua_tolstring(L, -1, &n);
    check_key(L, s->what, key, n);
    return;
  }
  if (xai_buffer_size(&s->client->key) == 0) missing_key(s);
  lua_pushnil(L);
}

/* ------------------------------------------------------------------ begin */

/* Keep what the transfer reads alive as long as the request. */
static void anchor(const Start *s, int request) {
  lua_State *L = s->L;
  xai_getenv(L, request);
  if (s->body != 0) {
    lua_pushvalue(L, s->body);
    lua_rawseti(L, -2, XAI_REQUEST_BODY);
  }
  lua_pushvalue(L, s->url);
  lua_rawseti(L, -2, XAI_REQUEST_URL);
  lua_pushvalue(L, s->codec);
  lua_rawseti(L, -2, XAI_REQUEST_CODEC);
  lua_pushstring(L, s->method);
  lua_rawseti(L, -2, XAI_REQUEST_METHOD);
  lua_pop(L, 1);
}

static void begin(Start *s, xai_LuaRequest *r) {
  lua_State *L = s->L;
  xai_Request wire;
  memset(&wire, 0, sizeof wire);
  wire.method = s->method;
  wire.url = lua_tostring(L, s->url);
  wire.stream = s->stream;
  if (s->body != 0) wire.body = lua_tolstring(L, s->body, &wire.body_len);
  xai_engine_start(s->client->engine, r->call, &wire);
}

static void start(Start *s) {
  lua_State *L = s->L;
  xai_LuaRequest *r;
  int headers, key, request;
  push_headers(s);
  headers = lua_gettop(L);
  if (has_header(L, "authorization") || has_header(L, "x-api-key"))
    lua_pushboolean(L, 0);
  else
    push_key(s);
  key = lua_gettop(L);
  /* An api_key function may have closed the client. */
  if (s->client->engine == NULL)
    xai_misuse(L, "%s: the client is closed", s->what);
  r = xai_request_new(L, s->client->engine, &s->set, s->api, s->raw);
  request = lua_gettop(L);
  r->any_json = s->any_json;
  r->call->pending_ok = s->pending_ok;
  r->call->owner = s->client->owner;
  anchor(s, request);
  lua_pushvalue(L, headers);
  add_user_headers(s, r->call);
  add_own_headers(s, r->call);
  lua_settop(L, request);
  if (lua_isnil(L, key)) {
    add_key(s, r->call, xai_buffer_data(&s->client->key),
            xai_buffer_size(&s->client->key));
  } else if (lua_type(L, key) == LUA_TSTRING) {
    size_t n;
    const char *text = lua_tolstring(L, key, &n);
    add_key(s, r->call, text, n);
  }
  begin(s, r);
}

int xai_client_start(lua_State *L) {
  const xai_Endpoint *row;
  const char *name = luaL_checkstring(L, 2);
  Start s;
  lua_settop(L, 4); /* client, name, argument, options */
  memset(&s, 0, sizeof s);
  s.L = L;
  s.what = lua_pushfstring(L, "client:%s", name);
  s.client = check_client(L, s.what);
  s.options = lua_isnil(L, 4) ? 0 : 4;
  xai_getenv(L, 1);
  s.env = lua_gettop(L);
  read_settings(&s);
  row = xai_endpoint_find(name);
  if (row != NULL)
    read_row(&s, row);
  else
    read_free_form(&s);
  start(&s);
  lua_pushboolean(L, s.stream);
  return 2;
}

void xai_client_open(lua_State *L) {
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
