/*
** heap_test.c - the allocator's housekeeping, a little at a time.
*/
#define _DEFAULT_SOURCE

#include "base/platform.h"

#include <stdlib.h>

#include "check.h"

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define CAN_COUNT
#endif
#endif

#define COUNT 1000

static void free_small_pieces(void) {
  static void *pieces[COUNT];
  int i;
  for (i = 0; i < COUNT; i++) pieces[i] = malloc(48);
  for (i = 0; i < COUNT; i++) free(pieces[i]);
}

/* Bytes in small pieces that were freed and are not put together yet; always 0
** with an allocator that has no such pieces, or tells nothing of them. */
static size_t untidy(void) {
#ifdef CAN_COUNT
  return mallinfo2().fsmblks;
#else
  return 0;
#endif
}

static void test_small_pieces_are_put_together(void) {
  free_small_pieces();
  check_note("%zu bytes in small pieces", untidy());
  xai_heap_tidy();
  CHECK(untidy() == 0);
}

static void test_it_can_be_done_again_and_for_nothing(void) {
  int i;
  for (i = 0; i < 3; i++) xai_heap_tidy();
  free_small_pieces();
  for (i = 0; i < 3; i++) xai_heap_tidy();
  CHECK(untidy() == 0);
}

int main(void) {
  RUN(test_small_pieces_are_put_together);
  RUN(test_it_can_be_done_again_and_for_nothing);
  return check_done();
}
