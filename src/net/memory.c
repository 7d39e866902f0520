/*
** memory.c - the allocator that libcurl uses; it can overwrite what it frees.
**
** A request's head, and so the key, passes through several buffers of libcurl,
** which it frees without clearing them.  A core dump of the process would show
** the key.  Blocks above 128 KiB are bodies and hold no key: they are left.
**
** Wiping costs a twentieth of a request.  It is useless where the key stays in
** the environment or in a Lua string, so it is off until a user asks for it.
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

static int wiping;
static int in_use; /* libcurl has allocated something here */
static int has_failed;

void xai_memory_wipe(void) { wiping = 1; }

int xai_memory_wipes(void) { return wiping; }

int xai_memory_sufficed(void) { return in_use && !has_failed; }

/* Note whether an allocation succeeded. */
static void *note(void *p) {
  in_use = 1;
  if (p == NULL) has_failed = 1;
  return p;
}

static void *allocate(size_t n) { return note(malloc(n)); }

/*
** libcurl 8 keeps a send buffer of 16 KB for each transfer until its end.  8.14
** allocates it with calloc, and most requests fill only one page of it.  Pages
** that are returned to the kernel use no memory until they are written.  They
** read as zeros.
*/
#define LARGE_BLOCK ((size_t)16 << 10)

/* Return the whole pages within a zeroed block to the kernel. */
static void release_pages(char *p, size_t n) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), before;
  before = (page - (uintptr_t)p % page) % page;
  if (before >= n) return;
  n = (n - before) / page * page;
  if (n > 0) madvise(p + before, n, MADV_DONTNEED);
}

static void *allocate_zeroed(size_t n, size_t size) {
  char *p = (char *)note(calloc(n, size));
  if (p != NULL && n * size >= LARGE_BLOCK && n * size <= MAX_WIPED)
    release_pages(p, n * size);
  return p;
}

static void wipe(void *p) {
  size_t n = p ? malloc_usable_size(p) : 0;
  if (n <= MAX_WIPED) xai_bytes_wipe((char *)p, n);
}

static void release(void *p) {
  if (wiping) wipe(p);
  free(p);
}

/* realloc frees the old block unwiped when it moves it, so move it here. */
static void *resize(void *p, size_t n) {
  size_t old = p && wiping ? malloc_usable_size(p) : 0;
  void *q;
  if (old == 0 || old > MAX_WIPED) return note(realloc(p, n));
  if (n <= old && n > old / 2) return p;
  q = allocate(n);
  if (q == NULL) return NULL;
  memcpy(q, p, old < n ? old : n);
  release(p);
  return q;
}

static char *copy(const char *s) {
  size_t n = strlen(s) + 1;
  char *p = (char *)allocate(n);
  return p ? (char *)memcpy(p, s, n) : NULL;
}

int xai_memory_open(void) {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, release, resize,
                              copy, allocate_zeroed) == CURLE_OK;
}

#else

void xai_memory_wipe(void) {}
int xai_memory_wipes(void) { return 0; }
int xai_memory_sufficed(void) { return 0; }

int xai_memory_open(void) {
  return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

#endif
