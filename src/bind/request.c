/*
** request.c - the start of a call: settings, URL, body, headers.
*/
#include "bind/request.h"

#include <stdio.h>
#include <string.h>

#include "base/endpoint.h"
#include "bind/call.h"
#include "bind/client.h"
#include "bind/guard.h"
#include "bind/json_decode.h"
#include "bind/json_encode.h"
#include "bind/luautil.h"
#include "bind/options.h"
#include "net/curl_library.h"
#include "net/url_policy.h"
#include "bind/tape.h"

/* A request while it is built.  Numbers are indices of the Lua stack. */
typedef struct Builder {
  lua_State *L;
  const char *what; /* "client:chat" */
  xai_Client *client;
  xai_Engine *engine;   /* of the client, which user code may close */
  int env;              /* the client's environment */
  int options;          /* the call's options, or 0 */
  int input;            /* what the user gives as body or query */
  int url, body, codec; /* body 0: none */
  int bare_body;        /* the body as the user gave it, or 0 */
  int patches;          /* the JSON of option 'fallback', or 0 */
  int key;              /* 0: the client's */
  int key_function;     /* 0: none */
  int tape;             /* what the client's tape said of the call, or 0 */
  int tape_later;       /* it answers once the call is admitted */
  const char *method;
  xai_Settings set;
  xai_Api api;
  int stream, raw, any_json, may_be_empty, guarded;
  int pending_ok, is_job, read_once, repeatable, own_request_id;
  int is_start;          /* the call is not waited for */
  int takes_bytes;       /* the answer may be a stream of bytes */
  xai_OutputKind output; /* where the answer goes */
  int path;              /* the path for that, or 0 */
  int adds;              /* it may lack its extension */
  int downloads;         /* the address is the user's, not an endpoint's */
  int is_foreign; /* its server is another than the client's: it gets no key */
  int64_t delay_ms; /* until the first attempt */
} Builder;

/* -------------------------------------------------- settings, URL and body */

/* Is the field true?  xai.null, a light userdata, counts as nil. */
static int get_flag(lua_State *L, int t, const char *name) {
  int on;
  if (t == 0) return 0;
  lua_getfield(L, t, name);
  on = lua_toboolean(L, -1) && !lua_islightuserdata(L, -1);
  lua_pop(L, 1);
  return on;
}

/* Push option 'name' of the call, else of the client; 0 when it is nil. */
static int push_option(const Builder *s, const char *name) {
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

/* Replace the user's options by a copy, as callbacks may change the table.  The
** copy keeps the strings of the settings alive. */
static void copy_options(Builder *s) {
  lua_State *L = s->L;
  if (!lua_istable(L, s->options)) return; /* xai_options_read refuses it */
  xai_options_copy(L, s->options);
  lua_replace(L, s->options);
}

/* Does one of the settings differ that decide which server a call talks to? */
static int has_other_peer(const xai_Settings *a, const xai_Settings *b) {
  return a->base_url != b->base_url || a->proxy != b->proxy ||
         a->unix_socket != b->unix_socket || a->allow_http != b->allow_http ||
         a->key_file != b->key_file || a->key_password != b->key_password;
}

/* Apply the options of the call to the settings of the client. */
static void read_settings(Builder *s) {
  lua_State *L = s->L;
  s->set = s->client->set;
  s->guarded = s->set.guarded;
  if (s->options == 0) return;
  copy_options(s);
  xai_options_read(L, s->options, s->what, &s->set);
  s->guarded = s->set.guarded;
  s->set.guarded = s->client->set.guarded;
  if (has_other_peer(&s->set, &s->client->set))
    xai_client_check_peer(L, s->what, &s->set);
  if (get_flag(L, s->options, "take_key"))
    xai_misuse(L, "%s: option 'take_key' is one of xai.new", s->what);
  xai_options_refuse(L, s->options, s->what, "tape", "is one of xai.new");
  s->raw = get_flag(L, s->options, "raw");
}

/* Push the codec that the call uses. */
static void push_codec(Builder *s) {
  lua_State *L = s->L;
  int own = 0;
  if (s->options != 0) {
    lua_getfield(L, s->options, "json");
    own = !lua_isnil(L, -1);
    if (!own) lua_pop(L, 1);
  }
  if (own) {
    lua_pushcfunction(L, xai_codec_new);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  } else {
    lua_rawgeti(L, s->env, XAI_CLIENT_CODEC);
  }
  s->codec = lua_gettop(L);
}

/* Push the base URL of the call, without "/v1". */
static void push_base(const Builder *s) {
  if (s->set.base_url == s->client->set.base_url)
    lua_rawgeti(s->L, s->env, XAI_CLIENT_BASE);
  else
    lua_pushlstring(s->L, s->set.base_url,
                    xai_client_base_length(s->set.base_url));
}

/* Replace the path on top of the stack by the URL. */
static void push_url(Builder *s, const char *between) {
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
static const char *check_id(const Builder *s, const xai_Endpoint *row,
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

/* Push "&a=b" for the name and the value on top of the stack. */
static void push_pair(const Builder *s, char sign) {
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

/* Append the query in the table on top to the path below it.  The path may have
** a query already. */
static void add_query(const Builder *s) {
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

/* Has each entry of the body's list of requests an id of the user's? */
static int has_own_ids(const Builder *s) {
  lua_State *L = s->L;
  int top = lua_gettop(L), i, n;
  int own = 1;
  lua_getfield(L, s->input, "batch_requests");
  n = lua_istable(L, -1) ? (int)lua_rawlen(L, -1) : 0;
  for (i = 1; i <= n && own; i++) {
    lua_rawgeti(L, top + 1, i);
    own = lua_istable(L, -1);
    if (own) lua_getfield(L, -1, "batch_request_id");
    own = own && lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > 0;
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
  return own && n > 0;
}

/* Apply what the row says of its answers and of repeating it. */
static void read_traits(Builder *s, const xai_Endpoint *row) {
  s->pending_ok = (row->traits & XAI_PENDING) != 0;
  s->is_job = (row->traits & XAI_JOB) != 0;
  s->read_once = (row->traits & XAI_READ_ONCE) != 0;
  s->may_be_empty = (row->traits & XAI_MAY_BE_EMPTY) != 0;
  s->repeatable = (row->traits & XAI_REPEATABLE) != 0 ||
                  ((row->traits & XAI_OWN_IDS) != 0 && has_own_ids(s));
  if ((row->traits & XAI_STARTS_WORK) != 0 && !s->repeatable)
    s->set.retry = XAI_RETRY_SAFE;
}

static void read_body(Builder *s, const xai_Endpoint *row) {
  lua_State *L = s->L;
  if (!lua_istable(L, s->input))
    xai_misuse(L, "%s: the body must be a table, got %s", s->what,
               luaL_typename(L, s->input));
  s->stream = row->api != XAI_API_PLAIN && get_flag(L, s->input, "stream");
  s->api = row->api;
  xai_json_encode(L, s->codec, s->input, s->what);
  s->body = lua_gettop(L);
  s->bare_body = s->input;
}

/* Raise if the query has the name of an option: it was given one too early. */
static void refuse_options(const Builder *s) {
  lua_State *L = s->L;
  lua_pushnil(L);
  while (lua_next(L, s->input)) {
    if (lua_type(L, -2) == LUA_TSTRING &&
        xai_options_is_name(lua_tostring(L, -2)))
      xai_misuse(L,
                 "%s: the query has '%s', which is an option: options come "
                 "after the query",
                 s->what, lua_tostring(L, -2));
    lua_pop(L, 1);
  }
}

/* Append the query, if there is one, to the path on top. */
static void read_query(const Builder *s) {
  lua_State *L = s->L;
  if (lua_isnil(L, s->input)) return;
  if (!lua_istable(L, s->input))
    xai_misuse(L, "%s: the query must be a table, got %s", s->what,
               luaL_typename(L, s->input));
  refuse_options(s);
  lua_pushvalue(L, s->input);
  add_query(s);
  lua_pop(L, 1);
}

/*
** Read the arguments of an endpoint's function.  An id is at index 3, and what
** comes with it, a body or a query, at 6.  Without an id that is at 3.
*/
static void read_endpoint_arguments(Builder *s, const xai_Endpoint *row) {
  lua_State *L = s->L;
  xai_Buffer *b = &s->engine->scratch;
  size_t n = 0;
  const char *id = NULL;
  s->method = row->method;
  push_codec(s);
  if (row->id != NULL) {
    id = check_id(s, row, &n);
    s->input = 6;
  }
  if (xai_endpoint_has_body(row)) read_body(s, row);
  read_traits(s, row);
  xai_buffer_clear(b);
  no_memory(L, xai_endpoint_path(row, id, n, b));
  xai_push_buffer(L, b);
  if (row->traits & XAI_QUERY) read_query(s);
  push_url(s, "/v1");
}

static int is_path_char(char c) {
  return (unsigned char)c > ' ' && (unsigned char)c < 0x7F && c != '#' &&
         c != '\\';
}

/* Read path and query of client:request.  The path's string is valid until the
** query replaces it on the stack. */
static void read_path(Builder *s) {
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

/* The method on top; NULL if it is not a word in capitals. */
static const char *check_method(lua_State *L) {
  size_t n = 0;
  const char *m = lua_tolstring(L, -1, &n);
  return n > 0 && strspn(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n ? m : NULL;
}

/* Read the argument of client:request{method=, path=, query=, body=, stream=},
** at index 3. */
static void read_free_form_argument(Builder *s) {
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
  if (!lua_isnil(L, -1)) s->bare_body = lua_gettop(L);
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

/* --------------------------------------------------------- other bodies */

/* Refuse a patch that changes what the call returns. */
static void check_same_form(const Builder *s, int patch, const char *name,
                            int n) {
  lua_State *L = s->L;
  int same, body = lua_istable(L, s->bare_body);
  lua_getfield(L, patch, name);
  same = lua_isnil(L, -1) ||
         (body && get_flag(L, patch, name) == get_flag(L, s->bare_body, name));
  lua_pop(L, 1);
  if (!same)
    xai_misuse(L,
               "%s: fallback[%d].%s differs from the body's, so that the "
               "answer would be of another kind",
               s->what, n, name);
}

/* Encode the patches on top: errors name "fallback[1].model". */
static void encode_patches(Builder *s) {
  lua_State *L = s->L;
  int list = lua_gettop(L), i, n = (int)lua_rawlen(L, list);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    check_same_form(s, lua_gettop(L), "stream", i);
    check_same_form(s, lua_gettop(L), "deferred", i);
    lua_pop(L, 1);
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, list);
  lua_setfield(L, -2, "fallback");
  xai_json_encode(L, s->codec, list + 1, s->what);
  s->patches = lua_gettop(L);
}

/* Read option 'fallback'.  That of the client is for functions that generate
** text. */
static void read_fallback(Builder *s, const xai_Endpoint *row) {
  lua_State *L = s->L;
  int top = lua_gettop(L);
  int own = s->options != 0;
  if (own) {
    lua_getfield(L, s->options, "fallback");
    own = !lua_isnil(L, -1);
  }
  if (!own && (row == NULL || row->api == XAI_API_PLAIN)) {
    lua_settop(L, top);
    return;
  }
  lua_settop(L, top);
  if (!push_option(s, "fallback")) return;
  if (lua_rawlen(L, -1) == 0) return;
  if (s->bare_body == 0)
    xai_misuse(L, "%s: option 'fallback' is for functions with a body",
               s->what);
  if (!lua_istable(L, s->bare_body) || *lua_tostring(L, s->body) != '{')
    xai_misuse(L,
               "%s: option 'fallback' needs a body that is a table with names",
               s->what);
  encode_patches(s);
}

/* -------------------------------------------------------------- downloads */

/* Raise what is wrong with an address, and note it in the table at 'own' (0:
** none) as 'problem', for an address that the service has sent. */
static void refuse_address(const Builder *s, int own, const char *url,
                           const char *wrong) {
  lua_State *L = s->L;
  if (wrong == xai_url_no_memory) luaL_error(L, "not enough memory");
  if (url == NULL ||
      strchr(url, '@') != NULL) /* a secret may stand before it */
    lua_pushfstring(L, "the address %s", wrong);
  else
    lua_pushfstring(L, "the address '%s' %s", url, wrong);
  if (own != 0) {
    lua_pushvalue(L, -1);
    lua_setfield(L, own, "problem");
  }
  xai_misuse(L, "%s: %s", s->what, lua_tostring(L, -1));
}

/* What the client shows its own server alone is not for others. */
static void forget_identity(Builder *s) {
  lua_State *L = s->L;
  s->set.unix_socket = NULL;
  s->set.cert_file = s->set.key_file = s->set.key_password = NULL;
  s->set.user_agent = NULL;
  if (s->options == 0) return;
  lua_getfield(L, s->options, "user_agent"); /* the options keep it alive */
  s->set.user_agent = lua_tostring(L, -1);
  lua_pop(L, 1);
}

/*
** Read the address of a download, at index 3.  At index 6 is nil or a table:
** 'left': an address before it, which led here, was of another server; 'adds':
** the path may lack its extension.  It gets 'problem' where the address is at
** fault.
*/
static void read_download_arguments(Builder *s) {
  lua_State *L = s->L;
  int own = lua_istable(L, 6) ? 6 : 0;
  const char *url, *wrong;
  size_t n;
  if (lua_type(L, 3) != LUA_TSTRING)
    xai_misuse(L, "%s: the address must be a string, got %s", s->what,
               luaL_typename(L, 3));
  url = lua_tolstring(L, 3, &n);
  if (strlen(url) != n || xai_bytes_have_control(url, n))
    refuse_address(s, own, NULL, "has a control character in it");
  wrong = xai_url_check_address(url, s->set.allow_http);
  if (wrong != NULL) refuse_address(s, own, url, wrong);
  push_codec(s);
  s->method = "GET";
  s->url = 3;
  s->any_json = s->downloads = 1;
  s->guarded = 0; /* it is no call of the service's functions */
  s->adds = get_flag(L, own, "adds");
  s->is_foreign = get_flag(L, own, "left") ||
                  !xai_url_has_same_origin(url, s->set.base_url);
  if (s->is_foreign) forget_identity(s);
  s->set.base_url = url; /* a proxy is checked for it */
  wrong = xai_url_check_proxy(&s->set);
  if (wrong != NULL) xai_misuse(L, "%s: proxy %s", s->what, wrong);
}

/* ------------------------------------------------------ headers and key */

/* Append a header line; raises without memory. */
static void add_header(const Builder *s, xai_Call *call, const char *name,
                       const char *value, size_t n) {
  if (xai_call_add_header(call, &s->engine->scratch, name, value, n) != 0)
    luaL_error(s->L, "not enough memory");
}

static void add_line(const Builder *s, xai_Call *call, const char *line) {
  add_header(s, call, line, "", 0);
}

/* Push the name of this header as the table at 't' spells it; 0 if the table
** lacks it. */
static int push_spelling(lua_State *L, int t, const char *name) {
  lua_pushnil(L);
  while (lua_next(L, t)) {
    xai_Slice key;
    lua_pop(L, 1);
    key.at = lua_tolstring(L, -1, &key.len);
    if (xai_slice_like(key, name)) return 1;
  }
  return 0;
}

/* Does the header table on top (or nil) name this header, in any case? */
static int has_header(lua_State *L, const char *name) {
  int found = !lua_isnil(L, -1) && push_spelling(L, lua_gettop(L), name);
  if (found) lua_pop(L, 1);
  return found;
}

/* Remove this header, in any spelling, from the table at 't'. */
static void remove_header(lua_State *L, int t, const char *name) {
  if (!push_spelling(L, t, name)) return;
  lua_pushnil(L);
  lua_rawset(L, t);
}

/* Pop a table (or nil) and put its pairs into the one at 'to'.  They replace
** pairs of the same names, whatever their case. */
static void merge_into(lua_State *L, int to) {
  int from = lua_gettop(L);
  if (lua_istable(L, from)) {
    lua_pushnil(L);
    while (lua_next(L, from)) {
      remove_header(L, to, lua_tostring(L, -2));
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, to);
    }
  }
  lua_settop(L, from - 1);
}

/* Push the user's headers, or nil.  Those of the call replace the client's. */
static void push_user_headers(const Builder *s) {
  lua_State *L = s->L;
  int both = lua_gettop(L) + 1;
  lua_rawgeti(L, s->env, XAI_CLIENT_OPTIONS);
  if (s->is_foreign)
    lua_pushnil(L);
  else
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
  lua_insert(L, -2); /* the client's are on top, and so come first */
  merge_into(L, both);
  merge_into(L, both);
}

/*
** Add a header of the user; its value is on top, its name below.  libcurl leaves
** out a header given as "Name:", and sends "Name;" without a value.
*/
static void add_pair(const Builder *s, xai_Call *call) {
  lua_State *L = s->L;
  xai_Slice value = {"", 0};
  const char *between = ":";
  lua_pushvalue(L, -1);
  if (!lua_isboolean(L, -1)) {
    xai_push_text(L, -1);
    lua_replace(L, -2);
    value.at = lua_tolstring(L, -1, &value.len);
    between = xai_slice_trim(value).len > 0 ? ": " : ";";
    if (*between == ';') value.len = 0;
  }
  lua_pushvalue(L, -3);
  lua_pushstring(L, between);
  lua_concat(L, 2);
  add_header(s, call, lua_tostring(L, -1), value.at, value.len);
  lua_pop(L, 2);
}

/* Add the user's headers, a table (or nil) on top of the stack. */
static void add_user_headers(const Builder *s, xai_Call *call) {
  lua_State *L = s->L;
  int t = lua_gettop(L);
  if (lua_isnil(L, t)) return;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    add_pair(s, call);
    lua_pop(L, 1);
  }
}

static void missing_key(const Builder *s) {
  xai_misuse(s->L,
             "%s: no API key: set the environment variable "
             "XAI_API_KEY or give api_key to xai.new",
             s->what);
}

/* Push the key of an option or of the user's function; 0 if the client's key is
** to be used. */
static int push_other_key(Builder *s) {
  lua_State *L = s->L;
  if (!push_option(s, "api_key")) return 0;
  if (!lua_isfunction(L, -1)) return 1;
  s->key_function = lua_gettop(L);
  lua_pushvalue(L, -1);
  lua_call(L, 0, 1);
  if (lua_type(L, -1) != LUA_TSTRING)
    xai_misuse(L, "%s: the api_key function gave no string but %s", s->what,
               luaL_typename(L, -1));
  return 1;
}

/* Add the headers that the service needs, unless the user gives them.  The
** user's table (or nil) is on top of the stack. */
static void add_needed_headers(Builder *s, xai_Call *call) {
  lua_State *L = s->L;
  char uuid[XAI_UUID_SIZE];
  if (s->body != 0 && !has_header(L, "content-type"))
    add_line(s, call, "Content-Type: application/json");
  if (s->body == 0 && strcmp(s->method, "POST") == 0 &&
      !has_header(L, "content-type"))
    add_line(s, call, "Content-Type:"); /* else libcurl sends that of a form */
  if (!has_header(L, "accept"))
    add_line(s, call,
             s->downloads ? "Accept: */*"
             : s->stream  ? "Accept: text/event-stream"
                          : "Accept: application/json");
  if (!has_header(L, "accept-encoding"))
    add_line(s, call, "Accept-Encoding:"); /* else libcurl asks for gzip */
  if (!s->is_foreign && !has_header(L, "x-client-request-id")) {
    s->own_request_id = 1;
    xai_random_uuid(&s->engine->random, uuid);
    add_header(s, call, "x-client-request-id: ", uuid, sizeof uuid - 1);
  }
  if (!has_header(L, "user-agent")) {
    const char *agent = s->set.user_agent;
    if (agent == NULL) agent = xai_client_agent(L);
    add_header(s, call, "User-Agent: ", agent, strlen(agent));
  }
  if (s->body != 0 && xai_curl_asks_first(lua_rawlen(L, s->body)))
    add_line(s, call, "Expect:"); /* the body goes at once */
}

/* Push a key that is not the client's, checked, and note its index.  Raises if
** there is no key at all. */
static void find_key(Builder *s) {
  lua_State *L = s->L;
  size_t n;
  const char *key;
  if (push_other_key(s)) {
    s->key = lua_gettop(L);
    key = lua_tolstring(L, s->key, &n);
    xai_client_check_key(L, s->what, key, n);
  } else if (xai_buffer_size(&s->client->key) == 0) {
    missing_key(s);
  }
}

/* -------------------------------------------------------------- the start */

/* Keep what the request needs later in its environment. */
static void anchor(const Builder *s, int request) {
  lua_State *L = s->L;
  xai_getenv(L, request);
  if (s->key_function != 0) {
    lua_pushvalue(L, s->key_function);
    lua_rawseti(L, -2, XAI_SLOT_KEY);
  }
  if (lua_type(L, 3) == LUA_TSTRING) {
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, XAI_SLOT_ID);
  }
  if (s->body != 0) xai_luacall_pin_body(L, request, s->body, s->patches);
  lua_pushvalue(L, s->url);
  lua_rawseti(L, -2, XAI_SLOT_URL);
  lua_pushvalue(L, s->codec);
  lua_rawseti(L, -2, XAI_SLOT_CODEC);
  lua_pushstring(L, s->method);
  lua_rawseti(L, -2, XAI_SLOT_METHOD);
  lua_pop(L, 1);
}

/* May the answer be a stream even if none was asked for? */
static int may_stream(const Builder *s) {
  return s->api != XAI_API_PLAIN && s->api != XAI_API_OTHER && !s->raw;
}

/* The list in the text that encode_patches has made. */
static xai_Slice list_of_patches(lua_State *L, int text) {
  static const size_t before = sizeof "{\"fallback\":" - 1;
  xai_Slice list;
  list.at = lua_tolstring(L, text, &list.len) + before;
  list.len -= before + 1;
  return list;
}

/* ------------------------------------------------------------------- tape */

/* The path in the URL, behind the base. */
static const char *path_of(const Builder *s) {
  lua_State *L = s->L;
  size_t base;
  push_base(s);
  base = lua_rawlen(L, -1);
  lua_pop(L, 1);
  return lua_tostring(L, s->url) + base;
}

/* Ask the client's tape, if it has one, and note what it says. */
static void ask_tape(Builder *s) {
  xai_TapeQuestion q;
  int top = lua_gettop(s->L);
  if (!s->client->has_tape) return;
  q.what = s->what;
  q.method = s->method;
  q.path = path_of(s);
  q.name = 2;
  q.body = s->body;
  q.first = 3;
  q.second = 6;
  q.held = s->tape_later = s->guarded || s->engine->guards_all;
  push_option(s, "tape");
  if (xai_tape_ask(s->L, &q)) s->tape = top + 1;
}

static int is_replay(const Builder *s) {
  return s->tape != 0 && xai_tape_is_replay(s->L, s->tape);
}

static void read_tape(const Builder *s, const xai_Call *call, int request,
                      xai_Request *wire) {
  if (s->tape == 0) return;
  if (is_replay(s)) {
    xai_tape_read_replay(s->L, s->tape, &wire->replay);
    wire->replay.waits = s->tape_later && wire->replay.has_more;
  } else {
    wire->record = 1;
    xai_tape_set_request(s->L, s->tape, call, path_of(s), wire);
  }
  xai_luacall_pin_tape(s->L, request, s->tape);
}

/* ---------------------------------------------------------- when all is there */

static void begin(const Builder *s, xai_Call *call, int request) {
  lua_State *L = s->L;
  xai_Request wire;
  memset(&wire, 0, sizeof wire);
  wire.method = s->method;
  wire.url = lua_tostring(L, s->url);
  if (s->body != 0) wire.body = lua_tolstring(L, s->body, &wire.body_len);
  wire.stream = s->stream;
  wire.raw = s->raw;
  wire.may_stream = may_stream(s);
  wire.takes_bytes = s->takes_bytes;
  wire.delay_ms = s->delay_ms;
  if (s->patches != 0) wire.patches = list_of_patches(L, s->patches);
  wire.spec.free_form = s->any_json;
  wire.spec.pending_ok = s->pending_ok;
  wire.spec.is_job = s->is_job;
  wire.spec.read_once = s->read_once;
  wire.spec.repeatable = s->repeatable;
  wire.spec.key_changes = s->key_function != 0;
  wire.spec.own_request_id = s->own_request_id;
  wire.spec.default_settings =
      memcmp(&s->set, &s->client->set, sizeof s->set) == 0;
  wire.spec.client_id = s->client->client_id;
  read_tape(s, call, request, &wire);
  xai_engine_start(s->engine, call, &wire);
}

/* Warn once in a process that certificates are not checked. */
static void warn_once(const Builder *s) {
  static int warned;
  if (!s->set.insecure || warned) return;
  warned = 1;
  fputs("xai: insecure = true: certificates are not checked, so anyone who "
        "answers can read the key and the prompts\n",
        stderr);
}

/* User code has run: it may have closed the client. */
static void check_open(const Builder *s) {
  if (s->client->engine == NULL)
    xai_misuse(s->L, "%s: the client is closed", s->what);
}

static void add_key(const Builder *s, xai_Call *call) {
  const char *key = xai_buffer_data(&s->client->key);
  size_t n = xai_buffer_size(&s->client->key);
  if (s->key != 0) key = lua_tolstring(s->L, s->key, &n);
  if (xai_call_add_key(call, &s->engine->scratch, key, n) != 0)
    luaL_error(s->L, "not enough memory");
}

/* Let the Lua half decide when the held call begins.  The request stays on top. */
static void ask_guard(const Builder *s, int request) {
  lua_rawgeti(s->L, s->env, XAI_CLIENT_OPTIONS);
  xai_guard_ask(s->L, request, lua_gettop(s->L));
  lua_settop(s->L, request);
}

/* May a download have a key, and is there one? */
static int may_send_key(const Builder *s) {
  int is_there = xai_buffer_size(&s->client->key) > 0;
  if (s->is_foreign) return 0;
  if (!is_there && push_option(s, "api_key")) {
    lua_pop(s->L, 1);
    is_there = 1;
  }
  return is_there;
}

/* Make the call and start it.  The key is the last header, unless the user gives
** a header for it. */
static void start(Builder *s) {
  lua_State *L = s->L;
  xai_LuaCall *r;
  xai_Call *call;
  int headers, request, own_key;
  ask_tape(s);
  push_user_headers(s);
  headers = lua_gettop(L);
  check_open(s);
  own_key = is_replay(s) || has_header(L, "authorization") ||
            has_header(L, "x-api-key") || (s->downloads && !may_send_key(s));
  if (!own_key) find_key(s);
  r = xai_luacall_new(L, s->engine, &s->set, s->api, s->raw);
  request = lua_gettop(L);
  r->any_json = s->any_json;
  r->may_be_empty = s->may_be_empty;
  call = r->handle->call;
  anchor(s, request);
  lua_pushvalue(L, headers);
  add_user_headers(s, call);
  add_needed_headers(s, call);
  lua_settop(L, request);
  check_open(s);
  warn_once(s);
  if (!own_key) add_key(s, call);
  s->guarded = s->guarded || s->engine->guards_all;
  if (s->guarded && xai_call_guard(call) != 0)
    luaL_error(L, "not enough memory");
  if (s->path != 0 &&
      xai_call_write_to(call, s->output, lua_tostring(L, s->path)) != 0)
    luaL_error(L, "not enough memory");
  begin(s, call, request);
  if (s->guarded) ask_guard(s, request);
}

/* Read an option that says where the answer goes. */
static void read_path_option(Builder *s, const char *name,
                             xai_OutputKind kind) {
  lua_State *L = s->L;
  lua_getfield(L, s->options, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  if (s->path != 0)
    xai_misuse(L, "%s: options 'file' and 'save' exclude each other", s->what);
  s->path = lua_gettop(L);
  s->output = kind;
}

/* Why the answer cannot go to a file, or NULL. */
static const char *why_no_file(const Builder *s) {
  if (!lua_isnil(s->L, 5) && !s->is_start)
    return "is for the answer of a single call";
  return s->stream ? "is for answers that are no streams" : NULL;
}

/* Where does the answer go? */
static void read_output(Builder *s, const xai_Endpoint *row) {
  static const char *const names[] = {"file", "save", "on_progress"};
  const char *why = why_no_file(s);
  size_t i;
  s->takes_bytes = s->any_json && s->stream && !s->raw && lua_isnil(s->L, 5);
  for (i = 0; why != NULL && i < sizeof names / sizeof *names; i++)
    xai_options_refuse(s->L, 4, s->what, names[i], why);
  if (row == NULL || !(row->traits & XAI_PICTURES))
    xai_options_refuse(s->L, 4, s->what, "save",
                       "is for functions that make pictures");
  if (s->options != 0) {
    read_path_option(s, "file", s->adds ? XAI_OUTPUT_NAMED : XAI_OUTPUT_FILE);
    read_path_option(s, "save", XAI_OUTPUT_PICTURES);
  }
  if (s->downloads && s->path == 0)
    xai_misuse(s->L, "%s: the path of the file is missing (option 'file')",
               s->what);
  if (s->output == XAI_OUTPUT_NONE || s->output == XAI_OUTPUT_PICTURES)
    xai_options_refuse(s->L, 4, s->what, "on_progress", "needs option 'file'");
}

/* Refuse on_part where there are no parts, or where others get them. */
static void check_on_part(const Builder *s, const xai_Endpoint *row) {
  const char *why = "is for functions that stream";
  if (row != NULL && row->api != XAI_API_PLAIN) {
    lua_getfield(s->L, 4, "on_event");
    why = lua_toboolean(s->L, -1) ? "excludes on_event" : NULL;
    lua_pop(s->L, 1);
    if (s->raw) why = "excludes raw";
    if (s->output == XAI_OUTPUT_FILE) why = "excludes file";
  }
  if (why != NULL) xai_options_refuse(s->L, 4, s->what, "on_part", why);
}

/* Refuse options that would have no effect. */
static void check_options(const Builder *s, const xai_Endpoint *row) {
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
  if (s->options != 0) check_on_part(s, row);
}

int xai_request_start(lua_State *L) {
  const xai_Endpoint *row;
  const char *name = luaL_checkstring(L, 2);
  const char *as = luaL_optstring(L, 5, name);
  Builder s;
  lua_settop(L, 7); /* client, name, argument, options, as, input, delay */
  memset(&s, 0, sizeof s);
  s.L = L;
  s.what = lua_pushfstring(L, "client:%s", strcmp(as, "start") ? as : name);
  s.client = xai_client_check(L, s.what);
  s.engine = s.client->engine;
  s.options = lua_isnil(L, 4) ? 0 : 4;
  s.input = 3;
  s.delay_ms = (int64_t)(luaL_optnumber(L, 7, 0) * 1000);
  xai_getenv(L, 1);
  s.env = lua_gettop(L);
  read_settings(&s);
  s.is_start = strcmp(as, "start") == 0;
  row = xai_endpoint_find(name);
  if (row != NULL)
    read_endpoint_arguments(&s, row);
  else if (strcmp(name, "download") == 0)
    read_download_arguments(&s);
  else
    read_free_form_argument(&s);
  read_output(&s, row);
  check_options(&s, row);
  read_fallback(&s, row);
  start(&s);
  lua_pushboolean(L, s.stream);
  if (s.set.deadline_ms == 0) return 2;
  lua_pushnumber(L, (lua_Number)s.set.deadline_ms / 1000);
  return 3;
}
