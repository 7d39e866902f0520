/*
** check.h - what every C test program shares: checks, fixtures, random numbers.
**
** A program runs its tests with RUN, one promise each, and ends with
** 'return check_done();'.  Checks go on after a failure and say where, in
** which test and, if check_note was called, with which input.
*/
#ifndef CHECK_H
#define CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define CHECK(what) check_that((what) != 0, #what, __FILE__, __LINE__)
#define CHECK_TEXT(slice, text) check_text(slice, text, __FILE__, __LINE__)
#define RUN(test) check_run(#test, test)

/* A string literal that may hold NULs, as the two arguments (bytes, size). */
#define LIT(s) s, sizeof(s) - 1

#define MAX_REPORTED 20

static const char *check_name = "";
static char check_input[256];
static unsigned long check_count, check_failures, check_tests;

/* Say with which input the next checks are made. */
static inline void check_note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(check_input, sizeof check_input, format, args);
  va_end(args);
}

static inline int check_that(int ok, const char *what, const char *file,
                             int line) {
  check_count++;
  if (ok || ++check_failures > MAX_REPORTED) return ok;
  fprintf(stderr, "%s:%d: %s%s%s: %s\n", file, line, check_name,
          check_input[0] ? ", " : "", check_input, what);
  return 0;
}

static inline int check_text(xai_Slice s, const char *text, const char *file,
                             int line) {
  int same = s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
  if (!check_that(same, text, file, line) && check_failures <= MAX_REPORTED)
    fprintf(stderr, "  is: %.*s\n", s.len < 999 ? (int)s.len : 999, s.at);
  return same;
}

static inline void check_run(const char *name, void (*test)(void)) {
  check_name = name;
  check_input[0] = '\0';
  check_tests++;
  test();
}

static inline int check_done(void) {
  printf("%lu tests, %lu checks, %lu failed\n", check_tests, check_count,
         check_failures);
  return check_failures != 0;
}

/* -------------------------------------------------------------------- bytes */

static inline xai_Slice check_slice(const char *s, size_t n) {
  xai_Slice slice;
  slice.at = s;
  slice.len = n;
  return slice;
}

static inline int check_same(xai_Slice a, xai_Slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/*
** A copy that ends where the allocation ends, so that a sanitizer sees a
** read behind it.  To be freed.
*/
static inline char *check_copy(const char *s, size_t n) {
  char *copy = (char *)malloc(n > 0 ? n : 1);
  if (copy == NULL) abort();
  if (n > 0) memcpy(copy, s, n);
  return copy;
}

/* The contents of spec/fixtures/'name'; to be freed.  Ends without it. */
static inline xai_Slice check_fixture(const char *name) {
  char path[256], *s;
  FILE *f;
  long n;
  snprintf(path, sizeof path, "spec/fixtures/%s", name);
  f = fopen(path, "rb");
  if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) < 0) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(2);
  }
  rewind(f);
  s = (char *)malloc((size_t)n + 1);
  if (s == NULL || fread(s, 1, (size_t)n, f) != (size_t)n) abort();
  fclose(f);
  return check_slice(s, (size_t)n);
}

static inline void check_drop(xai_Slice s) { free((void *)(uintptr_t)s.at); }

/* ----------------------------------------------------------- random numbers */

/* The same numbers in every run, for each seed. */
static uint64_t check_seed = 1;

static inline uint32_t check_random(uint32_t below) {
  check_seed ^= check_seed << 13;
  check_seed ^= check_seed >> 7;
  check_seed ^= check_seed << 17;
  return (uint32_t)((check_seed >> 32) % below);
}

#endif
