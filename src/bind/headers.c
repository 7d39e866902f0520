/*
** headers.c - the header lines of a call, and its key.
*/
#include "bind/headers.h"

#include <string.h>

#include "bind/state.h"
#include "bind/luaerr.h"
#include "bind/options.h"
#include "bind/push.h"
#include "bind/target.h"

/* Append a header line of up to three parts to the call's list. */
static void add_header(const xai_Start *s, xai_Call *call, const char *a,
                       const char *b, size_t n) {
  xai_Buffer *line = &s->engine->scratch;
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

static void add_line(const xai_Start *s, xai_Call *call, const char *line) {
  add_header(s, call, line, "", 0);
}

/* Push the name of this header as the table at 't' spells it; 0 when it is not
** there. */
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

int xai_headers_has(lua_State *L, const char *name) {
  int found = !lua_isnil(L, -1) && push_spelling(L, lua_gettop(L), name);
  if (found) lua_pop(L, 1);
  return found;
}

/* Remove this header from the table at 't', however it is spelt there. */
static void remove_header(lua_State *L, int t, const char *name) {
  if (!push_spelling(L, t, name)) return;
  lua_pushnil(L);
  lua_rawset(L, t);
}

/* Put the pairs of the table on top, if it is one, into the one at 'to', in
** place of those of the same names in any case. */
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

/* Push the user's headers, or nil: those of the call over the client's. */
void xai_headers_push(const xai_Start *s) {
  lua_State *L = s->L;
  int both = lua_gettop(L) + 1;
  lua_rawgeti(L, s->env, XAI_CLIENT_OPTIONS);
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

/*
** The value on top, of the header below it.  libcurl takes "Name:" for "not
** this one", be it its own, and "Name;" for a header without a value.
*/
static void add_pair(const xai_Start *s, xai_Call *call) {
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

void xai_headers_add_user(const xai_Start *s, xai_Call *call) {
  lua_State *L = s->L;
  int t = lua_gettop(L);
  if (lua_isnil(L, t)) return;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    add_pair(s, call);
    lua_pop(L, 1);
  }
}

static void missing_key(const xai_Start *s) {
  xai_misuse(s->L,
             "%s: no API key: set the environment variable "
             "XAI_API_KEY or give api_key to xai.new",
             s->what);
}

/* Push the key that the call's own option or a function gives; 0 when it is
** the client's. */
static int push_own_key(xai_Start *s) {
  lua_State *L = s->L;
  if (!xai_target_option(s, "api_key")) return 0;
  if (!lua_isfunction(L, -1)) return 1;
  s->key_from = lua_gettop(L);
  lua_pushvalue(L, -1);
  lua_call(L, 0, 1);
  if (lua_type(L, -1) != LUA_TSTRING)
    xai_misuse(L, "%s: the api_key function gave no string but %s", s->what,
               luaL_typename(L, -1));
  return 1;
}

/* The headers that the service needs, unless the user's take their place.
** The user's table is on top of the stack. */
void xai_headers_add_own(xai_Start *s, xai_Call *call) {
  lua_State *L = s->L;
  char uuid[XAI_UUID_SIZE];
  if (s->body != 0 && !xai_headers_has(L, "content-type"))
    add_line(s, call, "Content-Type: application/json");
  if (!xai_headers_has(L, "accept"))
    add_line(s, call,
             s->stream ? "Accept: text/event-stream"
                       : "Accept: application/json");
  if (!xai_headers_has(L, "accept-encoding"))
    add_line(s, call, "Accept-Encoding:"); /* libcurl would ask for gzip */
  if (!xai_headers_has(L, "x-client-request-id")) {
    xai_chance_uuid(&s->engine->chance, uuid);
    add_header(s, call, "x-client-request-id: ", uuid, sizeof uuid - 1);
  }
  if (!xai_headers_has(L, "user-agent")) {
    const char *agent = s->set.user_agent;
    if (agent == NULL) agent = xai_state_agent(L);
    add_header(s, call, "User-Agent: ", agent, strlen(agent));
  }
  add_line(s, call, "Expect:"); /* libcurl would wait for a 100 */
}

/* The key goes last, and only when no own Authorization is there. */
void xai_headers_add_key(const xai_Start *s, xai_Call *call, const char *key,
                         size_t n) {
  add_header(s, call, "Authorization: Bearer ", key, n);
  xai_buffer_blank(&s->engine->scratch);
}

void xai_headers_push_key(xai_Start *s) {
  lua_State *L = s->L;
  size_t n;
  const char *key;
  if (push_own_key(s)) {
    s->key = lua_gettop(L);
    key = lua_tolstring(L, s->key, &n);
    xai_client_check_key(L, s->what, key, n);
  } else if (xai_buffer_size(&s->client->key) == 0) {
    missing_key(s);
  }
}
