/*
** failing.c - allocators that fail when they are told to.
**
** The module is linked with -Wl,--wrap=malloc and so on, so that what it asks
** for comes here, into the program that loads it.
*/
#include "failing.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static struct {
  int armed;
  Source source;
  long from, more, every; /* which calls fail */
  long calls, failed;     /* since it was armed */
} plan;

static long blocks[SOURCES]; /* libcurl's resolver is a thread of its own */

void failing_arm(Source source, long from, long more) {
  memset(&plan, 0, sizeof plan);
  plan.armed = 1;
  plan.source = source;
  plan.from = from;
  plan.more = more;
}

void failing_arm_every(Source source, long every) {
  failing_arm(source, 0, 0);
  plan.every = every;
}

long failing_disarm(void) {
  plan.armed = 0;
  return plan.failed;
}

long failing_calls(void) { return plan.calls; }

long failing_blocks(Source source) { return blocks[source]; }

/* Is this call one of those that fail? */
static int fails(Source source) {
  int is;
  if (!plan.armed || plan.source != source) return 0;
  plan.calls++;
  if (plan.every > 0)
    is = plan.calls % plan.every == 0;
  else
    is = plan.calls >= plan.from &&
         (plan.more == FOR_EVER || plan.calls <= plan.from + plan.more);
  plan.failed += is;
  return is;
}

static void *allocate(Source source, size_t n) {
  void *p = fails(source) ? NULL : malloc(n > 0 ? n : 1);
  if (p != NULL) __sync_fetch_and_add(&blocks[source], 1L);
  return p;
}

static void release(Source source, void *p) {
  if (p != NULL) __sync_fetch_and_sub(&blocks[source], 1L);
  free(p);
}

static void *resize(Source source, void *p, size_t n) {
  if (p == NULL) return allocate(source, n);
  return fails(source) ? NULL : realloc(p, n > 0 ? n : 1);
}

static void *allocate_clear(Source source, size_t n, size_t size) {
  void *p = allocate(source, n * size);
  if (p != NULL) memset(p, 0, n * size);
  return p;
}

/* --------------------------------------------------------------------- Lua */

/* A block that shrinks always can: Lua relies on that. */
void *failing_lua_alloc(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (size == 0) {
    release(SOURCE_LUA, block);
    return NULL;
  }
  if (block != NULL && size <= old) return realloc(block, size);
  return resize(SOURCE_LUA, block, size);
}

/* ----------------------------------------------------------------- libcurl */

static void *curl_malloc(size_t n) { return allocate(SOURCE_CURL, n); }

static void curl_release(void *p) { release(SOURCE_CURL, p); }

static void *curl_realloc(void *p, size_t n) {
  return resize(SOURCE_CURL, p, n);
}

static char *curl_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  char *copy = (char *)allocate(SOURCE_CURL, n);
  return copy != NULL ? (char *)memcpy(copy, s, n) : NULL;
}

static void *curl_calloc(size_t n, size_t size) {
  return allocate_clear(SOURCE_CURL, n, size);
}

int failing_init_curl(void) {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_release,
                              curl_realloc, curl_strdup,
                              curl_calloc) == CURLE_OK;
}

/* -------------------------------------------------------------- the module */

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

void *__wrap_malloc(size_t n) { return allocate(SOURCE_CORE, n); }

void *__wrap_calloc(size_t n, size_t size) {
  return allocate_clear(SOURCE_CORE, n, size);
}

void *__wrap_realloc(void *p, size_t n) { return resize(SOURCE_CORE, p, n); }

void __wrap_free(void *p) { release(SOURCE_CORE, p); }
