/*
** memory.c - what happens when memory runs out, at each moment at which it
** can.
**
**   memory [-s STRIDE] [-p PIECE] [lua|curl|core|close|eager ...]
**
** everything.lua holds pieces of work that use all of the library.  Each is
** done again and again, in a Lua state of its own, so that its first
** allocation fails, then its second, and so on: that one alone, that and the
** next, a few, and all until the piece has ended.  Nothing may crash, hang or
** give a wrong answer; memory being back, the same state must work as ever;
** and when it is closed all memory must have been given back.
**
** lua, curl, core: whose allocations fail.  close: memory runs out when the
** state is closed, while calls are under way.  eager: nothing fails for good,
** but Lua's collector runs all the time.
*/
#define _DEFAULT_SOURCE

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failing.h"

#define HANG_SECONDS 60

static const struct Window {
  const char *name;
  long more; /* allocations that fail after the first */
} windows[] = {{"1", 0}, {"2", 1}, {"20", 19}, {"all", FOR_EVER}};

#define WINDOWS (sizeof windows / sizeof *windows)

typedef struct Options {
  long stride, phase; /* of the moments: every 'stride'-th, from 'phase' */
  const char *only;   /* the piece's name, or NULL */
} Options;

static const char *const source_names[] = {"lua", "curl", "core"};
static int failures;
static long runs;

/* What is done now, for whoever finds it crashed or hanging. */
static char doing[200] = "nothing";

static void note(const char *mode, const char *delta, const char *window,
                 long n) {
  snprintf(doing, sizeof doing, "%s: piece %s, window %s, allocation %ld\n",
           mode, delta, window, n);
}

static void on_end(int sig) {
  static const char hang[] = "HANG in ", crash[] = "CRASH in ";
  const char *what = sig == SIGALRM ? hang : crash;
  if (write(1, what, strlen(what)) < 0 || write(1, doing, strlen(doing)) < 0)
    _exit(3);
  signal(sig, SIG_DFL);
  raise(sig == SIGALRM ? SIGABRT : sig);
}

static void complain(const char *what, const char *why) {
  failures++;
  printf("FAILED  %.*s        %s: %s\n", (int)strlen(doing), doing, what, why);
  fflush(stdout);
}

/* ------------------------------------------------------------------ a state */

/* Open the libraries and load the pieces: their table is left. */
static int prepare(lua_State *L) {
  luaL_openlibs(L);
  lua_getglobal(L, "dofile");
  lua_pushliteral(L, "spec/torture/everything.lua");
  lua_call(L, 1, 1);
  return 1;
}

static int stop_unprotected(lua_State *L) {
  fprintf(stderr, "unprotected error: %s\n", lua_tostring(L, -1));
  return 0;
}

/*
** Lua itself needs memory to call a finalizer.  Without it, it warns, and what the
** object holds is lost: no library can do anything about that.
*/
static int lost_finalizers; /* in this state */

#if LUA_VERSION_NUM >= 504
static void hear_warning(void *ud, const char *text, int more) {
  static char all[256];
  size_t n = strlen(all);
  (void)ud;
  snprintf(all + n, sizeof all - n, "%s", text);
  if (more) return;
  if (strstr(all, "__gc") != NULL && strstr(all, "not enough memory") != NULL)
    lost_finalizers++;
  all[0] = '\0';
}
#endif

static lua_State *open_state(void) {
  lua_State *L = lua_newstate(failing_lua_alloc, NULL);
  if (L == NULL) return NULL;
  lua_atpanic(L, stop_unprotected);
  lost_finalizers = 0;
#if LUA_VERSION_NUM >= 504
  lua_setwarnf(L, hear_warning, NULL);
#endif
  lua_pushcfunction(L, prepare);
  if (lua_pcall(L, 0, 1, 0) == 0) return L;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  exit(1);
}

/* Push function 'name' of the i-th piece. */
static void push_function(lua_State *L, int i, const char *name) {
  lua_rawgeti(L, 1, i);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

static const char *piece_name(lua_State *L, int i) {
  static char name[64];
  lua_rawgeti(L, 1, i);
  lua_getfield(L, -1, "name");
  snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
  lua_pop(L, 2);
  return name;
}

/* What a piece takes for granted. */
static void make_ready(lua_State *L, int i, const char *mode) {
  lua_getfield(L, 1, "ready");
  lua_rawgeti(L, 1, i);
  lua_pushstring(L, mode);
  if (lua_pcall(L, 2, 0, 0) != 0) complain("ready", lua_tostring(L, -1));
  lua_settop(L, 1);
}

/* Is that what a lack of memory leads to?  Asked with memory at hand. */
static int is_expected(lua_State *L, int rc, const char *mode) {
  int is;
  if (rc == 0 || rc == LUA_ERRMEM) return 1;
  lua_getfield(L, 1, "expected");
  lua_pushvalue(L, -2);
  lua_pushstring(L, mode);
  if (lua_pcall(L, 2, 1, 0) != 0) return 0;
  is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}

static const char *words_of(lua_State *L) {
  if (lua_isstring(L, -1)) return lua_tostring(L, -1);
  lua_getglobal(L, "tostring");
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != 0 || !lua_isstring(L, -1)) return "?";
  return lua_tostring(L, -1);
}

/* Call function 'name' of the table, with memory at hand. */
static void demand(lua_State *L, const char *name, const char *mode) {
  lua_settop(L, 1);
  lua_getfield(L, 1, name);
  lua_pushstring(L, mode);
  if (lua_pcall(L, 1, 0, 0) != 0) complain(name, words_of(L));
  lua_settop(L, 1);
}

/* A thread of libcurl's that looks up a name gives back last. */
static void wait_for_resolver(const long before[SOURCES]) {
  int i;
  for (i = 0; i < 200; i++) {
    if (failing_blocks(SOURCE_CURL) <= before[SOURCE_CURL]) return;
    usleep(10000);
  }
}

static void check_blocks(const long before[SOURCES], int lua_only) {
  char text[64];
  int s;
  wait_for_resolver(before);
  for (s = 0; s < (lua_only ? SOURCE_LUA + 1 : SOURCES); s++) {
    long left = failing_blocks((Source)s) - before[s];
    if (left == 0) continue;
    snprintf(text, sizeof text, "%ld blocks of %s", left, source_names[s]);
    complain("not given back", text);
  }
}

static void count_blocks(long out[SOURCES]) {
  int s;
  for (s = 0; s < SOURCES; s++) out[s] = failing_blocks((Source)s);
}

/* ------------------------------------------------------------------ failing */

/* Do a piece with that plan: how many allocations have failed in it. */
static long run_piece(int i, const char *mode, Source source, long n,
                      const struct Window *w) {
  long before[SOURCES], failed;
  lua_State *L;
  int rc;
  count_blocks(before);
  alarm(HANG_SECONDS);
  L = open_state();
  note(mode, piece_name(L, i), w->name, n);
  make_ready(L, i, mode);
  push_function(L, i, "run");
  failing_arm(source, n, w->more);
  rc = lua_pcall(L, 0, 0, 0);
  failed = failing_disarm();
  if (rc != 0 && (failed == 0 || !is_expected(L, rc, mode)))
    complain("error", words_of(L));
  if (failed > 0) demand(L, "works", mode);
  lua_close(L);
  check_blocks(before, lost_finalizers > 0);
  runs++;
  return failed;
}

static void fail_piece(int i, const char *name, Source source,
                       const Options *o) {
  size_t w;
  for (w = 0; w < WINDOWS; w++) {
    long n = 1 + (o->phase + (long)w * 7) % o->stride, before = runs;
    while (run_piece(i, source_names[source], source, n, &windows[w]) > 0)
      n += o->stride;
    printf("%-5s %-12s window %-4s %6ld runs, %ld allocations\n",
           source_names[source], name, windows[w].name, runs - before,
           failing_calls());
    fflush(stdout);
  }
}

/* -------------------------------------------------------------------- close */

/* Memory runs out while the state is closed: how much failed.  Finalizers
** that cannot be called leave what they would have given back. */
static long run_close(int i, long n) {
  long before[SOURCES], failed;
  lua_State *L;
  count_blocks(before);
  alarm(HANG_SECONDS);
  L = open_state();
  note("close", piece_name(L, i), "all", n);
  make_ready(L, i, "close");
  push_function(L, i, "run");
  if (lua_pcall(L, 0, 0, 0) != 0) complain("error", words_of(L));
  failing_arm(SOURCE_LUA, n, FOR_EVER);
  lua_close(L);
  failed = failing_disarm();
  check_blocks(before, 1);
  runs++;
  return failed;
}

static void close_piece(int i, const char *name) {
  long n = 0, before = runs;
  do n++;
  while (run_close(i, n) > 0);
  printf("close %-12s %6ld runs\n", name, runs - before);
}

/* -------------------------------------------------------------------- eager */

static void collect(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_gc(L, LUA_GCCOLLECT, 0);
}

/* Each 'every'-th allocation fails once, which Lua 5.2 and later answer by
** collecting; and a hook collects all that there is, calling finalizers. */
static void eager_piece(int i, const char *name) {
  static const int counts[] = {1000, 101, 11, 0};
  static const int everies[] = {50, 3};
  size_t c, e;
  for (c = 0; c < 4; c++) {
    for (e = 0; e < (counts[c] == 0 ? 2 : 1); e++) {
      long before[SOURCES];
      lua_State *L;
      count_blocks(before);
      alarm(2 * HANG_SECONDS);
      L = open_state();
      note("eager", name, counts[c] ? "hook" : "allocation",
           counts[c] ? counts[c] : everies[e]);
      make_ready(L, i, "eager");
      lua_gc(L, LUA_GCSETPAUSE, 0);
      lua_gc(L, LUA_GCSETSTEPMUL, 400);
      push_function(L, i, "run");
      if (counts[c] > 0)
        lua_sethook(L, collect, LUA_MASKCOUNT, counts[c]);
      else if (LUA_VERSION_NUM >= 502)
        failing_arm_every(SOURCE_LUA, everies[e]);
      if (lua_pcall(L, 0, 0, 0) != 0) complain("error", words_of(L));
      lua_sethook(L, NULL, 0, 0);
      failing_disarm();
      demand(L, "works", "eager");
      lua_close(L);
      check_blocks(before, 0);
      runs++;
    }
  }
  printf("eager %s\n", name);
}

/* --------------------------------------------------------------------- main */

static void do_piece(const char *mode, int i, const char *name,
                     const Options *o) {
  int s;
  for (s = 0; s < SOURCES; s++)
    if (strcmp(mode, source_names[s]) == 0) fail_piece(i, name, (Source)s, o);
  if (strcmp(mode, "close") == 0) close_piece(i, name);
  if (strcmp(mode, "eager") == 0) eager_piece(i, name);
}

static void do_mode(const char *mode, const Options *o) {
  lua_State *L = open_state();
  int i;
  char name[64];
  for (i = 1;; i++) {
    lua_rawgeti(L, 1, i);
    if (lua_isnil(L, -1)) break;
    lua_pop(L, 1);
    snprintf(name, sizeof name, "%s", piece_name(L, i));
    if (o->only == NULL || strcmp(o->only, name) == 0)
      do_piece(mode, i, name, o);
  }
  lua_close(L);
}

/* The first use leaves what lasts as long as the process.  This state stays,
** and so its modules do: what they leak is told, and forgiven, by name. */
static int warm_up(void) {
  static lua_State *volatile kept;
  kept = open_state();
  demand(kept, "works", "first");
  return failures == 0;
}

int main(int argc, char **argv) {
  static const char *const all[] = {"lua", "curl", "core", "close", "eager"};
  Options o = {1, 0, NULL};
  struct rlimit files;
  int c;
  while ((c = getopt(argc, argv, "s:f:p:")) != -1) {
    if (c == 's') o.stride = atol(optarg);
    if (c == 'f') o.phase = atol(optarg);
    if (c == 'p') o.only = optarg;
  }
  if (o.stride < 1) o.stride = 1;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max; /* unfinished closing leaves sockets */
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGALRM, on_end);
  signal(SIGSEGV, on_end);
  signal(SIGFPE, on_end);
  signal(SIGABRT, on_end);
  if (!failing_init_curl() || !warm_up()) return 1;
  if (optind < argc)
    for (; optind < argc; optind++) do_mode(argv[optind], &o);
  else
    for (c = 0; c < 5; c++) do_mode(all[c], &o);
  printf("\n%ld runs, %d failed\n", runs, failures);
  return failures != 0;
}
