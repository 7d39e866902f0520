/*
** target.c - where a call goes, and with which body.
*/
#include "bind/target.h"

#include <string.h>

#include "bind/json.h"
#include "bind/luaerr.h"
#include "bind/options.h"
#include "bind/push.h"

/* xai.null, a light userdata, is as good as nothing. */
static int get_flag(lua_State *L, int t, const char *name) {
  int on;
  if (t == 0) return 0;
  lua_getfield(L, t, name);
  on = lua_toboolean(L, -1) && !lua_islightuserdata(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Push option 'name' of the call, else of the client; 0 when it is nil. */
int xai_target_option(const xai_Start *s, const char *name) {
  lua_State *L = s->L;
  if (s->options != 0) {
    lua_getfield(L, s->options, name);
    if (!lua_isnil(L, -1)) return 1;
    lua_pop(L, 1);
  }
  lua_rawgeti(L, s->env, XAI_CLIENT_OPTIONS);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}

/* Callbacks may change the user's table: go on with a copy, which keeps the
** strings of the settings alive. */
static void own_options(xai_Start *s) {
  lua_State *L = s->L;
  if (!lua_istable(L, s->options)) return; /* is refused with its name */
  xai_options_copy(L, s->options);
  lua_replace(L, s->options);
}

/* What decides whom a call may talk to: one of these differs. */
static int has_other_peer(const xai_Settings *a, const xai_Settings *b) {
  return a->base_url != b->base_url || a->proxy != b->proxy ||
         a->unix_socket != b->unix_socket || a->allow_http != b->allow_http ||
         a->key_file != b->key_file || a->key_password != b->key_password;
}

void xai_target_settings(xai_Start *s) {
  lua_State *L = s->L;
  s->set = s->client->set;
  if (s->options == 0) return;
  own_options(s);
  xai_options_read(L, s->options, s->what, &s->set);
  if (has_other_peer(&s->set, &s->client->set))
    xai_client_check_peer(L, s->what, &s->set);
  if (get_flag(L, s->options, "take_key"))
    xai_misuse(L, "%s: option 'take_key' is one of xai.new", s->what);
  s->raw = get_flag(L, s->options, "raw");
}

/* Push the codec that the call uses. */
static void push_codec(xai_Start *s) {
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
    lua_rawgeti(L, s->env, XAI_CLIENT_CODEC);
  }
  s->codec = lua_gettop(L);
}

/* Push the base URL of the call, without "/v1". */
static void push_base(const xai_Start *s) {
  if (s->set.base_url == s->client->set.base_url)
    lua_rawgeti(s->L, s->env, XAI_CLIENT_BASE);
  else
    lua_pushlstring(s->L, s->set.base_url,
                    xai_client_base_length(s->set.base_url));
}

/* Turn the path on top of the stack into the URL. */
static void push_url(xai_Start *s, const char *between) {
  lua_State *L = s->L;
  int path = lua_gettop(L);
  push_base(s);
  lua_pushstring(L, between);
  lua_pushvalue(L, path);
  lua_concat(L, 3);
  lua_replace(L, path);
  s->url = path;
}

static void no_memory(lua_State *L, int rc) {
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
}

/* The id at index 3, checked. */
static const char *check_id(const xai_Start *s, const xai_Endpoint *row,
                            size_t *n) {
  lua_State *L = s->L;
  const char *id;
  if (lua_type(L, 3) != LUA_TSTRING)
    xai_misuse(L, "%s: %s must be a string, got %s", s->what, row->id,
               luaL_typename(L, 3));
  id = lua_tolstring(L, 3, n);
  if (*n == 0) xai_misuse(L, "%s: %s is empty", s->what, row->id);
  if (xai_bytes_have_control(id, *n))
    xai_misuse(L, "%s: %s has a control character in it", s->what, row->id);
  if (!xai_endpoint_id_ok(id, *n))
    xai_misuse(L, "%s: %s '%s' is not an id", s->what, row->id, id);
  return id;
}

static void check_body(const xai_Start *s) {
  if (!lua_istable(s->L, 3))
    xai_misuse(s->L, "%s: the body must be a table, got %s", s->what,
               luaL_typename(s->L, 3));
}

/* One of the endpoints: row, argument at 3. */
void xai_target_row(xai_Start *s, const xai_Endpoint *row) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->engine->scratch;
  size_t n = 0;
  const char *id = NULL;
  s->method = row->method;
  s->pending_ok = s->read_once = row->pending;
  push_codec(s);
  if (row->id != NULL) id = check_id(s, row, &n);
  if (xai_endpoint_has_body(row)) {
    check_body(s);
    s->stream = row->api != XAI_API_PLAIN && get_flag(L, 3, "stream");
    s->api = row->api;
    xai_json_encode(L, s->codec, 3, s->what);
    s->body = lua_gettop(L);
  }
  xai_buffer_clear(b);
  no_memory(L, xai_endpoint_path(row, id, n, b));
  xai_push_buffer(L, b);
  push_url(s, "/v1");
}

/* Push "&a=b" for the name and the value on top of the stack. */
static void push_pair(const xai_Start *s, char sign) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->engine->scratch;
  size_t n, m;
  const char *name, *value;
  int rc;
  if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
    xai_misuse(L, "%s: query must map strings to strings or numbers", s->what);
  xai_push_text(L, -1);
  name = lua_tolstring(L, -3, &n);
  value = lua_tolstring(L, -1, &m);
  xai_buffer_clear(b);
  rc = xai_buffer_append(b, &sign, 1);
  if (rc == XAI_OK) rc = xai_percent_encode(name, n, b);
  if (rc == XAI_OK) rc = xai_buffer_puts(b, "=");
  if (rc == XAI_OK) rc = xai_percent_encode(value, m, b);
  no_memory(L, rc);
  xai_push_buffer(L, b);
}

/* Append the query in the table on top to the path below it, which may have
** one already. */
static void add_query(const xai_Start *s) {
  lua_State *L = s->L;
  int t = lua_gettop(L), path = t - 1;
  char sign = strchr(lua_tostring(L, path), '?') ? '&' : '?';
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pushvalue(L, path);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    push_pair(s, sign);
    lua_replace(L, -4);
    lua_pop(L, 2);
    lua_concat(L, 2);
    lua_replace(L, path);
    lua_pop(L, 1);
    sign = '&';
  }
}

static int is_path_char(char c) {
  return (unsigned char)c > ' ' && (unsigned char)c < 0x7F && c != '#' &&
         c != '\\';
}

/* The path of client:request: as it stands behind the host.  It is only sure to
** be there until the query takes its place on the stack. */
static void read_path(xai_Start *s) {
  lua_State *L = s->L;
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
  s->read_once = strcmp(s->method, "GET") == 0 &&
                 strstr(path, "/deferred-completion/") != NULL;
  lua_getfield(L, 3, "query");
  if (lua_istable(L, -1))
    add_query(s);
  else if (!lua_isnil(L, -1))
    xai_misuse(L, "%s: query must be a table, got %s", s->what,
               luaL_typename(L, -1));
  lua_pop(L, 1);
  push_url(s, "");
}

/* The method on top, or NULL: it is no word in capitals. */
static const char *check_method(lua_State *L) {
  size_t n = 0;
  const char *m = lua_tolstring(L, -1, &n);
  return n > 0 && strspn(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n ? m : NULL;
}

/* client:request{ method=, path=, query=, body=, stream= } */
void xai_target_free_form(xai_Start *s) {
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
  if (!lua_isnil(L, -1)) s->method = check_method(L);
  if (s->method == NULL)
    xai_misuse(L, "%s: method must be a word in capitals, as in \"GET\"",
               s->what);
  read_path(s);
}
