/*
** heap.c - the allocator's housekeeping, a little at a time.
*/
#include "base/heap.h"

#include <stdlib.h>

/* glibc tidies up before it looks for a piece of 1,024 bytes or more, unless a
** thread's cache has one: that goes up to 1,032. */
#define LARGE 1100

void xai_heap_tidy(void) {
  void *volatile piece = malloc(LARGE); /* volatile: or the pair is left out */
  free(piece);
}
