/*
** backoff.c - how long to wait before the next attempt.
*/
#include "base/backoff.h"

#define BASE_MS 500
#define MAX_MS 8000

int64_t xai_backoff_delay(int n, double roll) {
  int64_t ms = BASE_MS;
  while (--n > 0 && ms < MAX_MS) ms *= 2;
  if (ms > MAX_MS) ms = MAX_MS;
  return ms - (int64_t)(roll * (double)ms / 2);
}

/* Digits, perhaps a point and digits, and nothing else. */
int64_t xai_backoff_hint(const char *s, int64_t scale) {
  const double most = 1e12;
  double whole = 0, unit = 1;
  const char *start = s;
  for (; *s >= '0' && *s <= '9'; s++)
    whole = whole < most ? whole * 10 + (*s - '0') : most;
  if (s == start) return -1;
  if (*s == '.') {
    start = ++s;
    for (; *s >= '0' && *s <= '9'; s++)
      if (unit > 1e-6) whole += (*s - '0') * (unit /= 10);
    if (s == start) return -1;
  }
  return *s == '\0' ? (int64_t)(whole * (double)scale) : -1;
}
