/*
** json_decode.c - from JSON text to Lua values.
*/
#include "bind/json_decode.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_rewrite.h"
#include "base/json_scan.h"
#include "base/platform.h"
#include "base/text.h"
#include "bind/luautil.h"

/* ----------------------- the long strings of a JSON text, decoded beside it */

#define MAX_LONG_STRINGS 64 /* the decoder decodes the rest */

typedef struct LongStrings {
  xai_Slice text;
  xai_Slice found[MAX_LONG_STRINGS];
  int count;
} LongStrings;

static void find_long_strings(LongStrings *l) {
  size_t at = 0;
  l->count = 0;
  while (l->count < MAX_LONG_STRINGS &&
         xai_json_next_long_string(l->text, &at, &l->found[l->count]))
    l->count++;
}

/* Append the text before a long string, and "<mark>L<i>" for the string. */
static int put_mark(xai_Codec *c, xai_Slice before, int i) {
  char number[16];
  int rc = xai_buffer_append(&c->scratch, before.at, before.len);
  snprintf(number, sizeof number, "%c%d", XAI_LONG_STRING, i);
  if (rc == XAI_OK) rc = xai_buffer_append(&c->scratch, c->mark, c->mark_len);
  return rc == XAI_OK ? xai_buffer_puts(&c->scratch, number) : rc;
}

/* Write the text without its long strings into the codec's scratch. */
static int write_rest(xai_Codec *c, const LongStrings *l) {
  xai_Slice between = l->text;
  int i, rc = XAI_OK;
  xai_buffer_clear(&c->scratch);
  for (i = 0; i < l->count && rc == XAI_OK; i++) {
    between.len = (size_t)(l->found[i].at - between.at);
    rc = put_mark(c, between, i + 1);
    between.at = l->found[i].at + l->found[i].len;
  }
  between.len = (size_t)(l->text.at + l->text.len - between.at);
  return rc == XAI_OK ? xai_buffer_append(&c->scratch, between.at, between.len)
                      : rc;
}

/*
** If the text on top has long strings: push, below it, the list of them, and
** replace it by a text that has "<mark>L<i>" for the i-th.  Else push nil
** below it.  1 when there were some.
*/
static int take_long_strings(lua_State *L, xai_Codec *c) {
  LongStrings l;
  int i, text = lua_gettop(L) + 1;
  l.text.at = lua_tolstring(L, text - 1, &l.text.len);
  lua_pushnil(L);
  lua_insert(L, text - 1);
  find_long_strings(&l);
  if (l.count == 0) return 0;
  if (write_rest(c, &l) != XAI_OK) luaL_error(L, "not enough memory");
  xai_push_buffer(L, &c->scratch); /* before a finalizer uses the codec */
  xai_codec_trim(c);
  lua_createtable(L, l.count, 0);
  for (i = 0; i < l.count; i++) {
    lua_pushlstring(L, l.found[i].at, l.found[i].len);
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, text - 1); /* the list replaces nil */
  lua_replace(L, text);     /* the shorter text replaces the text */
  return 1;
}

#define MAX_DEPTH 1000
#define MAX_EXACT 9007199254740992.0 /* 2^53 */

/* -------------------------------------------------------- making a codec */

#define SCRATCH_KEPT ((size_t)64 << 10)

static void trim(xai_Buffer *b) {
  if (b->cap > SCRATCH_KEPT)
    xai_buffer_free(b);
  else
    xai_buffer_clear(b);
}

void xai_codec_trim(xai_Codec *c) {
  trim(&c->scratch);
  if (c->busy) return;
  trim(&c->text);
  trim(&c->members);
}

static int codec_gc(lua_State *L) {
  xai_Codec *c = (xai_Codec *)luaL_checkudata(L, 1, XAI_CODEC_MT);
  xai_buffer_free(&c->scratch);
  xai_buffer_free(&c->text);
  xai_buffer_free(&c->members);
  return 0;
}

/* Make a random string of letters, which no text holds by chance. */
static void make_mark(char *out, size_t size) {
  xai_Random random;
  char uuid[XAI_UUID_SIZE];
  size_t i, n = 0;
  xai_random_init(&random);
  xai_random_uuid(&random, uuid);
  out[n++] = 'x';
  for (i = 0; uuid[i] != '\0' && n + 1 < size; i++)
    if (uuid[i] != '-') out[n++] = (char)(uuid[i] | 0x40); /* to letters */
  out[n] = '\0';
}

/*
** Call a function that this library may lack; 1 if it returned.  A lack of
** memory is raised, as the codec would keep a wrong answer.
*/
static int try_call(lua_State *L, int arguments, int results) {
  int rc = lua_pcall(L, arguments, results, 0);
  if (rc == LUA_ERRMEM) lua_error(L);
  return rc == 0;
}

/* Call module[name](argument on top), if it is there; pops the argument. */
static void configure(lua_State *L, int module, const char *name) {
  lua_getfield(L, module, name);
  lua_insert(L, -2);
  if (!lua_isfunction(L, -2)) {
    lua_pop(L, 2);
    return;
  }
  if (!try_call(L, 1, 0)) lua_pop(L, 1);
}

/* Replace the module by a new instance, whose settings no other code changes. */
static void own_instance(lua_State *L, int module) {
  lua_getfield(L, module, "new");
  if (!lua_isfunction(L, -1) || !try_call(L, 0, 1) || !lua_istable(L, -1)) {
    lua_pop(L, 1);
    return;
  }
  lua_replace(L, module);
  lua_pushboolean(L, 0);
  configure(L, module, "decode_invalid_numbers");
}

/* Push module[name], which must be a function. */
static void get_function(lua_State *L, int module, const char *name) {
  lua_getfield(L, module, name);
  if (!lua_isfunction(L, -1))
    luaL_error(L, "json: the module has no function '%s'", name);
}

/* Push what the module makes of the null in "[null]". */
static void push_null(lua_State *L, int decode) {
  lua_pushvalue(L, decode);
  lua_pushliteral(L, "[null]");
  if (!try_call(L, 1, 1) || !lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return;
  }
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

/* Does the module take numbers that JSON does not have? */
static int is_lenient(lua_State *L, int decode) {
  static const char *const texts[] = {"[NaN]", "[0x10]", "[01]"};
  int is = 0;
  size_t i;
  for (i = 0; i < 3 && !is; i++) {
    lua_pushvalue(L, decode);
    lua_pushstring(L, texts[i]);
    is = try_call(L, 1, 1) && lua_istable(L, -1);
    lua_pop(L, 1);
  }
  return is;
}

/* Push vim[name] and return 1 if it has that type; else push any value. */
static int push_vim(lua_State *L, const char *name, int type) {
  const char *path[3];
  size_t i;
  path[0] = "_G";
  path[1] = "vim";
  path[2] = name;
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  for (i = 0; i < 3 && lua_istable(L, -1); i++) {
    lua_pushstring(L, path[i]);
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  return i == 3 && lua_type(L, -1) == type;
}

/* Is this Neovim?  Its global 'vim' has a JSON library. */
static int is_neovim(lua_State *L) {
  int is = push_vim(L, "json", LUA_TTABLE);
  lua_pop(L, 1);
  return is;
}

#define PROBE "a\n\"b\"\\\t"
#define PROBE_AS_JSON "a\\n\\\"b\\\"\\\\\\t"
#define PROBES 300 /* more than lua-cjson has room for at first */

static void push_repeated(lua_State *L, const char *before, const char *s,
                          const char *after) {
  luaL_Buffer b;
  int i;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, before);
  for (i = 0; i < PROBES; i++) luaL_addstring(&b, s);
  luaL_addstring(&b, after);
  luaL_pushresult(&b);
}

/*
** Does the module damage what it decodes?  Neovim 0.12 exports functions with
** names that lua-cjson uses internally, and the linker gives it Neovim's.
*/
static int is_damaging(lua_State *L, int decode) {
  int top = lua_gettop(L), same = 0;
  push_repeated(L, "", PROBE, ""); /* top + 1 */
  lua_pushvalue(L, decode);
  push_repeated(L, "[\"", PROBE_AS_JSON, "\"]");
  if (try_call(L, 1, 1) && lua_istable(L, -1)) {
    lua_rawgeti(L, -1, 1);
    same = lua_rawequal(L, -1, top + 1);
  }
  lua_settop(L, top);
  return !same;
}

#define DAMAGING                                                               \
  "option 'json': that module damages what it decodes in this Neovim"          \
  " (lua-cjson does); leave it out, and vim.json is used"

/* Put module[name] into a slot of the environment on top. */
static void keep_field(lua_State *L, int module, const char *name, int slot) {
  lua_getfield(L, module, name);
  lua_rawseti(L, -2, slot);
}

int xai_codec_new(lua_State *L) {
  xai_Codec *c;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  own_instance(L, 1);
  get_function(L, 1, "decode"); /* 2 */
  if (is_neovim(L) && is_damaging(L, 2)) {
    lua_pushliteral(L, DAMAGING);
    return lua_error(L);
  }
  push_null(L, 2); /* 3 */
  c = (xai_Codec *)xai_newuserdata(L, sizeof *c);
  memset(c, 0, sizeof *c);
  luaL_setmetatable(L, XAI_CODEC_MT);
  make_mark(c->mark, sizeof c->mark);
  c->mark_len = strlen(c->mark);
  c->own_null = lua_islightuserdata(L, 3) && lua_touserdata(L, 3) == NULL;
  c->lenient = is_lenient(L, 2);
  lua_newtable(L);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, XAI_CODEC_DECODE);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, XAI_CODEC_NULL);
  keep_field(L, 1, "array_mt", XAI_CODEC_ARRAY_MT);
  keep_field(L, 1, "empty_array_mt", XAI_CODEC_EMPTY_ARRAY_MT);
  keep_field(L, 1, "empty_array", XAI_CODEC_EMPTY_ARRAY);
  luaL_getmetatable(L, XAI_ARRAY_MT);
  lua_rawseti(L, -2, XAI_CODEC_OUR_ARRAY);
  lua_pushliteral(L, XAI_ORDERED);
  lua_rawseti(L, -2, XAI_CODEC_ORDERED_KEY);
  if (push_vim(L, "NIL", LUA_TUSERDATA))
    lua_rawseti(L, -2, XAI_CODEC_VIM_NULL);
  else
    lua_pop(L, 1);
  xai_setenv(L, -2);
  return 1;
}

void xai_codec_open(lua_State *L) {
  luaL_newmetatable(L, XAI_ARRAY_MT);
  lua_pushliteral(L, "xai.array");
  lua_setfield(L, -2, "__name");
  luaL_newmetatable(L, XAI_CODEC_MT);
  lua_pushcfunction(L, codec_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 2);
}

/* ---------------------------------------------------------------- decode */

typedef struct Fixer {
  lua_State *L;
  const xai_Codec *codec;
  int null;         /* index of the module's null */
  int long_strings; /* index of the list of long strings */
  int marked;       /* the text was rewritten and may hold marks */
  int depth;
} Fixer;

typedef enum Fix {
  FIX_NONE,    /* the value stays */
  FIX_REPLACE, /* the new value was pushed */
  FIX_DROP     /* null */
} Fix;

static int is_mark(const Fixer *f, const char *s, size_t n) {
  return n >= f->codec->mark_len &&
         memcmp(s, f->codec->mark, f->codec->mark_len) == 0;
}

static Fix fix_number(Fixer *f);

#define SHORT_NUMBER 64

/* Push the number nearest to the text. */
static void push_number(lua_State *L, const char *s, size_t n) {
  char small[SHORT_NUMBER + XAI_DECIMAL_POINT_SIZE], *scratch = small;
  int top = lua_gettop(L);
  if (n > SHORT_NUMBER)
    scratch = (char *)xai_newuserdata(L, n + XAI_DECIMAL_POINT_SIZE);
  lua_pushnumber(L, (lua_Number)xai_decimal_read(s, n, scratch));
  lua_insert(L, top + 1);
  lua_settop(L, top + 1);
}

/* "<mark>L2": the second string that was taken out.
** "<mark>123": the integer, or the nearest number where it does not fit.
** "<mark>0.5": the number. */
static Fix fix_string(Fixer *f) {
  size_t n;
  const char *s;
  if (!f->marked) return FIX_NONE;
  s = lua_tolstring(f->L, -1, &n);
  if (!is_mark(f, s, n) || n == f->codec->mark_len) return FIX_NONE;
  s += f->codec->mark_len;
  n -= f->codec->mark_len;
  if (*s == XAI_LONG_STRING) {
    lua_rawgeti(f->L, f->long_strings, (int)strtol(s + 1, NULL, 10));
    return FIX_REPLACE;
  }
  if (*s != '-' && (*s < '0' || *s > '9')) return FIX_NONE;
#if XAI_HAS_INTEGERS
  errno = 0;
  if (strspn(s, "-0123456789") == n) {
    long long v = strtoll(s, NULL, 10);
    if (errno == 0) {
      lua_pushinteger(f->L, (lua_Integer)v);
      return FIX_REPLACE;
    }
  }
#endif
  push_number(f->L, s, n);
  if (fix_number(f) == FIX_REPLACE) lua_remove(f->L, -2);
  return FIX_REPLACE;
}

static Fix fix_number(Fixer *f) {
#if XAI_HAS_INTEGERS
  lua_Number n;
  if (lua_isinteger(f->L, -1)) return FIX_NONE;
  n = lua_tonumber(f->L, -1);
  if (!(n >= -MAX_EXACT && n <= MAX_EXACT)) return FIX_NONE;
  if ((lua_Number)(lua_Integer)n != n) return FIX_NONE;
  if (n == 0 && signbit(n)) return FIX_NONE;
  lua_pushinteger(f->L, (lua_Integer)n);
  return FIX_REPLACE;
#else
  (void)f;
  return FIX_NONE;
#endif
}

static Fix fix_value(Fixer *f);

/* ["<mark>"] stands for []. */
static int is_marked_empty(Fixer *f) {
  size_t n;
  const char *s;
  int is;
  if (!f->marked || lua_rawlen(f->L, -1) != 1) return 0;
  lua_rawgeti(f->L, -1, 1);
  is = lua_type(f->L, -1) == LUA_TSTRING &&
       (s = lua_tolstring(f->L, -1, &n), n == f->codec->mark_len) &&
       is_mark(f, s, n);
  lua_pop(f->L, 1);
  return is;
}

static void fix_array(Fixer *f) {
  lua_State *L = f->L;
  int i, n = (int)lua_rawlen(L, -1);
  if (is_marked_empty(f)) {
    lua_pushnil(L);
    lua_rawseti(L, -2, 1);
    luaL_setmetatable(L, XAI_ARRAY_MT);
    return;
  }
  for (i = 1; i <= n; i++) {
    Fix fix;
    lua_rawgeti(L, -1, i);
    fix = fix_value(f);
    if (fix == FIX_DROP) lua_pushlightuserdata(L, NULL);
    if (fix != FIX_NONE) lua_rawseti(L, -3, i);
    lua_pop(L, 1);
  }
}

/* Fix the value of a member.  Most need nothing: those types come first. */
static Fix fix_member(Fixer *f) {
  switch (lua_type(f->L, -1)) {
    case LUA_TBOOLEAN: return FIX_NONE;
    case LUA_TSTRING: return f->marked ? fix_string(f) : FIX_NONE;
    case LUA_TNUMBER: return fix_number(f);
    default: return fix_value(f);
  }
}

/* Lua allows assignment to the current key of a traversal. */
static void fix_object(Fixer *f) {
  lua_State *L = f->L;
  int t = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    Fix fix = fix_member(f);
    if (fix == FIX_DROP) lua_pushnil(L);
    if (fix != FIX_NONE) {
      lua_pushvalue(L, t + 1);
      lua_pushvalue(L, -2);
      lua_rawset(L, t);
    }
    lua_settop(L, t + 1);
  }
}

static void fix_table(Fixer *f) {
  if (++f->depth > MAX_DEPTH) luaL_error(f->L, "nested too deeply");
  luaL_checkstack(f->L, 8, "nested JSON");
  if (lua_rawlen(f->L, -1) > 0)
    fix_array(f);
  else
    fix_object(f);
  f->depth--;
}

static int is_null(const Fixer *f) {
  if (f->codec->own_null) return lua_touserdata(f->L, -1) == NULL;
  return lua_rawequal(f->L, -1, f->null);
}

/* Fix the value on top of the stack. */
static Fix fix_value(Fixer *f) {
  switch (lua_type(f->L, -1)) {
    case LUA_TNUMBER: return fix_number(f);
    case LUA_TSTRING: return fix_string(f);
    case LUA_TTABLE:
      if (!f->codec->own_null && is_null(f)) return FIX_DROP;
      fix_table(f);
      return FIX_NONE;
    case LUA_TBOOLEAN: return FIX_NONE;
    default: return is_null(f) ? FIX_DROP : FIX_NONE;
  }
}

/* Replace the decoded value on top by the fixed one. */
static void fix_decoded(lua_State *L, const xai_Codec *c, int null,
                        int long_strings, int marked) {
  Fixer f;
  Fix fix;
  f.L = L;
  f.codec = c;
  f.null = null;
  f.long_strings = long_strings;
  f.marked = marked;
  f.depth = 0;
  fix = fix_value(&f);
  if (fix == FIX_DROP) lua_pushlightuserdata(L, NULL);
  if (fix != FIX_NONE) lua_remove(L, -2);
}

/* Replace the text on top by one of which the decoder loses nothing. */
static int mark_text(lua_State *L, xai_Codec *c, int what) {
  size_t n;
  const char *s = lua_tolstring(L, -1, &n);
  int rc;
  xai_buffer_clear(&c->scratch);
  rc = xai_json_mark_values(s, n, c->mark, what, &c->scratch);
  if (rc < 0) luaL_error(L, "not enough memory");
  if (rc == 1) {
    xai_push_buffer(L, &c->scratch);
    lua_replace(L, -2);
  }
  xai_codec_trim(c);
  return rc;
}

/*
** Three results of the decoder begin at 'i'.  Leave only the value and return 1;
** or only the reason and return 0, if they are nil and a reason.
*/
static int take_value(lua_State *L, int i) {
  int kept = i;
  if (lua_isnil(L, i) && lua_type(L, i + 1) == LUA_TSTRING) kept = i + 1;
  if (lua_isnil(L, i) && lua_type(L, i + 2) == LUA_TSTRING) kept = i + 2;
  lua_pushvalue(L, kept);
  lua_replace(L, i);
  lua_settop(L, i);
  return kept == i;
}

/* Is the decoded string at 'text' JSON for a strict reader, too? */
static int is_strict(lua_State *L, int text) {
  size_t n;
  const char *s = lua_tolstring(L, text, &n);
  return xai_json_check(s, n) != XAI_JSON_WRONG;
}

/*
** Decode the string at 'text', rewritten as 'what' says.  Push the value and
** return 1, or the decoder's reason and return 0.  Above the text are the
** codec's environment and its null.
*/
static int decode_as(lua_State *L, xai_Codec *c, int text, int what) {
  int at = lua_gettop(L) + 1, marked, rc, ok;
  lua_pushvalue(L, text);
  marked = take_long_strings(L, c); /* at: the list; at + 1: the text */
  marked |= mark_text(L, c, what);
  lua_rawgeti(L, text + 1, XAI_CODEC_DECODE);
  lua_insert(L, -2);
  rc = lua_pcall(L, 1, 3, 0);
  if (rc == LUA_ERRMEM) lua_error(L);
  ok = rc == 0 && take_value(L, at + 1);
  if (ok) fix_decoded(L, c, text + 2, at, marked);
  lua_replace(L, at);
  lua_settop(L, at);
  return ok;
}

/* May the string at 'i' hold fractions?  Decoders read them by the locale. */
static int has_fractions(lua_State *L, int i) {
  size_t n;
  const char *s = lua_tolstring(L, i, &n);
  return xai_json_may_have_fraction(s, n);
}

/* Does the string at 'i' hold a NUL byte?  lua-cjson takes one behind a value for
** the end of the text. */
static int has_nul(lua_State *L, int i) {
  size_t n;
  const char *s = lua_tolstring(L, i, &n);
  return memchr(s, '\0', n) != NULL;
}

/* Replace a string on top that begins with a byte order mark. */
static void skip_bom(lua_State *L) {
  xai_Slice s, rest;
  s.at = lua_tolstring(L, -1, &s.len);
  rest = xai_slice_skip_bom(s);
  if (rest.len == s.len) return;
  lua_pushlstring(L, rest.at, rest.len);
  lua_replace(L, -2);
}

/*
** lua-cjson keeps the decimal point of the locale in which it was loaded.  If
** the locale changes to a comma, it reads [1,2] as 1.2; if it had a comma, it
** refuses fractions.  So numbers are taken out of the text where the locale has
** no point, or where the decoder refused a text with fractions.
*/
static int decode(lua_State *L, int codec, int surrogates) {
  xai_Codec *c = (xai_Codec *)luaL_checkudata(L, codec, XAI_CODEC_MT);
  int text = lua_gettop(L), ok;
  int what = XAI_MARK_EMPTY_ARRAYS | XAI_MARK_INTEGERS | surrogates;
  luaL_checkstack(L, 16, "JSON");
  skip_bom(L);
  xai_getenv(L, codec);
  lua_rawgeti(L, -1, XAI_CODEC_NULL);
  if (xai_decimal_is_foreign()) what |= XAI_MARK_NUMBERS;
  ok = decode_as(L, c, text, what);
  if (!ok && !(what & XAI_MARK_NUMBERS) && has_fractions(L, text)) {
    ok = decode_as(L, c, text, what | XAI_MARK_NUMBERS);
    if (!ok) lua_pop(L, 1); /* the first reason names the place */
  }
  if (ok && has_nul(L, text)) {
    lua_pushliteral(L, "Found a NUL byte, which JSON does not have");
    ok = 0;
  }
  if (ok && c->lenient && !is_strict(L, text)) {
    lua_pushliteral(L, "Found a number or a word that JSON does not have");
    ok = 0;
  }
  lua_replace(L, text);
  lua_settop(L, text);
  return ok;
}

int xai_json_decode(lua_State *L, int codec) {
  return decode(L, codec, XAI_MARK_SURROGATES);
}

int xai_json_decode_surrogates(lua_State *L, int codec) {
  return decode(L, codec, XAI_MARK_SURROGATES_RAW);
}
