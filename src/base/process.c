/*
** process.c - which process is this?
**
** The answer is kept in a page that Linux clears in a process that was forked
** (4.14 and later).  Elsewhere the system is asked each time.
*/
#define _DEFAULT_SOURCE

#include "base/process.h"

#include <stddef.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(MADV_WIPEONFORK)

#define PAGE ((size_t)4096)

static volatile long *page; /* the number, or 0 just after a fork */

/* Without such a page nothing is kept. */
static void open_page(void) {
  static int tried;
  void *p;
  if (tried) return;
  tried = 1;
  p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
           0);
  if (p == MAP_FAILED) return;
  if (madvise(p, PAGE, MADV_WIPEONFORK) == 0)
    page = (volatile long *)p;
  else
    munmap(p, PAGE);
}

long xai_process(void) {
  long pid = page ? *page : 0;
  if (pid != 0) return pid;
  pid = (long)getpid();
  open_page();
  if (page) *page = pid;
  return pid;
}

#else

long xai_process(void) { return (long)getpid(); }

#endif
