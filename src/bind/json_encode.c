/*
** json_encode.c - from Lua values to JSON text.
*/
#include "bind/json_encode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bind/json_decode.h"
#include "bind/luautil.h"

#define MAX_DEPTH 1000
#define MAX_SHOWN 40 /* steps of a path in messages */

/* A step of the path from the root to a value, for messages. */
typedef struct Step {
  const struct Step *up;
  const void *table; /* it is a member of this; NULL: the root */
  const char *key;   /* NULL: 'index' */
  int index;
  int depth;
} Step;

typedef struct Writer {
  lua_State *L;
  const xai_Codec *codec;
  const char *what; /* "client:chat" */
  int null;         /* index of the module's null */
  int vim_null;     /* index of vim.NIL, or of nil */
  int marked;       /* a value was replaced by a marked string */
  int foreign;      /* the locale has no decimal point; -1: not known yet */
} Writer;

/* --------------------------------------------------------------- messages */

static void push_path(lua_State *L, const Step *s) {
  int parts = 0;
  luaL_checkstack(L, MAX_SHOWN + 8, "path");
  if (s->up == NULL) {
    lua_pushliteral(L, "body");
    return;
  }
  if (s->depth > MAX_SHOWN) {
    lua_pushliteral(L, "...");
    parts++;
  }
  while (s->depth > MAX_SHOWN) s = s->up;
  for (; s->up != NULL; s = s->up, parts++) {
    const char *dot = s->up->up != NULL ? "." : "";
    if (s->key != NULL)
      lua_pushfstring(L, "%s%s", dot, s->key);
    else
      lua_pushfstring(L, "[%d]", s->index);
  }
  /* The steps are on the stack, the last one first. */
  for (; parts > 1; parts--) {
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
}

static int refuse(const Writer *w, const Step *s, const char *why) {
  lua_State *L = w->L;
  push_path(L, s);
  return xai_misuse(L, "%s: %s %s", w->what, lua_tostring(L, -1), why);
}

/* ----------------------------------------------------------------- leaves */

/* Push "<mark>text", which becomes the text after encoding. */
static int push_marked(Writer *w, const char *text) {
  lua_pushfstring(w->L, "%s%s", w->codec->mark, text);
  w->marked = 1;
  return 1;
}

/* Is the number exact with that many digits? */
static int holds(lua_Number n, int digits) {
  char s[40];
  snprintf(s, sizeof s, "%.*g", digits, (double)n);
  return strtod(s, NULL) == (double)n;
}

/* Is the number exact with the 14 digits that the library writes? */
static int is_short(lua_Number n) {
  return holds(n, 14) && (n != floor(n) || fabs((double)n) < 1e14);
}

/* May the library write the number?  It may write the locale's comma. */
static int is_plain(Writer *w, lua_Number n) {
  if (!is_short(n)) return 0;
  if (!XAI_HAS_INTEGERS && n == floor(n)) return 1;
  if (w->foreign < 0) w->foreign = xai_decimal_is_foreign();
  return !w->foreign;
}

static int write_number(Writer *w, const Step *s, int i) {
  lua_State *L = w->L;
  lua_Number n = lua_tonumber(L, i);
  char text[XAI_DECIMAL_SIZE];
  int digits = 15;
#if XAI_HAS_INTEGERS
  if (lua_isinteger(L, i)) {
    lua_Integer v = lua_tointeger(L, i);
    if (v > -100000000000000 && v < 100000000000000) return 0;
    snprintf(text, sizeof text, "%lld", (long long)v);
    return push_marked(w, text);
  }
#endif
  if (n != n || n - n != 0) return refuse(w, s, "is not a finite number");
  if (is_plain(w, n)) return 0;
  if (n == floor(n) && fabs((double)n) < 1e18) {
    snprintf(text, sizeof text, "%.0f", (double)n);
    return push_marked(w, text);
  }
  while (digits < 17 && !holds(n, digits)) digits++;
  xai_decimal_write(text, (double)n, digits);
  return push_marked(w, text);
}

/* Refuse a string that is not UTF-8, as JSON is. */
static void check_text(const Writer *w, const Step *s, int i,
                       const char *what) {
  lua_State *L = w->L;
  size_t n, at;
  const char *text = lua_tolstring(L, i, &n);
  at = xai_utf8_check(text, n);
  if (at == n) return;
  lua_pushfstring(L, "%sis not UTF-8 (byte %d of %d)", what, (int)at + 1,
                  (int)n);
  refuse(w, s, lua_tostring(L, -1));
}

/* Write a null: xai.null, the module's or Neovim's.  Refuse other values. */
static int write_other(Writer *w, const Step *s, int i) {
  lua_State *L = w->L;
  char why[64];
  int ours = lua_islightuserdata(L, i) && lua_touserdata(L, i) == NULL;
  if (ours && w->codec->own_null) return 0;
  if (ours) return push_marked(w, "null");
  if (lua_rawequal(L, i, w->null) && !lua_isnil(L, i)) return 0;
  if (lua_isuserdata(L, i) && lua_rawequal(L, i, w->vim_null))
    return push_marked(w, "null");
  snprintf(why, sizeof why, "is a %s, which JSON cannot express",
           luaL_typename(L, i));
  return refuse(w, s, why);
}

/* ----------------------------------------------------------------- tables */

static int write_value(Writer *w, const Step *s, int i);

/* Push a copy of the table at 't', to be changed. */
static void push_copy(lua_State *L, int t) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

static int is_array_marked(lua_State *L, int t) {
  int is;
  if (!lua_getmetatable(L, t)) return 0;
  luaL_getmetatable(L, XAI_ARRAY_MT);
  is = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is;
}

/* Allow the string keys of an object, or the indices 1..n of a list. */
static void check_key(Writer *w, const Step *s, int list, size_t n) {
  lua_State *L = w->L;
  lua_Number k;
  if (!list) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      check_text(w, s, lua_gettop(L) - 1, "has a name that ");
      return;
    }
    refuse(w, s,
           lua_type(L, -2) == LUA_TNUMBER
               ? "mixes names and numbers, or is a list with holes "
                 "(xai.null fills a hole)"
               : "has a key that is not a string");
  }
  if (lua_type(L, -2) != LUA_TNUMBER)
    refuse(w, s, "mixes a list with named fields");
  k = lua_tonumber(L, -2);
  if (k < 1 || k > (lua_Number)n || k != floor(k))
    refuse(w, s, "is a list with holes (xai.null fills a hole)");
}

/* Check and count the keys; a list must have as many as its length. */
static size_t check_keys(Writer *w, const Step *s, int t, int list, size_t n) {
  lua_State *L = w->L;
  size_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    check_key(w, s, list, n);
    lua_pop(L, 1);
    count++;
  }
  if (list && count != n)
    refuse(w, s, "is a list with holes (xai.null fills a hole)");
  return count;
}

/*
** Pop the replacement of a value and put it into the copy of the table.  The copy
** is made for the first one.  Leaves key and value.
*/
static void put_into_copy(lua_State *L, int t, int copy) {
  if (lua_isnil(L, copy)) {
    push_copy(L, t);
    lua_replace(L, copy);
  }
  lua_pushvalue(L, -3); /* key */
  lua_insert(L, -2);
  lua_rawset(L, copy);
}

static int write_members(Writer *w, const Step *s, int t, int list) {
  lua_State *L = w->L;
  Step here;
  int copy;
  here.up = s;
  here.table = lua_topointer(L, t);
  here.depth = s->depth + 1;
  lua_pushnil(L);
  copy = lua_gettop(L); /* nil until something is replaced */
  lua_pushnil(L);
  while (lua_next(L, t)) {
    here.key = list ? NULL : lua_tostring(L, -2);
    here.index = list ? (int)lua_tonumber(L, -2) : 0;
    if (write_value(w, &here, lua_gettop(L))) put_into_copy(L, t, copy);
    lua_pop(L, 1);
  }
  if (!lua_isnil(L, copy)) return 1;
  lua_pop(L, 1);
  return 0;
}

/* Find the first step from the root to a table that contains itself: the step
** that leads to it again, and in 'whole' the step that led to it before. */
static const Step *find_cycle(const Step *s, const Step **whole) {
  const Step *again = NULL, *a, *b;
  for (a = s; a->up != NULL; a = a->up)
    for (b = a->up; b->up != NULL; b = b->up)
      if (a->table == b->table) {
        again = a->up;
        *whole = b->up;
      }
  return again;
}

/* "metadata contains itself, as metadata.t" */
static int refuse_depth(const Writer *w, const Step *s) {
  const Step *whole = NULL, *again = find_cycle(s, &whole);
  if (again == NULL) return refuse(w, s, "is nested too deeply");
  lua_pushliteral(w->L, "contains itself, as ");
  push_path(w->L, again);
  lua_concat(w->L, 2);
  return refuse(w, whole, lua_tostring(w->L, -1));
}

static int write_table(Writer *w, const Step *s, int t) {
  lua_State *L = w->L;
  size_t n = lua_rawlen(L, t);
  int marked = is_array_marked(L, t);
  int list = n > 0 || marked;
  if (lua_rawequal(L, t, w->null)) return 0;
  if (s->depth > MAX_DEPTH) refuse_depth(w, s);
  luaL_checkstack(L, 16, "nested table");
  if (check_keys(w, s, t, list, n) > 0) return write_members(w, s, t, list);
  if (marked) return push_marked(w, "[]");
  return w->codec->empty_is_object ? 0 : push_marked(w, "{}");
}

/* Push a replacement for the value at 'i' and return 1, or return 0. */
static int write_value(Writer *w, const Step *s, int i) {
  switch (lua_type(w->L, i)) {
    case LUA_TSTRING: check_text(w, s, i, ""); return 0;
    case LUA_TBOOLEAN: return 0;
    case LUA_TNUMBER: return write_number(w, s, i);
    case LUA_TTABLE: return write_table(w, s, i);
    default: return write_other(w, s, i);
  }
}

/* ------------------------------------------------------------------- text */

static const char *find(const char *p, const char *end, const char *word,
                        size_t n) {
  for (; (size_t)(end - p) >= n; p++) {
    p = (const char *)memchr(p, *word, (size_t)(end - p) - n + 1);
    if (p == NULL) return NULL;
    if (memcmp(p, word, n) == 0) return p;
  }
  return NULL;
}

/* Append 's', with each "<mark>text" and its quotes replaced by the text. */
static int unmark(xai_Codec *c, const char *s, size_t n) {
  const char *end = s + n, *p, *q;
  int rc = XAI_OK;
  while (rc == XAI_OK && (p = find(s, end, c->mark, c->mark_len)) != NULL) {
    rc = xai_buffer_append(&c->scratch, s, (size_t)(p - s) - 1);
    p += c->mark_len;
    q = (const char *)memchr(p, '"', (size_t)(end - p));
    if (q == NULL) q = end;
    if (rc == XAI_OK) rc = xai_buffer_append(&c->scratch, p, (size_t)(q - p));
    s = q < end ? q + 1 : end;
  }
  if (rc == XAI_OK) rc = xai_buffer_append(&c->scratch, s, (size_t)(end - s));
  return rc;
}

/* Replace the marked strings of the text on top of the stack. */
static void unmark_text(lua_State *L, xai_Codec *c) {
  size_t n;
  const char *s = lua_tolstring(L, -1, &n);
  int rc;
  xai_buffer_clear(&c->scratch);
  rc = unmark(c, s, n);
  if (rc != XAI_OK) luaL_error(L, "not enough memory");
  xai_push_buffer(L, &c->scratch);
  lua_replace(L, -2);
  xai_codec_trim(c);
}

void xai_json_encode(lua_State *L, int codec, int value, const char *what) {
  xai_Codec *c = (xai_Codec *)luaL_checkudata(L, codec, XAI_CODEC_MT);
  Step root = {NULL, NULL, NULL, 0, 0};
  Writer w;
  int top = lua_gettop(L);
  luaL_checkstack(L, 16, "JSON");
  value = xai_absindex(L, value);
  xai_getenv(L, codec);               /* top + 1 */
  lua_rawgeti(L, -1, XAI_CODEC_NULL); /* top + 2 */
  lua_rawgeti(L, -2, XAI_CODEC_VIM_NULL);
  lua_rawgeti(L, -3, XAI_CODEC_ENCODE);
  w.L = L;
  w.codec = c;
  w.what = what;
  w.null = top + 2;
  w.vim_null = top + 3;
  w.marked = 0;
  w.foreign = -1;
  if (!write_value(&w, &root, value)) lua_pushvalue(L, value);
  if (lua_pcall(L, 1, 1, 0) != 0)
    xai_misuse(L, "%s: %s", what, lua_tostring(L, -1));
  if (lua_type(L, -1) != LUA_TSTRING)
    xai_misuse(L, "%s: the JSON module's encode gave no string", what);
  if (w.marked) unmark_text(L, c);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

int xai_json_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_setmetatable(L, XAI_ARRAY_MT);
  return 1;
}
