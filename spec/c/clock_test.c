/*
** clock_test.c - time that never jumps.
*/
#include "base/platform.h"

#include "check.h"

static void test_the_clock_never_goes_back(void) {
  int64_t last = xai_clock_ms(), now;
  int i;
  for (i = 0; i < 10000; i++, last = now) {
    now = xai_clock_ms();
    CHECK(now >= last);
  }
}

static void test_a_moment_is_now_and_the_wait(void) {
  CHECK(xai_clock_after(1000, 1) == 1001);
  CHECK(xai_clock_after(0, 3600000) == 3600000);
}

static void test_no_wait_and_one_beyond_all_time_are_never(void) {
  CHECK(xai_clock_after(1000, 0) == XAI_NEVER);
  CHECK(xai_clock_after(1000, -1) == XAI_NEVER);
  CHECK(xai_clock_after(1000, INT64_MIN) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER - 999) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER - 1001) == XAI_NEVER - 1);
}

static void test_skipped_time_has_passed(void) {
  int64_t ms = xai_clock_ms();
  double seconds = xai_clock_seconds();
  xai_clock_skip(3600000);
  CHECK(xai_clock_ms() >= ms + 3600000);
  CHECK(xai_clock_seconds() >= seconds + 3600);
}

int main(void) {
  RUN(test_the_clock_never_goes_back);
  RUN(test_a_moment_is_now_and_the_wait);
  RUN(test_no_wait_and_one_beyond_all_time_are_never);
  RUN(test_skipped_time_has_passed);
  return check_done();
}
