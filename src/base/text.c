/*
** text.c - UTF-8, decimal numbers, and the nearest of known names.
*/
#define _POSIX_C_SOURCE 200112L

#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- UTF-8 */

/* The end of the ASCII characters at 'p'.  Reads eight at a time. */
static const unsigned char *skip_ascii(const unsigned char *p,
                                       const unsigned char *end) {
  uint64_t eight;
  while ((size_t)(end - p) >= sizeof eight) {
    memcpy(&eight, p, sizeof eight);
    if ((eight & UINT64_C(0x8080808080808080)) != 0) break;
    p += sizeof eight;
  }
  while (p < end && *p < 0x80) p++;
  return p;
}

static int is_tail(unsigned char c) { return (c & 0xC0) == 0x80; }

/* The length of the character at 'p', which is not ASCII; 0 if it is
** invalid. */
static size_t length_at(const unsigned char *p, size_t n) {
  unsigned char c = p[0];
  if (c < 0xC2 || c > 0xF4 || n < 2 || !is_tail(p[1])) return 0;
  if (c < 0xE0) return 2;
  if (n < 3 || !is_tail(p[2])) return 0;
  if (c == 0xE0 && p[1] < 0xA0) return 0;  /* overlong */
  if (c == 0xED && p[1] >= 0xA0) return 0; /* surrogate */
  if (c < 0xF0) return 3;
  if (n < 4 || !is_tail(p[3])) return 0;
  if (c == 0xF0 && p[1] < 0x90) return 0;  /* overlong */
  if (c == 0xF4 && p[1] >= 0x90) return 0; /* beyond U+10FFFF */
  return 4;
}

/* May 'second' follow the first byte of a character? */
static int may_follow(unsigned char first, unsigned char second) {
  if (first == 0xE0) return second >= 0xA0 && second <= 0xBF;
  if (first == 0xED) return second >= 0x80 && second <= 0x9F;
  if (first == 0xF0) return second >= 0x90 && second <= 0xBF;
  if (first == 0xF4) return second >= 0x80 && second <= 0x8F;
  return is_tail(second);
}

size_t xai_utf8_wrong(const char *s, size_t n) {
  const unsigned char *p = (const unsigned char *)s;
  size_t whole, i;
  if (p[0] < 0xC2 || p[0] > 0xF4) return 1;
  whole = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
  if (n < 2 || !may_follow(p[0], p[1])) return 1;
  for (i = 2; i < n && i < whole && is_tail(p[i]);) i++;
  return i;
}

/* The end of the characters of three bytes at 'p'; most of Asia's are such. */
static const unsigned char *skip_threes(const unsigned char *p,
                                        const unsigned char *end) {
  while (end - p >= 3 && *p > 0xE0 && *p <= 0xEF && *p != 0xED &&
         is_tail(p[1]) && is_tail(p[2]))
    p += 3;
  return p;
}

size_t xai_utf8_check(const char *s, size_t n) {
  const unsigned char *start = (const unsigned char *)s, *end = start + n;
  const unsigned char *p = skip_ascii(start, end);
  while (p < end) {
    size_t length = length_at(p, (size_t)(end - p));
    if (length == 0) break;
    p += length;
    if (length == 3) p = skip_threes(p, end);
    if (p < end && *p < 0x80) p = skip_ascii(p, end);
  }
  return (size_t)(p - start);
}

size_t xai_utf8_cut(const char *s, size_t n, size_t max) {
  size_t at = max;
  if (n <= max) return n;
  while (at > 0 && at + 3 > max && is_tail((unsigned char)s[at])) at--;
  return at;
}

void xai_utf8_mark(char *s, size_t n) {
  size_t i = 0;
  while ((i += xai_utf8_check(s + i, n - i)) < n) s[i] = '?';
}

/* ---------------------------------------------------------- decimal numbers */

#if defined(_WIN32)
#include <locale.h>
static const char *locale_point(void) { return localeconv()->decimal_point; }
#else
#include <langinfo.h> /* unlike localeconv, it may be called by two threads */
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

/* The locale's decimal point, one byte or more, becomes one point. */
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

/* ------------------------------------------------------------- nearest name */

/*
** A wrong guess is worse than none.  A name is near enough in three cases: at
** most a third of its letters differ, most of its beginning is the same, or the
** wrong name is its last word ('models' of 'list_models').
*/

#define LONGEST 32        /* letters of a name that is considered */
#define FAR (2 * LONGEST) /* the least cost of a guess by words */

static char lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int is_same(char a, char b) { return lower(a) == lower(b); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Two letters in the wrong order are one edit. */
static int are_swapped(const char *a, const char *b, size_t i, size_t j) {
  return i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
         is_same(a[i - 2], b[j - 1]);
}

/* How many letters to insert, remove, replace or swap.  Both names have at most
** LONGEST letters. */
static size_t edits(const char *a, size_t n, const char *b, size_t m) {
  size_t rows[3][LONGEST + 1], i, j;
  size_t *older = rows[0], *old = rows[1], *row = rows[2], *spare;
  for (j = 0; j <= m; j++) row[j] = j;
  for (i = 1; i <= n; i++) {
    spare = older, older = old, old = row, row = spare;
    row[0] = i;
    for (j = 1; j <= m; j++) {
      row[j] = least(old[j], row[j - 1]) + 1;
      row[j] = least(row[j], old[j - 1] + (size_t)!is_same(a[i - 1], b[j - 1]));
      if (are_swapped(a, b, i, j)) row[j] = least(row[j], older[j - 2] + 1);
    }
  }
  return row[m];
}

/* How many letters both begin with. */
static size_t common(const char *a, const char *b) {
  size_t n = 0;
  while (a[n] != '\0' && is_same(a[n], b[n])) n++;
  return n;
}

/* As 'completions' and 'complete' do. */
static int begins_alike(const char *a, size_t n, const char *b, size_t m) {
  size_t same = common(a, b);
  return same >= 5 && 3 * same >= 2 * least(n, m);
}

/* As 'models' of 'list_models', but no short word of a long name. */
static int is_last_word(const char *word, size_t n, const char *name,
                        size_t m) {
  return n >= 4 && n + 1 < m && 3 * n >= m && name[m - n - 1] == '_' &&
         common(word, name + m - n) == n;
}

/* The cost of a guess; 0 if it is not near enough. */
static size_t cost_of(const char *wrong, const char *name) {
  size_t n = strlen(wrong), m = strlen(name), d;
  if (n > LONGEST || m > LONGEST) return 0;
  d = edits(wrong, n, name, m);
  if (3 * d <= n) return d + 1;
  if (begins_alike(wrong, n, name, m) || is_last_word(wrong, n, name, m))
    return FAR + d;
  return 0;
}

void xai_nearest_begin(xai_Nearest *n, const char *wrong) {
  n->wrong = wrong;
  n->name = NULL;
  n->cost = 0;
}

void xai_nearest_consider(xai_Nearest *n, const char *name) {
  size_t cost = cost_of(n->wrong, name);
  if (cost == 0) return;
  if (n->name != NULL && cost > n->cost) return;
  if (n->name != NULL && cost == n->cost && strcmp(name, n->name) > 0) return;
  n->name = name;
  n->cost = cost;
}
