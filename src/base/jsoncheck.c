/*
** jsoncheck.c - is a text JSON, from its first byte to its last?
*/
#include "base/jsoncheck.h"

#include <string.h>

#include "base/jsonscan.h"

typedef struct Check {
  const char *end;
  int depth;
  unsigned char objects[XAI_JSON_MAX_DEPTH]; /* by depth: is it an object? */
} Check;

static const char *skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

size_t xai_json_escape(const char *s, const char *end) {
  static const char simple[] = "\"\\/bfnrt";
  if (end - s < 2) return 0;
  if (s[1] == 'u') return xai_json_hex4(s + 2, end) >= 0 ? 6 : 0;
  return memchr(simple, s[1], sizeof simple - 1) != NULL ? 2 : 0;
}

/* All of these give what stands behind what they checked, or NULL. */

/* 'p' is behind the opening quote. */
static const char *check_string(const char *p, const char *end) {
  const char *q = (const char *)memchr(p, '"', (size_t)(end - p));
  if (q == NULL) return NULL;
  if (memchr(p, '\\', (size_t)(q - p)) == NULL) return q + 1; /* most */
  while (p < end && *p != '"') {
    size_t n = *p == '\\' ? xai_json_escape(p, end) : 1;
    if (n == 0) return NULL;
    p += n;
  }
  return p < end ? p + 1 : NULL;
}

static const char *check_digits(const char *p, const char *end) {
  const char *q = p;
  while (q < end && *q >= '0' && *q <= '9') q++;
  return q > p ? q : NULL;
}

const char *xai_json_number(const char *p, const char *end) {
  if (p < end && *p == '-') p++;
  p = p < end && *p == '0' ? p + 1 : check_digits(p, end);
  if (p != NULL && p < end && *p == '.') p = check_digits(p + 1, end);
  if (p == NULL || p == end || (*p != 'e' && *p != 'E')) return p;
  p++;
  if (p < end && (*p == '+' || *p == '-')) p++;
  return check_digits(p, end);
}

static const char *check_word(const char *p, const char *end,
                              const char *word) {
  size_t n = strlen(word);
  if ((size_t)(end - p) < n || memcmp(p, word, n) != 0) return NULL;
  return p + n;
}

static const char *check_scalar(const char *p, const char *end) {
  switch (*p) {
    case '"': return check_string(p + 1, end);
    case 't': return check_word(p, end, "true");
    case 'f': return check_word(p, end, "false");
    case 'n': return check_word(p, end, "null");
    default: return xai_json_number(p, end);
  }
}

/* The name of a member and its colon. */
static const char *check_name(const char *p, const char *end) {
  p = skip_space(p, end);
  if (p == end || *p != '"') return NULL;
  p = check_string(p + 1, end);
  if (p != NULL) p = skip_space(p, end);
  return p != NULL && p < end && *p == ':' ? p + 1 : NULL;
}

static int in_object(const Check *c) { return c->objects[c->depth - 1]; }

/* Behind the brackets that close here, and behind the comma and the name that
** lead to the next value. */
static const char *check_after(Check *c, const char *p) {
  for (; c->depth > 0; p++) {
    p = skip_space(p, c->end);
    if (p == c->end) return NULL;
    if (*p == ',') return in_object(c) ? check_name(p + 1, c->end) : p + 1;
    if (*p != (in_object(c) ? '}' : ']')) return NULL;
    c->depth--;
  }
  return p;
}

/* 'p' is at an opening bracket; behind it, and behind the first name. */
static const char *check_open(Check *c, const char *p) {
  int object = *p == '{';
  const char *q = skip_space(p + 1, c->end);
  c->objects[c->depth++] = (unsigned char)object;
  if (q < c->end && *q == (object ? '}' : ']')) return check_after(c, q);
  return object ? check_name(q, c->end) : q;
}

xai_JsonCheck xai_json_check(const char *s, size_t n) {
  Check c;
  const char *p = s;
  if (n == 0 || memchr(s, '\0', n) != NULL) return XAI_JSON_WRONG;
  c.end = s + n;
  c.depth = 0;
  do {
    p = skip_space(p, c.end);
    if (p == c.end) return XAI_JSON_WRONG;
    if (*p == '{' || *p == '[') {
      if (c.depth == XAI_JSON_MAX_DEPTH) return XAI_JSON_DEEP;
      p = check_open(&c, p);
    } else {
      p = check_scalar(p, c.end);
      if (p != NULL) p = check_after(&c, p);
    }
    if (p == NULL) return XAI_JSON_WRONG;
  } while (c.depth > 0);
  return skip_space(p, c.end) == c.end ? XAI_JSON_RIGHT : XAI_JSON_WRONG;
}
