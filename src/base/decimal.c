/*
** decimal.c - numbers with a point, whatever the locale.
*/
#define _POSIX_C_SOURCE 200112L

#include "base/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <locale.h>
static const char *locale_point(void) { return localeconv()->decimal_point; }
#else
#include <langinfo.h> /* two threads may ask at once, not so of localeconv */
static const char *locale_point(void) { return nl_langinfo(RADIXCHAR); }
#endif

void xai_decimal_point(char point[XAI_DECIMAL_POINT_SIZE]) {
  const char *s = locale_point();
  size_t n = strlen(s);
  if (n == 0 || n >= XAI_DECIMAL_POINT_SIZE) {
    s = ".";
    n = 1;
  }
  memcpy(point, s, n + 1);
}

int xai_decimal_is_foreign(void) { return strcmp(locale_point(), ".") != 0; }

static int is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e';
}

/* Whatever stands for the point, one byte or more, is one point. */
void xai_decimal_write(char out[XAI_DECIMAL_SIZE], double v, int digits) {
  char text[XAI_DECIMAL_SIZE];
  const char *p = text;
  char *to = out;
  snprintf(text, sizeof text, "%.*g", digits, v);
  while (*p != '\0') {
    if (is_of_number(*p)) {
      *to++ = *p++;
      continue;
    }
    *to++ = '.';
    while (*p != '\0' && !is_of_number(*p)) p++;
  }
  *to = '\0';
}

double xai_decimal_read(const char *s, size_t n, char *scratch) {
  const char *dot = (const char *)memchr(s, '.', n);
  size_t before = dot != NULL ? (size_t)(dot - s) : n, point = 0;
  memcpy(scratch, s, before);
  if (dot != NULL) {
    xai_decimal_point(scratch + before);
    point = strlen(scratch + before);
    memcpy(scratch + before + point, dot + 1, n - before - 1);
    n += point - 1;
  }
  scratch[n] = '\0';
  return strtod(scratch, NULL);
}
