/*
** http_date_fuzz.c - a date that is accepted is the one that the C library
** makes of those seconds, written in one of the three forms.
*/
#define _DEFAULT_SOURCE

#include "base/http_head.h"

#include <stdio.h>
#include <time.h>

#include "fuzz.h"

static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT",
                                    "%A, %d-%b-%y %H:%M:%S GMT",
                                    "%a %b %e %H:%M:%S %Y"};

/* The text from its first letter or digit after the day's name on: the name
** is not compared, as a wrong one is accepted. */
static const char *behind_day(const char *s, const char *end) {
  while (s < end && *s != ' ') s++;
  return s;
}

static int same_but_day(xai_Slice text, const char *made) {
  const char *a = behind_day(text.at, text.at + text.len);
  const char *b = behind_day(made, made + strlen(made));
  size_t n = (size_t)(text.at + text.len - a);
  return n == strlen(b) && memcmp(a, b, n) == 0;
}

/* Two forms of the day: "Nov  6" and "Nov 06". */
static int is_that_date(xai_Slice text, int64_t t) {
  char made[64];
  time_t seconds = (time_t)t;
  struct tm tm;
  size_t i;
  require(gmtime_r(&seconds, &tm) != NULL);
  for (i = 0; i < sizeof forms / sizeof *forms; i++) {
    strftime(made, sizeof made, forms[i], &tm);
    if (same_but_day(text, made)) return 1;
  }
  strftime(made, sizeof made, "%a %b %d %H:%M:%S %Y", &tm);
  return same_but_day(text, made);
}

static int has_leap_second(xai_Slice text) {
  size_t i;
  for (i = 0; i + 3 <= text.len; i++)
    if (memcmp(text.at + i, ":60", 3) == 0) return 1;
  return 0;
}

/* Any moment, written by the C library in any form, is read again. */
static void check_written(Input *in, int64_t now) {
  char made[64];
  struct tm tm;
  time_t t = (time_t)(input_number(in, 1u << 31) * 2 + input_number(in, 2));
  size_t form = input_number(in, 3);
  xai_Slice text;
  if (form == 1) t = (time_t)(now - 1000000000 + t % 2000000000);
  if (t < 0) t = 0;
  require(gmtime_r(&t, &tm) != NULL);
  text.at = made;
  text.len = strftime(made, sizeof made, forms[form], &tm);
  require(xai_http_date(text, now) == (int64_t)t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  xai_Slice text;
  int64_t now, t;
  input_open(&in, data, n);
  now = 1500000000 + (int64_t)input_number(&in, 1000000000);
  text.at = in.at;
  text.len = in.len;
  t = xai_http_date(text, now);
  require(t >= -1);
  if (t >= 0 && !has_leap_second(text)) require(is_that_date(text, t));
  check_written(&in, now);
  return 0;
}
