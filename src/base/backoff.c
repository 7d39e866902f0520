/*
** backoff.c - how long to wait before the next attempt.
*/
#include "base/backoff.h"

#define MAX_MS 8000

int64_t xai_backoff_delay(int64_t first_ms, int n, double roll) {
  int64_t ms = first_ms;
  while (--n > 0 && ms < MAX_MS) ms *= 2;
  if (ms > MAX_MS) ms = MAX_MS;
  return ms - (int64_t)(roll * (double)ms / 2);
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits, perhaps a point and digits, and nothing else. */
int64_t xai_backoff_hint(xai_Slice text, int64_t scale) {
  const int64_t most = (int64_t)1 << 40;
  const char *s = text.at, *end = text.at + text.len, *start = s;
  int64_t ms = 0;
  for (; s < end && is_digit(*s); s++)
    ms = ms < most ? ms * 10 + (*s - '0') : most;
  if (s == start) return -1;
  ms *= scale;
  if (s < end && *s == '.') {
    start = ++s;
    for (; s < end && is_digit(*s); s++) ms += (*s - '0') * (scale /= 10);
    if (s == start) return -1;
  }
  return s == end ? ms : -1;
}
