/*
** renew.c - the key for another attempt, from the user's function.
*/
#include "bind/renew.h"

#include <string.h>

#include "bind/options.h"

#define KEY_LINE "Authorization: Bearer "
#define KEY_LINE_LENGTH (sizeof KEY_LINE - 1)

static char on_error_key; /* registry: what hears of the function's errors */

static int is_key_line(const char *line) {
  return strncmp(line, KEY_LINE, KEY_LINE_LENGTH) == 0;
}

static int has_key(const xai_Call *c, const char *key) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL; h = h->next)
    if (is_key_line(h->data) && strcmp(h->data + KEY_LINE_LENGTH, key) == 0)
      return 1;
  return 0;
}

static int append(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) return 0;
  *list = longer;
  return 1;
}

/* The line with the key is in the engine's scratch for a moment. */
static int append_key(xai_LuaRequest *r, struct curl_slist **list,
                      const char *key) {
  xai_Buffer *line = &r->hold->engine->scratch;
  int ok;
  xai_buffer_clear(line);
  ok = xai_buffer_puts(line, KEY_LINE) == XAI_OK &&
       xai_buffer_puts(line, key) == XAI_OK &&
       xai_buffer_terminate(line) == XAI_OK &&
       append(list, xai_buffer_data(line));
  xai_buffer_blank(line);
  return ok;
}

/* The call's headers with another key; NULL when there is no memory. */
static struct curl_slist *headers_with(xai_LuaRequest *r, const char *key) {
  struct curl_slist *list = NULL;
  const struct curl_slist *h;
  int ok = 1;
  for (h = r->hold->call->headers; h != NULL && ok; h = h->next)
    ok = is_key_line(h->data) ? append_key(r, &list, key)
                              : append(&list, h->data);
  if (ok) return list;
  curl_slist_free_all(list);
  return NULL;
}

static void fail(xai_LuaRequest *r, xai_Kind kind, const char *text) {
  xai_engine_cancel(r->hold->engine, r->hold->call, kind, text);
}

/* What the function gave, or the error that it raised, is on top. */
static void use(lua_State *L, xai_LuaRequest *r) {
  struct curl_slist *list;
  size_t n = 0;
  const char *key = NULL;
  if (lua_type(L, -1) == LUA_TSTRING) key = lua_tolstring(L, -1, &n);
  if (n == 0 || xai_bytes_have_control(key, n)) {
    fail(r, XAI_KIND_AUTHENTICATION,
         "the api_key function gave no key for another attempt");
  } else if (has_key(r->hold->call, key)) {
    xai_engine_keep_key(r->hold->engine, r->hold->call);
  } else if ((list = headers_with(r, key)) == NULL) {
    fail(r, XAI_KIND_MEMORY, "not enough memory");
  } else {
    xai_engine_set_key(r->hold->engine, r->hold->call, list);
  }
}

/* The error that the function raised is on top: was it cancelled? */
static int was_cancelled(lua_State *L) {
  lua_pushlightuserdata(L, &on_error_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, -2);
  return lua_pcall(L, 1, 1, 0) == 0 && lua_toboolean(L, -1);
}

void xai_renew_key(lua_State *L, xai_LuaRequest *r) {
  int top = lua_gettop(L), failed, cancelled;
  if (!r->hold->call->key_wanted || r->asking) return;
  r->asking = 1; /* the function may wait, and so come here again */
  xai_getenv(L, 1);
  lua_rawgeti(L, -1, XAI_REQUEST_KEY);
  failed = lua_pcall(L, 0, 1, 0);
  r->asking = 0;
  cancelled = failed && was_cancelled(L);
  if (r->hold->call != NULL && r->hold->call->key_wanted) {
    if (cancelled)
      fail(r, XAI_KIND_CANCELLED, "cancelled");
    else if (failed)
      fail(r, XAI_KIND_AUTHENTICATION,
           "the api_key function failed when asked for another attempt");
    else
      use(L, r);
  }
  lua_settop(L, top);
}

int xai_renew_on_error(lua_State *L) {
  lua_settop(L, 1);
  lua_pushlightuserdata(L, &on_error_key);
  lua_insert(L, 1);
  lua_rawset(L, LUA_REGISTRYINDEX);
  return 0;
}
