/*
** json_encode.c - from Lua values to JSON text.
**
** Members of an object are sorted by the bytes of their names, so that equal
** tables give equal bytes in every process.  The text equals lua-cjson's in all
** else: its escapes, its numbers of up to 14 digits.
**
** The walk allocates no Lua value, but for objects of many members.  So no
** collector runs, and no finalizer can change the tables meanwhile.
*/
#include "bind/json_encode.h"

#include <math.h>
#include <stdint.h>
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

/* A member of an object that is being written. */
typedef struct Member {
  const char *name;
  size_t len;
  int rank; /* its place by xai.ordered; LAST without one */
  int key;  /* where its name is: a stack index, or an index of the list */
} Member;

#define LAST 0x7FFFFFFF

typedef struct Writer {
  lua_State *L;
  xai_Codec *codec;
  xai_Buffer *out;     /* the text so far */
  xai_Buffer *members; /* of all objects on the way to the current value */
  const char *what;    /* "client:chat" */
  int env;             /* index of the codec's environment */
  int owns_codec;      /* 'out' and 'members' are the codec's */
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
  if (w->owns_codec) w->codec->busy = 0;
  push_path(L, s);
  return xai_misuse(L, "%s: %s %s", w->what, lua_tostring(L, -1), why);
}

static void fail_memory(const Writer *w) {
  if (w->owns_codec) w->codec->busy = 0;
  luaL_error(w->L, "not enough memory");
}

/* ------------------------------------------------------------------- text */

static void put(Writer *w, const char *s, size_t n) {
  if (xai_buffer_append(w->out, s, n) != XAI_OK) fail_memory(w);
}

static void put_char(Writer *w, char c) { put(w, &c, 1); }

/* The letter of a byte's escape; 'u': it has no short one; 0: it needs none. */
static const char escape_letters[256] = {
    'u', 'u', 'u', 'u', 'u', 'u',          'u',           'u',         'b', 't',
    'n', 'u', 'f', 'r', 'u', 'u',          'u',           'u',         'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u',          'u',           'u',         'u', 'u',
    'u', 'u', 0,   0,   '"', [0x2F] = '/', [0x5C] = '\\', [0x7F] = 'u'};

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* High bits of the bytes of 'x' that are zero; of some others above them. */
static uint64_t zeros(uint64_t x) { return (x - EACH(1)) & ~x & EACH(0x80); }

/* The end of the bytes at 's' that need no escape.  Looks at eight at a time. */
static const char *skip_plain(const char *s, const char *end) {
  uint64_t x;
  while ((size_t)(end - s) >= sizeof x) {
    memcpy(&x, s, sizeof x);
    if ((((x - EACH(0x20)) & ~x & EACH(0x80)) | zeros(x ^ EACH('"')) |
         zeros(x ^ EACH('\\')) | zeros(x ^ EACH('/')) |
         zeros(x ^ EACH(0x7F))) != 0)
      break;
    s += sizeof x;
  }
  while (s < end && escape_letters[(unsigned char)*s] == 0) s++;
  return s;
}

static void put_escape(Writer *w, unsigned char c) {
  static const char digits[] = "0123456789abcdef";
  char letter = escape_letters[c], text[6];
  text[0] = '\\';
  text[1] = letter;
  text[2] = text[3] = '0';
  text[4] = digits[c >> 4];
  text[5] = digits[c & 15];
  put(w, text, letter == 'u' ? 6 : 2);
}

/* Append a string in quotes, and 'after'. */
static void put_string(Writer *w, const char *s, size_t n, char after) {
  const char *end = s + n, *run = s;
  char tail[2] = {'"', '\0'};
  if (xai_buffer_reserve(w->out, n + 3) != XAI_OK) fail_memory(w);
  put_char(w, '"');
  while ((s = skip_plain(s, end)) < end) {
    put(w, run, (size_t)(s - run));
    put_escape(w, (unsigned char)*s);
    run = ++s;
  }
  put(w, run, (size_t)(end - run));
  tail[1] = after;
  put(w, tail, after != '\0' ? 2 : 1);
}

/* A string that goes out is UTF-8; JSON has no other. */
static void check_text(const Writer *w, const Step *s, const char *text,
                       size_t n, const char *what) {
  size_t at = xai_utf8_check(text, n);
  if (at == n) return;
  lua_pushfstring(w->L, "%sis not UTF-8 (byte %d of %d)", what, (int)at + 1,
                  (int)n);
  refuse(w, s, lua_tostring(w->L, -1));
}

static void write_string(Writer *w, const Step *s, int i) {
  size_t n;
  const char *text = lua_tolstring(w->L, i, &n);
  check_text(w, s, text, n, "");
  put_string(w, text, n, '\0');
}

/* ---------------------------------------------------------------- numbers */

#define INTEGER_SIZE 24

static void put_integer(Writer *w, long long v) {
  char text[INTEGER_SIZE], *p = text + sizeof text;
  unsigned long long u = (unsigned long long)v;
  if (v < 0) u = 0 - u;
  do {
    *--p = (char)('0' + u % 10);
    u /= 10;
  } while (u > 0);
  if (v < 0) *--p = '-';
  put(w, p, (size_t)(text + sizeof text - p));
}

/* Do that many digits hold the number? */
static int holds(double n, int digits) {
  char s[40];
  snprintf(s, sizeof s, "%.*g", digits, n);
  return strtod(s, NULL) == n;
}

/* At least 14 digits, as lua-cjson writes them, and as many as are needed. */
static void put_fraction(Writer *w, double n) {
  char text[XAI_DECIMAL_SIZE];
  int digits = 14;
  while (digits < 17 && !holds(n, digits)) digits++;
  xai_decimal_write(text, n, digits);
  put(w, text, strlen(text));
}

static void write_number(Writer *w, const Step *s, int i) {
  double n = (double)lua_tonumber(w->L, i);
#if XAI_HAS_INTEGERS
  if (lua_isinteger(w->L, i)) {
    put_integer(w, (long long)lua_tointeger(w->L, i));
    return;
  }
#endif
  if (n != n || n - n != 0) refuse(w, s, "is not a finite number");
  if (n == floor(n) && fabs(n) < 1e18 && !(n == 0 && signbit(n)))
    put_integer(w, (long long)n);
  else
    put_fraction(w, n);
}

/* ------------------------------------------------------------ other values */

/* Is the value at 'i' the one in that slot of the codec? */
static int is_slot(const Writer *w, int i, int slot) {
  int is;
  lua_rawgeti(w->L, w->env, slot);
  is = !lua_isnil(w->L, -1) && lua_rawequal(w->L, i, -1);
  lua_pop(w->L, 1);
  return is;
}

/* xai.null, the JSON library's null, or Neovim's. */
static int is_null(const Writer *w, int i) {
  if (lua_islightuserdata(w->L, i) && lua_touserdata(w->L, i) == NULL) return 1;
  return is_slot(w, i, XAI_CODEC_NULL) || is_slot(w, i, XAI_CODEC_VIM_NULL);
}

static void write_other(Writer *w, const Step *s, int i) {
  char why[64];
  if (is_null(w, i)) {
    put(w, "null", 4);
    return;
  }
  if (is_slot(w, i, XAI_CODEC_EMPTY_ARRAY)) {
    put(w, "[]", 2);
    return;
  }
  snprintf(why, sizeof why, "is a %s, which JSON cannot express",
           luaL_typename(w->L, i));
  refuse(w, s, why);
}

/* ------------------------------------------------------------------ lists */

static void write_value(Writer *w, const Step *s, int i);

#define HOLES "is a list with holes (xai.null fills a hole)"

/* A list of length 'n' has the keys 1 to 'n', and no other. */
static void check_list(const Writer *w, const Step *s, int t, size_t n) {
  lua_State *L = w->L;
  size_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_Number k;
    if (lua_type(L, -2) != LUA_TNUMBER)
      refuse(w, s, "mixes a list with named fields");
    k = lua_tonumber(L, -2);
    if (k < 1 || k > (lua_Number)n || k != floor(k)) refuse(w, s, HOLES);
    lua_pop(L, 1);
    count++;
  }
  if (count != n) refuse(w, s, HOLES);
}

static void write_list(Writer *w, const Step *s, int t, size_t n) {
  Step here;
  size_t i;
  check_list(w, s, t, n);
  here.up = s;
  here.table = lua_topointer(w->L, t);
  here.key = NULL;
  here.depth = s->depth + 1;
  put_char(w, '[');
  for (i = 1; i <= n; i++) {
    if (i > 1) put_char(w, ',');
    here.index = (int)i;
    lua_rawgeti(w->L, t, (int)i);
    write_value(w, &here, lua_gettop(w->L));
    lua_pop(w->L, 1);
  }
  put_char(w, ']');
}

/* ---------------------------------------------------------------- objects */

/* NULL for the first of none. */
static Member *member_at(const Writer *w, size_t i) {
  Member *all = (Member *)(void *)w->members->at;
  return all != NULL ? all + i : NULL;
}

static size_t member_count(const Writer *w) {
  return xai_buffer_size(w->members) / sizeof(Member);
}

/* Note the member whose name is on top of the stack, kept at 'key'. */
static void add_member(Writer *w, const Step *s, int key) {
  lua_State *L = w->L;
  Member m;
  if (lua_type(L, -1) != LUA_TSTRING)
    refuse(w, s,
           lua_type(L, -1) == LUA_TNUMBER ? "mixes names and numbers, or " HOLES
                                          : "has a key that is not a string");
  m.name = lua_tolstring(L, -1, &m.len);
  m.rank = LAST;
  m.key = key;
  check_text(w, s, m.name, m.len, "has a name that ");
  if (xai_buffer_append(w->members, (const char *)&m, sizeof m) != XAI_OK)
    fail_memory(w);
}

#define MOST_ON_STACK 128 /* names of one object */
#define STACK_USED 2000   /* beyond that, names go into lists: 5.1 has 8,000 */
#define ROOM 16           /* stack slots that are asked for at a time */

/* Note all members of the table at 't', their names above it on the stack; 0,
** with nothing noted, when there are too many.  Room on the stack is asked for as
** names come, as a coroutine may keep its largest stack until it ends. */
static int gather_on_stack(Writer *w, const Step *s, int t) {
  lua_State *L = w->L;
  int top = lua_gettop(L);
  size_t before = member_count(w);
  if (top > STACK_USED) return 0;
  luaL_checkstack(L, ROOM, "names of an object");
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    if (lua_gettop(L) - top > MOST_ON_STACK) {
      lua_settop(L, top);
      w->members->len = before * sizeof(Member);
      return 0;
    }
    add_member(w, s, lua_gettop(L));
    lua_pushvalue(L, -1); /* the lower one stays */
    if ((lua_gettop(L) - top) % (ROOM / 2) == 0)
      luaL_checkstack(L, ROOM, "names of an object");
  }
  return 1;
}

/* The same for many: their names go into a list that is pushed. */
static void gather_in_list(Writer *w, const Step *s, int t) {
  lua_State *L = w->L;
  int n = 0, list;
  luaL_checkstack(L, 16, "nested table");
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    n++;
  }
  lua_createtable(L, n, 0);
  list = lua_gettop(L);
  n = 0;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    add_member(w, s, ++n);
    lua_pushvalue(L, -1);
    lua_rawseti(L, list, n);
  }
}

/* Push the list of names that xai.ordered left in the metatable at 'mt', or
** something else. */
static void push_order(const Writer *w, int mt) {
  lua_rawgeti(w->L, w->env, XAI_CODEC_ORDERED_KEY);
  lua_rawget(w->L, mt);
}

/* Give the members from 'first' on the places that xai.ordered gave them.  The
** list of names is on top. */
static void rank(Writer *w, size_t first) {
  lua_State *L = w->L;
  int i, names = (int)lua_rawlen(L, -1);
  size_t k, count = member_count(w);
  for (i = 1; i <= names; i++) {
    size_t n;
    const char *name;
    lua_rawgeti(L, -1, i);
    name = lua_tolstring(L, -1, &n);
    for (k = first; k < count; k++) {
      Member *m = member_at(w, k);
      if (m->rank == LAST && m->len == n && memcmp(m->name, name, n) == 0)
        m->rank = i;
    }
    lua_pop(L, 1);
  }
}

static int compare(const void *x, const void *y) {
  const Member *a = (const Member *)x, *b = (const Member *)y;
  size_t n = a->len < b->len ? a->len : b->len;
  int order;
  if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
  order = memcmp(a->name, b->name, n);
  if (order != 0) return order;
  return a->len < b->len ? -1 : a->len > b->len;
}

#define FEW 12 /* so many are sorted by insertion */

static void sort(Member *m, size_t n) {
  size_t i, j;
  if (n > FEW) {
    qsort(m, n, sizeof *m, compare);
    return;
  }
  for (i = 1; i < n; i++) {
    Member one = m[i];
    for (j = i; j > 0 && compare(&one, &m[j - 1]) < 0; j--) m[j] = m[j - 1];
    m[j] = one;
  }
}

/* Write the members from 'first' on.  'list' is the index of the list of their
** names; 0: the names are on the stack. */
static void put_members(Writer *w, const Step *s, int t, int list,
                        size_t first) {
  lua_State *L = w->L;
  size_t i, count = member_count(w), written = 0;
  Step here;
  here.up = s;
  here.table = lua_topointer(L, t);
  here.index = 0;
  here.depth = s->depth + 1;
  for (i = first; i < count; i++) {
    Member m = *member_at(w, i);
    if (list == 0)
      lua_pushvalue(L, m.key);
    else
      lua_rawgeti(L, list, m.key);
    lua_rawget(L, t);
    if (!lua_isnil(L, -1)) { /* a finalizer may have removed it */
      if (written++ > 0) put_char(w, ',');
      put_string(w, m.name, m.len, ':');
      here.key = m.name;
      write_value(w, &here, lua_gettop(L));
    }
    lua_pop(L, 1);
  }
}

static void write_object(Writer *w, const Step *s, int t, int is_ordered) {
  lua_State *L = w->L;
  int top = lua_gettop(L), list = 0;
  size_t first = member_count(w);
  if (!gather_on_stack(w, s, t)) {
    gather_in_list(w, s, t);
    list = top + 1;
  }
  if (is_ordered && lua_getmetatable(L, t)) {
    push_order(w, lua_gettop(L));
    rank(w, first);
    lua_pop(L, 2);
  }
  sort(member_at(w, first), member_count(w) - first);
  put_char(w, '{');
  put_members(w, s, t, list, first);
  put_char(w, '}');
  w->members->len = first * sizeof(Member);
  lua_settop(L, top);
}

/* ----------------------------------------------------------------- tables */

/* Find the first step from the root to a table that contains itself.  '*whole'
** becomes the step that led to it before. */
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

typedef enum Mark { MARK_NONE, MARK_ARRAY, MARK_ORDERED } Mark;

/* What its metatable makes of the table at 't': an array by xai.array or by the
** JSON library, or an object with an order. */
static Mark mark_of(const Writer *w, int t) {
  lua_State *L = w->L;
  Mark mark = MARK_NONE;
  int mt;
  if (!lua_getmetatable(L, t)) return MARK_NONE;
  mt = lua_gettop(L);
  push_order(w, mt);
  if (lua_istable(L, -1))
    mark = MARK_ORDERED;
  else if (is_slot(w, mt, XAI_CODEC_OUR_ARRAY) ||
           is_slot(w, mt, XAI_CODEC_ARRAY_MT) ||
           is_slot(w, mt, XAI_CODEC_EMPTY_ARRAY_MT))
    mark = MARK_ARRAY;
  lua_settop(L, mt - 1);
  return mark;
}

static void write_table(Writer *w, const Step *s, int t) {
  size_t n = lua_rawlen(w->L, t);
  Mark mark;
  if (is_slot(w, t, XAI_CODEC_NULL)) {
    put(w, "null", 4);
    return;
  }
  if (s->depth > MAX_DEPTH) refuse_depth(w, s);
  luaL_checkstack(w->L, 16, "nested table");
  mark = mark_of(w, t);
  if (n > 0 || mark == MARK_ARRAY)
    write_list(w, s, t, n);
  else
    write_object(w, s, t, mark == MARK_ORDERED);
}

static void write_value(Writer *w, const Step *s, int i) {
  switch (lua_type(w->L, i)) {
    case LUA_TSTRING: write_string(w, s, i); break;
    case LUA_TBOOLEAN:
      if (lua_toboolean(w->L, i))
        put(w, "true", 4);
      else
        put(w, "false", 5);
      break;
    case LUA_TNUMBER: write_number(w, s, i); break;
    case LUA_TTABLE: write_table(w, s, i); break;
    default: write_other(w, s, i);
  }
}

/* ----------------------------------------------------------------- encode */

/* The codec's own buffers, unless a finalizer encodes while they are in use:
** then those of a new one, which is pushed. */
static xai_Codec *buffers_of(lua_State *L, xai_Codec *c) {
  if (!c->busy) return c;
  c = (xai_Codec *)xai_newuserdata(L, sizeof *c);
  memset(c, 0, sizeof *c);
  luaL_setmetatable(L, XAI_CODEC_MT);
  return c;
}

void xai_json_encode(lua_State *L, int codec, int value, const char *what) {
  xai_Codec *c = (xai_Codec *)luaL_checkudata(L, codec, XAI_CODEC_MT), *b;
  Step root = {NULL, NULL, NULL, 0, 0};
  Writer w;
  int top = lua_gettop(L);
  luaL_checkstack(L, 16, "JSON");
  value = xai_absindex(L, value);
  xai_getenv(L, codec); /* top + 1 */
  b = buffers_of(L, c);
  xai_buffer_clear(&b->text);
  xai_buffer_clear(&b->members);
  w.L = L;
  w.codec = c;
  w.out = &b->text;
  w.members = &b->members;
  w.what = what;
  w.env = top + 1;
  w.owns_codec = b == c;
  b->busy = 1;
  write_value(&w, &root, value);
  b->busy = 0;
  xai_push_buffer(L, &b->text); /* at once: a finalizer may encode, too */
  xai_codec_trim(b);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

/* ------------------------------------------------------------------ marks */

int xai_json_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_setmetatable(L, XAI_ARRAY_MT);
  return 1;
}

/* Push a copy of the list of names at 1. */
static void push_names(lua_State *L) {
  int i, n = (int)lua_rawlen(L, 1);
  lua_createtable(L, n, 0);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    if (lua_type(L, -1) != LUA_TSTRING)
      xai_misuse(L, "xai.ordered: name %d must be a string, got %s", i,
                 luaL_typename(L, -1));
    lua_rawseti(L, -2, i);
  }
}

int xai_json_ordered(lua_State *L) {
  if (!lua_istable(L, 1))
    return xai_misuse(L, "xai.ordered: expected a list of names, got %s",
                      luaL_typename(L, 1));
  if (!lua_istable(L, 2))
    return xai_misuse(L, "xai.ordered: expected a table to mark, got %s",
                      luaL_typename(L, 2));
  lua_settop(L, 2);
  lua_createtable(L, 0, 2);
  push_names(L);
  lua_setfield(L, 3, XAI_ORDERED);
  lua_pushliteral(L, "xai.ordered");
  lua_setfield(L, 3, "__name");
  lua_setmetatable(L, 2);
  return 1;
}
