/*
** model.c - tables for events that repeat an earlier one but for their text.
**
** A model is a list: number of items, number of names, metatable or false,
** then key, value, key, value...  A table among the values is a model, too.
** Two addresses stand for the text and the sequence number.
*/
#include "bind/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/json.h"
#include "bind/jsoncodec.h"
#include "bind/push.h"

#define FIRST_PAIR 4
#define MAX_DEPTH 20

static char text_tag, number_tag;

/* ------------------------------------------------------------- the model */

typedef struct Maker {
  lua_State *L;
  const char *mark; /* begins the strings that stand for text and number */
  size_t mark_len;
  int depth;
} Maker;

static int push_model(Maker *m, int t);

/* The address for a string that stands for something, or NULL. */
static void *tag_of(const Maker *m, int i) {
  size_t n;
  const char *s = lua_tolstring(m->L, i, &n);
  if (n != m->mark_len + 1 || memcmp(s, m->mark, m->mark_len) != 0) return NULL;
  return s[m->mark_len] == 't' ? &text_tag : &number_tag;
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
  char text[sizeof c->mark + 4], number[sizeof c->mark + 4];
  snprintf(text, sizeof text, "%st", c->mark);
  snprintf(number, sizeof number, "\"%sn\"", c->mark);
  xai_buffer_clear(scratch);
  if (xai_pattern_fill(p, text, number, scratch) != XAI_OK) return 0;
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
  int text; /* index of the text */
  long long number;
} Builder;

static int get_int(lua_State *L, int t, int i) {
  int n;
  lua_rawgeti(L, t, i);
  n = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void build(const Builder *b, int model);

/* Turn the model's value on top into the event's. */
static void build_part(const Builder *b) {
  lua_State *L = b->L;
  int type = lua_type(L, -1);
  if (type == LUA_TTABLE) {
    build(b, lua_gettop(L));
    lua_replace(L, -2);
  } else if (type == LUA_TLIGHTUSERDATA) {
    const void *tag = lua_touserdata(L, -1);
    if (tag == &text_tag) {
      lua_pop(L, 1);
      lua_pushvalue(L, b->text);
    } else if (tag == &number_tag) {
      lua_pop(L, 1);
      xai_pushint(L, b->number);
    }
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

long long xai_model_number(const xai_Reading *r) {
  char digits[24];
  if (r->number.len == 0) return 0;
  memcpy(digits, r->number.at, r->number.len); /* at most 15 */
  digits[r->number.len] = '\0';
  return strtoll(digits, NULL, 10);
}

void xai_model_build(lua_State *L, int model, long long number) {
  Builder b;
  b.L = L;
  b.number = number;
  b.text = lua_gettop(L);
  luaL_checkstack(L, 4 * MAX_DEPTH, "event");
  build(&b, model);
  lua_replace(L, b.text);
}
