/*
** work_test.c - the work of reading a stream grows as its bytes do.
**
** Bytes are counted, not time: the program stands between src/base and the
** functions that search, move and copy.  Link with -Wl,--wrap=memchr,
** -Wl,--wrap=memmove and -Wl,--wrap=realloc.
*/
#include "base/sse.h"
#include "check.h"

/* A linker without --wrap leaves these without a definition. */
void *__real_memchr(const void *s, int c, size_t n) __attribute__((weak));
void *__real_memmove(void *to, const void *s, size_t n) __attribute__((weak));
void *__real_realloc(void *p, size_t n) __attribute__((weak));

void *__wrap_memchr(const void *s, int c, size_t n);
void *__wrap_memmove(void *to, const void *s, size_t n);
void *__wrap_realloc(void *p, size_t n);

static size_t work; /* bytes looked at or moved */

void *__wrap_memchr(const void *s, int c, size_t n) {
  void *found = __real_memchr(s, c, n);
  work += found ? (size_t)((char *)found - (const char *)s) + 1 : n;
  return found;
}

void *__wrap_memmove(void *to, const void *s, size_t n) {
  work += n;
  return __real_memmove(to, s, n);
}

void *__wrap_realloc(void *p, size_t n) {
  work += n;
  return __real_realloc(p, n);
}

/* What may be done for each byte that arrives, all in all. */
#define BYTE_WORK 8

#define MIB ((size_t)1 << 20)

static char text[4 * MIB];

/* 'head', then 's' again and again up to 'n' bytes, then 'tail'. */
static size_t fill(const char *head, const char *s, const char *tail,
                   size_t n) {
  size_t at = strlen(head), len = strlen(s), end = strlen(tail);
  memcpy(text, head, at);
  for (; at + len + end <= n; at += len) memcpy(text + at, s, len);
  memcpy(text + at, tail, end);
  return at + end;
}

/* Read the text in pieces, taking what comes; how many events there were. */
static size_t read_text(size_t n, size_t delta) {
  xai_Sse p;
  size_t at, len, events = 0;
  xai_sse_init(&p, sizeof text);
  work = 0;
  for (at = 0; at < n; at += len) {
    len = n - at < delta ? n - at : delta;
    CHECK(xai_sse_feed(&p, text + at, len) == XAI_OK);
    for (; xai_sse_peek(&p, NULL) == 1; xai_sse_pop(&p)) events++;
  }
  xai_sse_free(&p);
  CHECK(work > 0);
  CHECK(work <= BYTE_WORK * n + 4096);
  return events;
}

/* The events of such a text, whole, byte by byte and in between. */
static void reads(const char *head, const char *s, const char *tail,
                  size_t events) {
  static const size_t pieces[] = {1, 7, 1000, 16384, sizeof text};
  size_t i, n = fill(head, s, tail, MIB / 4);
  for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    check_note("%s%s... by %u", head, s, (unsigned)pieces[i]);
    CHECK(read_text(n, pieces[i]) == events);
  }
}

static void test_one_line_of_four_mebibytes_costs_what_its_bytes_cost(void) {
  size_t n = fill("data: ", "x", "\n\n", sizeof text);
  CHECK(n == sizeof text);
  CHECK(read_text(n, 1) == 1);
  CHECK(read_text(n, 16384) == 1);
  CHECK(read_text(n, n) == 1);
}

static void test_long_lines_are_not_searched_again(void) {
  reads("data: ", "x", "\r\r", 1);
  reads("data: ", "x", "\r\n\r\n", 1);
  reads("", "x", "", 0);
  reads(": ", "x", "\n", 0);
  reads("data", " ", ": x\n\n", 0);
  reads("data: ", ":", "\n\n", 1);
}

static void test_the_kind_of_line_end_makes_no_difference(void) {
  reads("", "data: x\n\n", "", (MIB / 4) / 9);
  reads("", "data: x\r\r", "", (MIB / 4) / 9);
  reads("", "data: x\r\n\r\n", "", (MIB / 4) / 11);
  reads("", "data: x\n\r", "", (MIB / 4) / 9);
  reads("data: x\n", "\r", "\n", 1);
  reads("", "\n", "", 0);
}

static void test_many_lines_of_one_event_are_joined_once(void) {
  reads("", "data\n", "\n", 1);
  reads("", "data: 0123456789\r\n", "\r\n", 1);
  reads("", "data:x\r", "\r", 1);
}

static void test_lines_that_are_not_data_cost_no_more(void) {
  reads("", ": ping\n", "", 0);
  reads("", ": ping\n\n", "", 0);
  reads("data: x\n", ": ping\n", "\n", 1);
  reads("data: x\n", "data: x\n: ping\nevent: e\n", "\n", 1);
  reads("", "event: e\r", "data\r\r", 1);
  reads("", "id: 1\n", "data\n\n", 1);
}

int main(void) {
  if (__real_memchr == NULL || __real_memmove == NULL) {
    puts("nothing done: linked without --wrap=memchr");
    return 0;
  }
  RUN(test_one_line_of_four_mebibytes_costs_what_its_bytes_cost);
  RUN(test_long_lines_are_not_searched_again);
  RUN(test_the_kind_of_line_end_makes_no_difference);
  RUN(test_many_lines_of_one_event_are_joined_once);
  RUN(test_lines_that_are_not_data_cost_no_more);
  return check_done();
}
