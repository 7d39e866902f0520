/*
** memory.c - libcurl's memory: what it gives back is overwritten.
**
** A request's head, with the key in it, passes through several buffers of
** libcurl, which gives them back as they are.  There they would be found by
** whoever gets to see the memory of the process, in a core dump for example.
** Long blocks are bodies, which hold no key.
**
** It costs a twentieth of a request, and is in vain where the key stays in the
** environment or in a string of Lua's: it begins when somebody asks for it.
*/
#define _DEFAULT_SOURCE

#include "net/memory.h"

#include <curl/curl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#if defined(__linux__)
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_WIPED ((size_t)128 << 10) /* uploads pass through 64 KiB */

static int wanted;
static int seen, fell_short; /* an allocation, and one in vain */

void xai_memory_wipe(void) { wanted = 1; }

int xai_memory_wipes(void) { return wanted; }

int xai_memory_sufficed(void) { return seen && !fell_short; }

static void *note(void *p) {
  seen = 1;
  if (p == NULL) fell_short = 1;
  return p;
}

static void *get(size_t n) { return note(malloc(n)); }

/*
** libcurl 8 keeps a send buffer of 16 KB for each transfer until its end.  8.14
** clears it, and most requests fill a page of it.  Pages that the kernel takes
** back take no memory until they are written; what is read there is zero.
*/
#define LARGE_BLOCK ((size_t)16 << 10)

/* Those that lie within that zeroed block. */
static void give_back_pages(char *p, size_t n) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), before;
  before = (page - (uintptr_t)p % page) % page;
  if (before >= n) return;
  n = (n - before) / page * page;
  if (n > 0) madvise(p + before, n, MADV_DONTNEED);
}

static void *get_clear(size_t n, size_t size) {
  char *p = (char *)note(calloc(n, size));
  if (p != NULL && n * size >= LARGE_BLOCK && n * size <= MAX_WIPED)
    give_back_pages(p, n * size);
  return p;
}

static void wipe(void *p) {
  size_t n = p ? malloc_usable_size(p) : 0;
  if (n <= MAX_WIPED) xai_bytes_wipe((char *)p, n);
}

static void give_back(void *p) {
  if (wanted) wipe(p);
  free(p);
}

/* A block that moves leaves its bytes behind: it is moved by hand. */
static void *resize(void *p, size_t n) {
  size_t old = p && wanted ? malloc_usable_size(p) : 0;
  void *q;
  if (old == 0 || old > MAX_WIPED) return note(realloc(p, n));
  if (n <= old && n > old / 2) return p;
  q = get(n);
  if (q == NULL) return NULL;
  memcpy(q, p, old < n ? old : n);
  give_back(p);
  return q;
}

static char *copy(const char *s) {
  size_t n = strlen(s) + 1;
  char *p = (char *)get(n);
  return p ? (char *)memcpy(p, s, n) : NULL;
}

int xai_memory_open(void) {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, get, give_back, resize, copy,
                              get_clear) == CURLE_OK;
}

#else

void xai_memory_wipe(void) {}
int xai_memory_wipes(void) { return 0; }
int xai_memory_sufficed(void) { return 0; }

int xai_memory_open(void) {
  return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

#endif
