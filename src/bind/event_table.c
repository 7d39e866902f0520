/*
** event_table.c - tables of events that repeat an earlier one.
*/
#include "bind/event_table.h"

#include <stdlib.h>
#include <string.h>

#include "bind/json_decode.h"
#include "bind/luautil.h"

/*
** A template of a table is a list: number of items, number of names, metatable
** or false, then key, value, key, value...  A table among the values is a
** template, too.  Addresses stand for the text and the varying fields.
*/

#define FIRST_PAIR 4
#define MAX_DEPTH 20

#define TAGS (XAI_MAX_VARYING + 1)

static char tags[TAGS]; /* of the text, then of the varying fields */

/* --------------------------------------------------- making a template */

typedef struct Maker {
  lua_State *L;
  const char *mark; /* begins the strings that stand for text and fields */
  size_t mark_len;
  int depth;
  int deepest; /* the largest depth so far */
} Maker;

static int push_template(Maker *m, int t);

/* The address for a string that stands for text or a field, or NULL. */
static void *tag_of(const Maker *m, int i) {
  size_t n;
  const char *s = lua_tolstring(m->L, i, &n);
  if (n != m->mark_len + 1 || memcmp(s, m->mark, m->mark_len) != 0) return NULL;
  return s[m->mark_len] == 't' ? &tags[0] : &tags[1 + s[m->mark_len] - 'A'];
}

/* Push what the template has for the value on top.  0: it is too deep. */
static int push_part(Maker *m) {
  lua_State *L = m->L;
  void *tag = lua_type(L, -1) == LUA_TSTRING ? tag_of(m, -1) : NULL;
  if (lua_istable(L, -1)) return push_template(m, lua_gettop(L));
  if (tag != NULL)
    lua_pushlightuserdata(L, tag);
  else
    lua_pushvalue(L, -1);
  return 1;
}

/* Put the pairs of the table at 't' into the template.  Returns how many have a
** name, or -1 if one is too deep. */
static int add_pairs(Maker *m, int t, int template) {
  lua_State *L = m->L;
  int at = FIRST_PAIR, names = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    if (!push_part(m)) return -1;
    lua_pushvalue(L, -3);
    lua_rawseti(L, template, at++);
    lua_rawseti(L, template, at++);
    names += lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 1);
  }
  return names;
}

/* Push the template of the table at 't'.  0: it is too deep. */
static int push_template(Maker *m, int t) {
  lua_State *L = m->L;
  int template, names;
  if (++m->depth > MAX_DEPTH) return 0;
  if (m->depth > m->deepest) m->deepest = m->depth;
  luaL_checkstack(L, 8, "template");
  lua_newtable(L);
  template = lua_gettop(L);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, t));
  lua_rawseti(L, template, 1);
  if (!lua_getmetatable(L, t)) lua_pushboolean(L, 0);
  lua_rawseti(L, template, 3);
  names = add_pairs(m, t, template);
  if (names < 0) return 0;
  lua_pushinteger(L, names);
  lua_rawseti(L, template, 2);
  m->depth--;
  return 1;
}

/* Push the table of the event template's event, with marks for what varies. */
static int push_marked(lua_State *L, int codec, const xai_EventTemplate *p,
                       xai_Buffer *scratch) {
  const xai_Codec *c = (const xai_Codec *)lua_touserdata(L, codec);
  xai_buffer_clear(scratch);
  if (xai_event_template_fill(p, c->mark, scratch) != XAI_OK) return 0;
  xai_push_buffer(L, scratch);
  return xai_json_decode(L, codec) && lua_istable(L, -1);
}

/*
** Push a template of the event's table, made with the codec at 'codec', and
** return its depth.  Push nil if it cannot be made.
*/
static int push_event_template(lua_State *L, int codec,
                               const xai_EventTemplate *p,
                               xai_Buffer *scratch) {
  const xai_Codec *c = (const xai_Codec *)lua_touserdata(L, codec);
  int top = lua_gettop(L);
  Maker m;
  m.L = L;
  m.mark = c->mark;
  m.mark_len = c->mark_len;
  m.depth = m.deepest = 0;
  if (push_marked(L, codec, p, scratch) && push_template(&m, lua_gettop(L))) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return m.deepest;
  }
  lua_settop(L, top);
  lua_pushnil(L);
  return 0;
}

/* --------------------------------------------------------------- building */

typedef struct Builder {
  lua_State *L;
  int values; /* index of the text; the varying fields follow */
} Builder;

static int get_int(lua_State *L, int t, int i) {
  int n;
  lua_rawgeti(L, t, i);
  n = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void build(const Builder *b, int template);

/* Which value an address stands for; -1: none. */
static int index_of(const void *tag) {
  int i = 0;
  while (i < TAGS && tag != &tags[i]) i++;
  return i < TAGS ? i : -1;
}

/* Turn the template's value on top into the event's. */
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

/* Push the table that the template describes. */
static void build(const Builder *b, int template) {
  lua_State *L = b->L;
  int items = get_int(L, template, 1), names = get_int(L, template, 2);
  int i, last = FIRST_PAIR + 2 * (items + names);
  lua_createtable(L, items, names);
  lua_rawgeti(L, template, 3);
  if (lua_istable(L, -1))
    lua_setmetatable(L, -2);
  else
    lua_pop(L, 1);
  for (i = FIRST_PAIR; i < last; i += 2) {
    lua_rawgeti(L, template, i);
    lua_rawgeti(L, template, i + 1);
    build_part(b);
    lua_rawset(L, -3);
  }
}

/*
** Push the event's table, whose tables are nested 'depth' levels deep.  Its text
** is at 'values'; its varying fields follow.
*/
static void build_event(lua_State *L, int template, int depth, int values) {
  Builder b;
  b.L = L;
  b.values = values;
  luaL_checkstack(L, 4 * depth, "event"); /* a waiting coroutine keeps it all */
  build(&b, template);
}

/* ------------------------------------------------------------ one event */

/* Push the template of tables for the shown event and return its depth.  Push
** nil if there is none. */
static int push_kept_template(lua_State *L, xai_LuaCall *r) {
  const xai_EventReader *s = xai_call_reader(r->handle->call);
  unsigned long serial = s->event.info.template_serial;
  int env = lua_gettop(L) + 1, depth;
  xai_getenv(L, 1);
  if (r->template != serial) {
    lua_rawgeti(L, env, XAI_SLOT_CODEC);
    depth = push_event_template(L, env + 1, &s->template,
                                &r->handle->engine->scratch);
    lua_rawseti(L, env, XAI_SLOT_TEMPLATE);
    r->template = serial;
    r->template_depth = depth;
  }
  lua_rawgeti(L, env, XAI_SLOT_TEMPLATE);
  lua_replace(L, env);
  lua_settop(L, env);
  return r->template_depth;
}

/* Push a varying field: an integer of at most 15 digits, or a string. */
static void push_varying(lua_State *L, xai_LuaCall *r, xai_Slice s) {
  char digits[24];
  if (s.at[-1] == '"') {
    xai_push_unescaped(L, &r->handle->engine->scratch, s);
    return;
  }
  memcpy(digits, s.at, s.len);
  digits[s.len] = '\0';
  xai_pushint(L, strtoll(digits, NULL, 10));
}

/* Copies of the varying fields, for while Lua values are made. */
typedef struct Varying {
  char bytes[256];
  xai_Slice varying_field[XAI_MAX_VARYING];
  int count;
} Varying;

/* Copy the varying fields of an event, each with the byte before it, which tells
** a string from a number.  0: they are too long. */
static int copy_varying(Varying *to, const xai_EventInfo *r) {
  char *p = to->bytes;
  int i;
  to->count = r->varying;
  for (i = 0; i < r->varying; i++) {
    size_t n = r->varying_field[i].len;
    if (n + 1 > (size_t)(to->bytes + sizeof to->bytes - p)) return 0;
    memcpy(p, r->varying_field[i].at - 1, n + 1);
    to->varying_field[i].at = p + 1;
    to->varying_field[i].len = n;
    p += n + 1;
  }
  return 1;
}

int xai_event_table_push(lua_State *L, xai_LuaCall *r) {
  const xai_EventInfo *info = &xai_call_reader(r->handle->call)->event.info;
  int template = lua_gettop(L) + 1, depth, i;
  Varying varying;
  luaL_checkstack(L, XAI_MAX_VARYING + 6, "event");
  depth = push_kept_template(L, r); /* a finalizer may replace both later */
  if (!lua_istable(L, template) ||
      xai_call_peek(r->handle->call) != XAI_READ_EVENT ||
      info->template_serial != r->template || !copy_varying(&varying, info)) {
    lua_settop(L, template - 1);
    return 0;
  }
  xai_push_unescaped(L, &r->handle->engine->scratch,
                     info->delta); /* from here on the event may move */
  for (i = 0; i < varying.count; i++)
    push_varying(L, r, varying.varying_field[i]);
  build_event(L, template, depth, template + 1);
  lua_replace(L, template);
  lua_settop(L, template);
  return 1;
}
