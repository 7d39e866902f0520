/*
** repeated.c - the tables of events that repeat an earlier one.
*/
#include "bind/repeated.h"

#include <stdlib.h>
#include <string.h>

#include "bind/model.h"
#include "bind/push.h"

/* Push the model of the event that the pattern is of; nil: it has none. */
static void push_model(lua_State *L, xai_LuaRequest *r) {
  const xai_Stream *s = &r->hold->call->stream;
  unsigned long serial = s->event.reading.same;
  int env = lua_gettop(L) + 1;
  xai_getenv(L, 1);
  if (r->model != serial) {
    lua_rawgeti(L, env, XAI_REQUEST_CODEC);
    xai_model_push(L, env + 1, &s->pattern, &r->hold->engine->scratch);
    lua_rawseti(L, env, XAI_REQUEST_MODEL);
    r->model = serial;
  }
  lua_rawgeti(L, env, XAI_REQUEST_MODEL);
  lua_replace(L, env);
  lua_settop(L, env);
}

/* Push a stamp: a whole number of at most 15 digits, or a string. */
static void push_stamp(lua_State *L, xai_LuaRequest *r, xai_Slice s) {
  char digits[24];
  if (s.at[-1] == '"') {
    xai_push_unescaped(L, &r->hold->engine->scratch, s);
    return;
  }
  memcpy(digits, s.at, s.len);
  digits[s.len] = '\0';
  xai_pushint(L, strtoll(digits, NULL, 10));
}

/* Where stamps are kept while Lua values are made. */
typedef struct Stamps {
  char bytes[256];
  xai_Slice stamp[XAI_MAX_STAMPS];
  int count;
} Stamps;

/* Copy the stamps of a reading, each with the byte before it, which tells a
** string from a number.  0: they are too long. */
static int copy_stamps(Stamps *to, const xai_Reading *r) {
  char *p = to->bytes;
  int i;
  to->count = r->stamps;
  for (i = 0; i < r->stamps; i++) {
    size_t n = r->stamp[i].len;
    if (n + 1 > (size_t)(to->bytes + sizeof to->bytes - p)) return 0;
    memcpy(p, r->stamp[i].at - 1, n + 1);
    to->stamp[i].at = p + 1;
    to->stamp[i].len = n;
    p += n + 1;
  }
  return 1;
}

int xai_repeated_push(lua_State *L, xai_LuaRequest *r) {
  const xai_Reading *reading = &r->hold->call->stream.event.reading;
  int model = lua_gettop(L) + 1, i;
  Stamps stamps;
  luaL_checkstack(L, XAI_MAX_STAMPS + 6, "event");
  push_model(L, r);
  if (!lua_istable(L, model) ||
      xai_call_peek(r->hold->call) != XAI_STREAM_EVENT ||
      reading->same != r->model || !copy_stamps(&stamps, reading)) {
    lua_settop(L, model - 1);
    return 0;
  }
  xai_push_unescaped(L, &r->hold->engine->scratch,
                     reading->piece); /* the event may move from here on */
  for (i = 0; i < stamps.count; i++) push_stamp(L, r, stamps.stamp[i]);
  xai_model_build(L, model, model + 1);
  lua_replace(L, model);
  lua_settop(L, model);
  return 1;
}
