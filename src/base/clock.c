/*
** clock.c - time that never jumps.
*/
#define _POSIX_C_SOURCE 199309L

#include "base/clock.h"

#include <time.h>

int64_t xai_clock_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

double xai_clock_seconds(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int64_t xai_clock_after(int64_t now_ms, int64_t wait_ms) {
  if (wait_ms <= 0 || wait_ms > XAI_NEVER - now_ms) return XAI_NEVER;
  return now_ms + wait_ms;
}
