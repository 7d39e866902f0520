/*
** options.c - the option tables of xai.new and of single calls.
*/
#include "bind/options.h"

#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "bind/luautil.h"

/* ---------------------------------------------------------------- headers */

static int is_token(const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7F ||
        strchr("()<>@,;:\\\"/[]?={}", s[i]) != NULL)
      return 0;
  return n > 0;
}

/* Check one header: its value is on top, its name below. */
static void check_header(lua_State *L, const char *what) {
  size_t n;
  const char *s = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
  if (s == NULL)
    xai_misuse(L, "%s: header names must be strings, got a %s", what,
               luaL_typename(L, -2));
  if (!is_token(s, lua_rawlen(L, -2)))
    xai_misuse(L, "%s: option 'headers': '%s' is not a header name", what, s);
  if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1)) return;
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
    xai_misuse(L,
               "%s: option 'headers': the value of '%s' must be a string or "
               "false, got %s",
               what, s, luaL_typename(L, -1));
  lua_pushvalue(L, -1); /* lua_tolstring changes a number in place */
  s = lua_tolstring(L, -1, &n);
  if (xai_bytes_have_control(s, n))
    xai_misuse(L,
               "%s: option 'headers': the value of '%s' has a control "
               "character in it",
               what, lua_tostring(L, -3));
  lua_pop(L, 1);
}

/* Refuse two spellings of one header, as the order of a table is random. */
static void check_spelling(lua_State *L, int t, const char *name,
                           const char *what) {
  lua_pushnil(L);
  while (lua_next(L, t)) {
    xai_Slice other = {NULL, 0};
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      other.at = lua_tolstring(L, -1, &other.len);
    if (xai_slice_like(other, name) && strcmp(other.at, name) > 0)
      xai_misuse(L, "%s: option 'headers': '%s' and '%s' are one header", what,
                 name, other.at);
  }
}

/*
** Check the table of headers on top of the stack: names, values and spellings.
** Raises an error that begins with 'what'.
*/
static void headers_check(lua_State *L, const char *what) {
  int t = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    check_header(L, what);
    check_spelling(L, t, lua_tostring(L, -2), what);
    lua_pop(L, 1);
  }
}

/* ---------------------------------------------------------------- options */

typedef enum Type {
  TYPE_SECONDS,
  TYPE_BYTES,
  TYPE_COUNT,
  TYPE_TEXT,
  TYPE_FLAG,
  TYPE_VERSION,
  TYPE_RETRY,
  TYPE_HEADERS,
  TYPE_FUNCTION,
  TYPE_KEY,     /* text or function; client.c and request.c read it */
  TYPE_DEBUG,   /* boolean or function; the Lua half reads it */
  TYPE_JSON,    /* module; the Lua half reads it */
  TYPE_PATCHES, /* list of tables; request.c encodes it */
  TYPE_TAPE,    /* of xai.testing; request.c asks it */
  TYPE_BOOLEAN,
  TYPE_PATH,          /* of a file; request.c opens it */
  TYPE_BUDGET,        /* what xai.budget gives, or a list; sets 'guarded' */
  TYPE_LIMITER,       /* what xai.limiter gives; the same */
  TYPE_GUARD_FUNCTION /* a function; the same */
} Type;

typedef struct Option {
  const char *name;
  Type type;
  size_t at; /* in xai_Settings, for the types up to RETRY */
} Option;

#define AT(field) offsetof(xai_Settings, field)

static const Option options[] = {
    {"api_key", TYPE_KEY, 0},
    {"base_url", TYPE_TEXT, AT(base_url)},
    {"timeout", TYPE_SECONDS, AT(timeout_ms)},
    {"connect_timeout", TYPE_SECONDS, AT(connect_timeout_ms)},
    {"idle_timeout", TYPE_SECONDS, AT(idle_timeout_ms)},
    {"deadline", TYPE_SECONDS, AT(deadline_ms)},
    {"max_retries", TYPE_COUNT, AT(max_retries)},
    {"retry", TYPE_RETRY, AT(retry)},
    {"retry_timeouts", TYPE_FLAG, AT(retry_timeouts)},
    {"headers", TYPE_HEADERS, 0},
    {"proxy", TYPE_TEXT, AT(proxy)},
    {"no_proxy", TYPE_TEXT, AT(no_proxy)},
    {"ca_file", TYPE_TEXT, AT(ca_file)},
    {"ca_path", TYPE_TEXT, AT(ca_path)},
    {"cert_file", TYPE_TEXT, AT(cert_file)},
    {"key_file", TYPE_TEXT, AT(key_file)},
    {"key_password", TYPE_TEXT, AT(key_password)},
    {"http_version", TYPE_VERSION, AT(http_version)},
    {"max_body", TYPE_BYTES, AT(max_body)},
    {"max_event", TYPE_BYTES, AT(max_event)},
    {"max_buffer", TYPE_BYTES, AT(max_buffer)},
    {"user_agent", TYPE_TEXT, AT(user_agent)},
    {"unix_socket", TYPE_TEXT, AT(unix_socket)},
    {"insecure", TYPE_FLAG, AT(insecure)},
    {"allow_http", TYPE_FLAG, AT(allow_http)},
    {"json", TYPE_JSON, 0},
    {"fallback", TYPE_PATCHES, 0},
    {"take_key", TYPE_BOOLEAN, 0},
    {"tape", TYPE_TAPE, 0},
    {"raw", TYPE_BOOLEAN, 0},
    {"file", TYPE_PATH, 0},
    {"save", TYPE_PATH, 0},
    {"on_progress", TYPE_FUNCTION, 0},
    {"on_event", TYPE_FUNCTION, 0},
    {"on_part", TYPE_FUNCTION, 0},
    {"on_done", TYPE_FUNCTION, 0},
    {"on_request", TYPE_FUNCTION, 0},
    {"on_response", TYPE_FUNCTION, 0},
    {"on_retry", TYPE_FUNCTION, 0},
    {"on_usage", TYPE_GUARD_FUNCTION, AT(guarded)},
    {"budget", TYPE_BUDGET, AT(guarded)},
    {"limiter", TYPE_LIMITER, AT(guarded)},
    {"debug", TYPE_DEBUG, 0},
};

#define COUNT (sizeof options / sizeof *options)

/* ---------------------------------------------------------- unknown names */

static int unknown(lua_State *L, const char *what, const char *noun,
                   const xai_Nearest *best) {
  const char *wrong = best->wrong;
  if (best->name == NULL)
    return xai_misuse(L, "%s: unknown %s '%s'", what, noun, wrong);
  return xai_misuse(L, "%s: unknown %s '%s' (did you mean '%s'?)", what, noun,
                    wrong, best->name);
}

static const char *check_name(lua_State *L, int i, const char *what,
                              const char *noun) {
  if (lua_type(L, i) != LUA_TSTRING)
    xai_misuse(L, "%s: %s names must be strings, got a %s", what, noun,
               luaL_typename(L, i));
  return lua_tostring(L, i);
}

/* The name at 'i'; raises if it has a NUL byte, as C compares up to that. */
static const char *check_known(lua_State *L, int i, const char *what,
                               const char *noun) {
  const char *name = check_name(L, i, what, noun);
  if (strlen(name) != lua_rawlen(L, i))
    xai_misuse(L, "%s: unknown %s '%s' with a NUL byte behind it", what, noun,
               name);
  return name;
}

int xai_options_is_name(const char *name) {
  size_t i;
  for (i = 0; i < COUNT; i++)
    if (strcmp(options[i].name, name) == 0) return 1;
  return 0;
}

static const Option *find(lua_State *L, const char *what, const char *name) {
  xai_Nearest best;
  size_t i;
  for (i = 0; i < COUNT; i++)
    if (strcmp(options[i].name, name) == 0) return &options[i];
  xai_nearest_begin(&best, name);
  for (i = 0; i < COUNT; i++) xai_nearest_consider(&best, options[i].name);
  unknown(L, what, "option", &best);
  return NULL;
}

void xai_options_only(lua_State *L, int t, const char *what, const char *noun,
                      const char *const *names) {
  lua_pushnil(L);
  while (lua_next(L, t)) {
    const char *name = check_known(L, -2, what, noun);
    xai_Nearest best;
    const char *const *n;
    xai_nearest_begin(&best, name);
    for (n = names; *n != NULL && strcmp(*n, name) != 0; n++)
      xai_nearest_consider(&best, *n);
    if (*n == NULL) unknown(L, what, noun, &best);
    lua_pop(L, 1);
  }
}

/* ----------------------------------------------------------------- values */

typedef struct Reader {
  lua_State *L;
  const char *what;
  const Option *option;
  char *set; /* the settings, as bytes */
} Reader;

static void bad(const Reader *r, const char *expected) {
  xai_misuse(r->L, "%s: option '%s' must be %s, got %s", r->what,
             r->option->name, expected, luaL_typename(r->L, -1));
}

/* The number on top, from 0 to 'most'. */
static lua_Number number(const Reader *r, const char *expected,
                         lua_Number most) {
  lua_Number n = 0;
  if (lua_type(r->L, -1) != LUA_TNUMBER) bad(r, expected);
  n = lua_tonumber(r->L, -1);
  if (!(n >= 0 && n <= most))
    xai_misuse(r->L, "%s: option '%s' must be %s", r->what, r->option->name,
               expected);
  return n;
}

/* 0 means no limit, so shorter times than a millisecond count as one. */
static void read_seconds(const Reader *r, int64_t *out) {
  lua_Number s = number(r, "a number of seconds", 1e9);
  *out = (int64_t)(s * 1000 + 0.5);
  if (*out == 0 && s > 0) *out = 1;
}

/* Growing doubles the size of a buffer, which must not overflow. */
#define MAX_BYTES ((size_t)-1 / 4)

static void read_bytes(const Reader *r, size_t *out) {
  lua_Number n = number(r, "a number of bytes", 9e15);
  if (n < 1)
    xai_misuse(r->L, "%s: option '%s' must be at least 1", r->what,
               r->option->name);
  *out = xai_settings_bytes((double)n, MAX_BYTES);
}

static void read_count(const Reader *r, int *out) {
  static const char expected[] = "a whole number from 0 to 100";
  lua_Number n = number(r, expected, 100);
  *out = (int)n;
  if ((lua_Number)*out != n)
    xai_misuse(r->L, "%s: option '%s' must be %s", r->what, r->option->name,
               expected);
}

static void read_text(const Reader *r, const char **out) {
  size_t n;
  const char *s;
  if (lua_type(r->L, -1) != LUA_TSTRING) bad(r, "a string");
  s = lua_tolstring(r->L, -1, &n);
  if (n == 0)
    xai_misuse(r->L, "%s: option '%s' is empty", r->what, r->option->name);
  if (xai_bytes_have_control(s, n))
    xai_misuse(r->L, "%s: option '%s' has a control character in it", r->what,
               r->option->name);
  *out = s;
}

/* Names of files may have any bytes but NUL. */
static void read_path(const Reader *r) {
  size_t n;
  const char *s;
  if (lua_type(r->L, -1) != LUA_TSTRING) bad(r, "a path");
  s = lua_tolstring(r->L, -1, &n);
  if (n == 0)
    xai_misuse(r->L, "%s: option '%s' is empty", r->what, r->option->name);
  if (strlen(s) != n)
    xai_misuse(r->L, "%s: option '%s' has a NUL byte in it", r->what,
               r->option->name);
}

/* The string on top; empty if there is none. */
static xai_Slice word(const Reader *r) {
  xai_Slice s = {"", 0};
  if (lua_type(r->L, -1) == LUA_TSTRING) s.at = lua_tolstring(r->L, -1, &s.len);
  return s;
}

static void read_version(const Reader *r, int *out) {
  xai_Slice s = word(r);
  if (xai_slice_is(s, "1.1"))
    *out = 1;
  else if (xai_slice_is(s, "2"))
    *out = 2;
  else
    xai_misuse(r->L, "%s: option 'http_version' must be \"1.1\" or \"2\"",
               r->what);
}

static void read_retry(const Reader *r, xai_Retry *out) {
  xai_Slice s = word(r);
  if (xai_slice_is(s, "usual"))
    *out = XAI_RETRY_DEFAULT;
  else if (xai_slice_is(s, "safe"))
    *out = XAI_RETRY_SAFE;
  else
    xai_misuse(r->L, "%s: option 'retry' must be \"usual\" or \"safe\"",
               r->what);
}

static void read_headers(const Reader *r) {
  if (!lua_istable(r->L, -1)) bad(r, "a table");
  headers_check(r->L, r->what);
}

/* Is the value on top a table with that function? */
static int has_function(lua_State *L, const char *name) {
  int ok = lua_istable(L, -1);
  if (!ok) return 0;
  lua_getfield(L, -1, name);
  ok = lua_isfunction(L, -1);
  lua_pop(L, 1);
  return ok;
}

static void read_json(const Reader *r) {
  if (!has_function(r->L, "decode"))
    xai_misuse(r->L,
               "%s: option 'json' must be a module with the function decode",
               r->what);
}

static void read_tape(const Reader *r) {
  if (!has_function(r->L, "answer"))
    xai_misuse(r->L, "%s: option 'tape' must be a tape of xai.testing",
               r->what);
}

static void bad_patch(const Reader *r, lua_Integer n, const char *problem) {
  xai_misuse(r->L,
             "%s: %s[%d] must be a table such as { model = \"grok-4.5\" }, %s",
             r->what, r->option->name, (int)n, problem);
}

/* The table on top is a patch. */
static void check_patch(const Reader *r, lua_Integer n) {
  lua_State *L = r->L;
  if (!lua_istable(L, -1)) {
    lua_pushfstring(L, "got %s", luaL_typename(L, -1));
    bad_patch(r, n, lua_tostring(L, -1));
  }
  if (lua_rawlen(L, -1) > 0) bad_patch(r, n, "got a list");
  lua_pushnil(L);
  if (!lua_next(L, -2)) bad_patch(r, n, "and this one is empty");
  lua_pop(L, 2);
}

/* A list of tables.  A table with names may be a patch that is in no list. */
static void read_patches(const Reader *r) {
  static const char expected[] =
      "a list of tables, as in { { model = \"grok-4.5\" } }";
  lua_State *L = r->L;
  lua_Integer i, n;
  if (!lua_istable(L, -1)) bad(r, expected);
  n = (lua_Integer)lua_rawlen(L, -1);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, (int)i);
    check_patch(r, i);
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TNUMBER || lua_tonumber(L, -1) > (lua_Number)n)
      xai_misuse(L, "%s: option '%s' must be %s", r->what, r->option->name,
                 expected);
  }
}

static void read_key(const Reader *r) {
  const char *key;
  if (lua_isfunction(r->L, -1)) return;
  if (lua_type(r->L, -1) != LUA_TSTRING) bad(r, "a string or a function");
  read_text(r, &key);
}

static int read_boolean(const Reader *r) {
  if (!lua_isboolean(r->L, -1)) bad(r, "a boolean");
  return lua_toboolean(r->L, -1);
}

/* Is the value on top a table whose metatable has that name? */
static int is_named(lua_State *L, const char *name) {
  xai_Slice s = {"", 0};
  int is;
  if (!lua_istable(L, -1) || !luaL_getmetafield(L, -1, "__name")) return 0;
  if (lua_type(L, -1) == LUA_TSTRING) s.at = lua_tolstring(L, -1, &s.len);
  is = xai_slice_is(s, name);
  lua_pop(L, 1);
  return is;
}

#define BUDGET "xai.budget"
#define LIMITER "xai.limiter"

/* Is the value on top a list of budgets? */
static int is_list_of_budgets(lua_State *L) {
  size_t i, n;
  int ok;
  if (!lua_istable(L, -1)) return 0;
  n = lua_rawlen(L, -1);
  ok = n > 0;
  for (i = 1; i <= n && ok; i++) {
    lua_rawgeti(L, -1, (int)i);
    ok = is_named(L, BUDGET);
    lua_pop(L, 1);
  }
  return ok;
}

static void read_budget(const Reader *r) {
  if (is_named(r->L, BUDGET) || is_list_of_budgets(r->L)) return;
  bad(r, "what xai.budget gives");
}

static void read_limiter(const Reader *r) {
  if (!is_named(r->L, LIMITER)) bad(r, "what xai.limiter gives");
}

/* The value of option 'r->option' is on top of the stack. */
static void read_value(const Reader *r) {
  lua_State *L = r->L;
  char *at = r->set + r->option->at;
  switch (r->option->type) {
    case TYPE_SECONDS: read_seconds(r, (int64_t *)(void *)at); break;
    case TYPE_BYTES: read_bytes(r, (size_t *)(void *)at); break;
    case TYPE_COUNT: read_count(r, (int *)(void *)at); break;
    case TYPE_TEXT: read_text(r, (const char **)(void *)at); break;
    case TYPE_FLAG: *(int *)(void *)at = read_boolean(r); break;
    case TYPE_VERSION: read_version(r, (int *)(void *)at); break;
    case TYPE_RETRY: read_retry(r, (xai_Retry *)(void *)at); break;
    case TYPE_HEADERS: read_headers(r); break;
    case TYPE_FUNCTION:
      if (!lua_isfunction(L, -1)) bad(r, "a function");
      break;
    case TYPE_KEY: read_key(r); break;
    case TYPE_DEBUG:
      if (!lua_isboolean(L, -1) && !lua_isfunction(L, -1))
        bad(r, "a boolean or a function");
      break;
    case TYPE_JSON: read_json(r); break;
    case TYPE_PATCHES: read_patches(r); break;
    case TYPE_TAPE: read_tape(r); break;
    case TYPE_BOOLEAN: read_boolean(r); break;
    case TYPE_PATH: read_path(r); break;
    case TYPE_BUDGET:
      read_budget(r);
      *(int *)(void *)at = 1;
      break;
    case TYPE_LIMITER:
      read_limiter(r);
      *(int *)(void *)at = 1;
      break;
    case TYPE_GUARD_FUNCTION:
      if (!lua_isfunction(L, -1)) bad(r, "a function");
      *(int *)(void *)at = 1;
      break;
  }
}

void xai_options_read(lua_State *L, int t, const char *what,
                      xai_Settings *set) {
  Reader r;
  if (lua_isnoneornil(L, t)) return;
  if (!lua_istable(L, t))
    xai_misuse(L, "%s: options must be a table, got %s", what,
               luaL_typename(L, t));
  t = xai_absindex(L, t);
  r.L = L;
  r.what = what;
  r.set = (char *)set;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    r.option = find(L, what, check_known(L, -2, what, "option"));
    read_value(&r);
    lua_pop(L, 1);
  }
}

/* Consider the names that the table at 'own' has as keys. */
static void consider_keys(lua_State *L, int own, xai_Nearest *best) {
  lua_pushnil(L);
  while (lua_next(L, own)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      xai_nearest_consider(best, lua_tostring(L, -1));
  }
}

/* Is 'name' a key of the table at 'own'?  Raises for a name that nobody knows. */
static int is_own(lua_State *L, int own, const char *what, const char *name) {
  xai_Nearest best;
  size_t i;
  int is;
  lua_getfield(L, own, name);
  is = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (is) return 1;
  if (xai_options_is_name(name)) return 0;
  xai_nearest_begin(&best, name);
  for (i = 0; i < COUNT; i++) xai_nearest_consider(&best, options[i].name);
  consider_keys(L, own, &best);
  return unknown(L, what, "option", &best);
}

/* Does the option say where one answer goes, of which a helper makes more? */
static int is_for_one_answer(const char *name) {
  return strcmp(name, "file") == 0 || strcmp(name, "save") == 0 ||
         strcmp(name, "on_progress") == 0;
}

void xai_options_check(lua_State *L, int t, const char *what, int own) {
  xai_Settings set;
  Reader r;
  r.L = L;
  r.what = what;
  r.set = (char *)&set;
  xai_settings_init(&set);
  lua_pushnil(L);
  while (lua_next(L, t)) {
    const char *name = check_known(L, -2, what, "option");
    if (!is_own(L, own, what, name)) {
      r.option = find(L, what, name);
      read_value(&r);
      if (is_for_one_answer(name))
        xai_misuse(L, "%s: option '%s' is for the answer of a single call",
                   what, name);
    }
    lua_pop(L, 1);
  }
}

void xai_options_refuse(lua_State *L, int t, const char *what, const char *name,
                        const char *why) {
  int given;
  if (!lua_istable(L, t)) return;
  lua_getfield(L, t, name);
  given = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (given) xai_misuse(L, "%s: option '%s' %s", what, name, why);
}

static void copy_pairs(lua_State *L, int i) {
  i = xai_absindex(L, i);
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, i)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

/* Headers are copied, too: those that were checked are sent. */
void xai_options_copy(lua_State *L, int i) {
  copy_pairs(L, i);
  lua_getfield(L, -1, "headers");
  if (lua_istable(L, -1)) {
    copy_pairs(L, -1);
    lua_setfield(L, -3, "headers");
  }
  lua_pop(L, 1);
}
