/*
** model.c - tables for events that repeat an earlier one but for their text.
**
** A model is a list: number of items, number of names, metatable or false,
** then key, value, key, value...  A table among the values is a model, too.
** Addresses stand for the text and the stamps.
*/
#include "bind/model.h"

#include <string.h>

#include "bind/json.h"
#include "bind/jsoncodec.h"
#include "bind/push.h"

#define FIRST_PAIR 4
#define MAX_DEPTH 20

#define TAGS (XAI_MAX_STAMPS + 1)

static char tags[TAGS]; /* of the text, then of the stamps */

/* ------------------------------------------------------------- the model */

typedef struct Maker {
  lua_State *L;
  const char *mark; /* begins the strings that stand for text and stamps */
  size_t mark_len;
  int depth;
} Maker;

static int push_model(Maker *m, int t);

/* The address for a string that stands for something, or NULL. */
static void *tag_of(const Maker *m, int i) {
  size_t n;
  const char *s = lua_tolstring(m->L, i, &n);
  if (n != m->mark_len + 1 || memcmp(s, m->mark, m->mark_len) != 0) return NULL;
  return s[m->mark_len] == 't' ? &tags[0] : &tags[1 + s[m->mark_len] - 'A'];
}

/* Push what the model has for the value on top.  0: it is too deep. */
static int push_part(Maker *m) {
  lua_State *L = m->L;
  void *tag = lua_type(L, -1) == LUA_TSTRING ? tag_of(m, -1) : NULL;
  if (lua_istable(L, -1)) return push_model(m, lua_gettop(L));
  if (tag != NULL)
    lua_pushlightuserdata(L, tag);
  else
    lua_pushvalue(L, -1);
  return 1;
}

/* The pairs of the table at 't' into the model at 'model'.  Returns how many
** have a name, or -1. */
static int add_pairs(Maker *m, int t, int model) {
  lua_State *L = m->L;
  int at = FIRST_PAIR, names = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    if (!push_part(m)) return -1;
    lua_pushvalue(L, -3);
    lua_rawseti(L, model, at++);
    lua_rawseti(L, model, at++);
    names += lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 1);
  }
  return names;
}

/* Push the model of the table at 't'.  0: it is too deep. */
static int push_model(Maker *m, int t) {
  lua_State *L = m->L;
  int model, names;
  if (++m->depth > MAX_DEPTH) return 0;
  luaL_checkstack(L, 8, "model");
  lua_newtable(L);
  model = lua_gettop(L);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, t));
  lua_rawseti(L, model, 1);
  if (!lua_getmetatable(L, t)) lua_pushboolean(L, 0);
  lua_rawseti(L, model, 3);
  names = add_pairs(m, t, model);
  if (names < 0) return 0;
  lua_pushinteger(L, names);
  lua_rawseti(L, model, 2);
  m->depth--;
  return 1;
}

/* Push the pattern's event with marks in it, decoded. */
static int push_marked(lua_State *L, int codec, const xai_Pattern *p,
                       xai_Buffer *scratch) {
  const xai_Codec *c = (const xai_Codec *)lua_touserdata(L, codec);
  xai_buffer_clear(scratch);
  if (xai_pattern_fill(p, c->mark, scratch) != XAI_OK) return 0;
  xai_push_buffer(L, scratch);
  return xai_json_decode(L, codec) && lua_istable(L, -1);
}

void xai_model_push(lua_State *L, int codec, const xai_Pattern *p,
                    xai_Buffer *scratch) {
  const xai_Codec *c = (const xai_Codec *)lua_touserdata(L, codec);
  int top = lua_gettop(L);
  Maker m;
  m.L = L;
  m.mark = c->mark;
  m.mark_len = c->mark_len;
  m.depth = 0;
  if (push_marked(L, codec, p, scratch) && push_model(&m, lua_gettop(L))) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return;
  }
  lua_settop(L, top);
  lua_pushnil(L);
}

/* --------------------------------------------------------------- building */

typedef struct Builder {
  lua_State *L;
  int values; /* index of the text; the stamps are above it */
} Builder;

static int get_int(lua_State *L, int t, int i) {
  int n;
  lua_rawgeti(L, t, i);
  n = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void build(const Builder *b, int model);

/* Which value an address stands for; -1: none. */
static int index_of(const void *tag) {
  int i = 0;
  while (i < TAGS && tag != &tags[i]) i++;
  return i < TAGS ? i : -1;
}

/* Turn the model's value on top into the event's. */
static void build_part(const Builder *b) {
  lua_State *L = b->L;
  int type = lua_type(L, -1);
  if (type == LUA_TTABLE) {
    build(b, lua_gettop(L));
    lua_replace(L, -2);
  } else if (type == LUA_TLIGHTUSERDATA) {
    int i = index_of(lua_touserdata(L, -1));
    if (i < 0) return;
    lua_pop(L, 1);
    lua_pushvalue(L, b->values + i);
  }
}

/* Push the table that the model at 'model' describes. */
static void build(const Builder *b, int model) {
  lua_State *L = b->L;
  int items = get_int(L, model, 1), names = get_int(L, model, 2);
  int i, last = FIRST_PAIR + 2 * (items + names);
  lua_createtable(L, items, names);
  lua_rawgeti(L, model, 3);
  if (lua_istable(L, -1))
    lua_setmetatable(L, -2);
  else
    lua_pop(L, 1);
  for (i = FIRST_PAIR; i < last; i += 2) {
    lua_rawgeti(L, model, i);
    lua_rawgeti(L, model, i + 1);
    build_part(b);
    lua_rawset(L, -3);
  }
}

void xai_model_build(lua_State *L, int model, int values) {
  Builder b;
  b.L = L;
  b.values = values;
  luaL_checkstack(L, 4 * MAX_DEPTH, "event");
  build(&b, model);
}
