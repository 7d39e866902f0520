/*
** retry_test.c - which attempts may be repeated, and after which wait.
*/
#include "base/retry.h"

#include <limits.h>

#include "check.h"

static void test_the_wait_doubles_from_half_a_second_to_eight(void) {
  static const int64_t expected[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
  int n;
  for (n = 1; n <= 7; n++)
    CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, n, 0) == expected[n - 1]);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, 1000, 0) == 8000);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, INT_MAX, 0) == 8000);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, 0, 0) == 500);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_LIMITED_MS, 1, 0) == 1000);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_LIMITED_MS, 9, 0) == 8000);
}

static void test_the_roll_takes_off_at_most_a_half(void) {
  int n, i;
  for (n = 1; n <= 9; n++)
    for (i = 0; i < 1000; i++) {
      int64_t whole = xai_retry_delay(XAI_FIRST_WAIT_MS, n, 0);
      int64_t ms = xai_retry_delay(XAI_FIRST_WAIT_MS, n, (double)i / 1000);
      CHECK(ms > whole / 2 && ms <= whole);
      CHECK(ms <=
                xai_retry_delay(XAI_FIRST_WAIT_MS, n, (double)(i - 1) / 1000) ||
            i == 0);
    }
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, 1, 0.5) == 375);
  CHECK(xai_retry_delay(XAI_FIRST_WAIT_MS, 5, 0.999999) >= 4000);
}

static xai_Slice slice(const char *text) {
  xai_Slice s = {text, strlen(text)};
  return s;
}

static void hint(const char *text, int64_t scale, int64_t expected) {
  check_note("'%s' times %d", text, (int)scale);
  CHECK(xai_retry_hint(slice(text), scale) == expected);
}

static void test_a_hint_is_a_number_of_seconds_or_milliseconds(void) {
  hint("0", 1000, 0);
  hint("2", 1000, 2000);
  hint("007", 1000, 7000);
  hint("1.5", 1000, 1500);
  hint("0.25", 1000, 250);
  hint("1.001", 1000, 1001);
  hint("0.009", 1000, 9);
  hint("4.35", 1000, 4350);
  hint("2.9999", 1000, 2999);
  hint("0.0000000000000000000000000001", 1000, 0);
  hint("120", 1000, 120000);
  hint("1500", 1, 1500);
  hint("1500.9", 1, 1500);
}

static void test_what_is_no_such_number_is_no_hint(void) {
  static const char *const texts[] = {"",      " ",
                                      "-1",    "+1",
                                      "-0",    "0x10",
                                      "1e3",   "1E3",
                                      "inf",   "nan",
                                      "NaN",   "abc",
                                      ".",     ".5",
                                      "1.",    "1..5",
                                      "1.5.",  "1,5",
                                      "1 ",    " 1",
                                      "1s",    "1;2",
                                      "1\n",   "Infinity",
                                      "1_000", "Fri, 31 Dec 1999 23:59:59 GMT"};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof *texts; i++) {
    hint(texts[i], 1000, -1);
    hint(texts[i], 1, -1);
  }
}

static void test_a_hint_without_end_is_just_very_long(void) {
  char text[400];
  memset(text, '9', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  CHECK(xai_retry_hint(slice(text), 1000) > XAI_MAX_HINT_MS);
  CHECK(xai_retry_hint(slice(text), 1) > XAI_MAX_HINT_MS);
  text[1] = '.';
  hint(text, 1000, 9999);
  CHECK(xai_retry_hint(slice("9223372036854775808"), 1000) > XAI_MAX_HINT_MS);
}

int main(void) {
  RUN(test_the_wait_doubles_from_half_a_second_to_eight);
  RUN(test_the_roll_takes_off_at_most_a_half);
  RUN(test_a_hint_is_a_number_of_seconds_or_milliseconds);
  RUN(test_what_is_no_such_number_is_no_hint);
  RUN(test_a_hint_without_end_is_just_very_long);
  return check_done();
}
