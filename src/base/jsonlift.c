/*
** jsonlift.c - long strings taken out of JSON text before it is decoded.
*/
#include "base/jsonlift.h"

#include <stdint.h>
#include <string.h>

static const char *find(const char *p, const char *end, char c) {
  return p < end ? (const char *)memchr(p, c, (size_t)(end - p)) : NULL;
}

/* Behind the opening quote: where the closing one is, or NULL.  '*escapes'
** tells whether there are any. */
static const char *string_end(const char *p, const char *end, int *escapes) {
  const char *quote = find(p, end, '"'), *back;
  *escapes = 0;
  while (quote != NULL && (back = find(p, quote, '\\')) != NULL) {
    *escapes = 1;
    p = back + 2;
    if (p > quote) quote = find(p, end, '"');
  }
  return quote;
}

#define EACH(byte) ((uint64_t)-1 / 0xFF * (byte))

/* Eight bytes at a time: a byte below ' ' borrows when ' ' is taken off it,
** and has no high bit of its own. */
static int has_control(const char *p, const char *end) {
  uint64_t eight, seen = 0;
  for (; end - p >= 8; p += 8) {
    memcpy(&eight, p, sizeof eight);
    seen |= (eight - EACH(0x20)) & ~eight & EACH(0x80);
  }
  for (; p < end; p++)
    if ((unsigned char)*p < ' ') return 1;
  return seen != 0;
}

static int is_name(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p < end && *p == ':';
}

int xai_jsonlift(xai_Slice text, size_t *at, xai_Slice *found) {
  const char *p = text.at + *at, *end = text.at + text.len, *quote;
  int escapes;
  if ((size_t)(end - p) < XAI_LIFT_MIN) return 0;
  while ((p = find(p, end, '"')) != NULL) {
    p++;
    quote = string_end(p, end, &escapes);
    if (quote == NULL) return 0;
    found->at = p;
    found->len = (size_t)(quote - p);
    p = quote + 1;
    if (found->len < XAI_LIFT_MIN || escapes || is_name(p, end) ||
        has_control(found->at, quote))
      continue;
    *at = (size_t)(p - text.at);
    return 1;
  }
  return 0;
}
