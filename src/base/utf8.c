/*
** utf8.c - is a text UTF-8?
*/
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Behind the ASCII characters at 'p', eight at a time. */
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

/* The length of the character at 'p', which is not ASCII; 0: it is none. */
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

/* Behind the characters at 'p' that take three bytes, as most of Asia's do. */
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
