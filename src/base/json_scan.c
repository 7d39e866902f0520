/*
** json_scan.c - finding values in JSON text, and checking it.
*/
#include "base/json_scan.h"

#include <string.h>

/* ------------------------------------------------------------------ lexemes */

/* The value of a hexadecimal digit, or -1. */
static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

long xai_json_hex4(const char *s, const char *end) {
  long n = 0;
  int i, d;
  if (end - s < 4) return -1;
  for (i = 0; i < 4; i++) {
    d = hex_digit(s[i]);
    if (d < 0) return -1;
    n = n * 16 + d;
  }
  return n;
}

size_t xai_json_escape(const char *s, const char *end) {
  static const char simple[] = "\"\\/bfnrt";
  if (end - s < 2) return 0;
  if (s[1] == 'u') return xai_json_hex4(s + 2, end) >= 0 ? 6 : 0;
  return memchr(simple, s[1], sizeof simple - 1) != NULL ? 2 : 0;
}

/* The end of the digits at 'p'; NULL if there are none. */
static const char *skip_digits(const char *p, const char *end) {
  const char *q = p;
  while (q < end && *q >= '0' && *q <= '9') q++;
  return q > p ? q : NULL;
}

const char *xai_json_number(const char *p, const char *end) {
  if (p < end && *p == '-') p++;
  p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);
  if (p != NULL && p < end && *p == '.') p = skip_digits(p + 1, end);
  if (p == NULL || p == end || (*p != 'e' && *p != 'E')) return p;
  p++;
  if (p < end && (*p == '+' || *p == '-')) p++;
  return skip_digits(p, end);
}

/* ----------------------------------------------------------- finding values */

/* The closing quote of the string whose text begins at 'p', or NULL.  Most
** strings have no escapes: their end is the next quote. */
static const char *find_quote(const char *p, const char *end) {
  const char *q = (const char *)memchr(p, '"', (size_t)(end - p));
  if (q == NULL || memchr(p, '\\', (size_t)(q - p)) == NULL) return q;
  for (; p < end && *p != '"'; p++)
    if (*p == '\\' && ++p == end) return NULL;
  return p < end ? p : NULL;
}

/* The end of the object or array whose opening bracket is at 'p', or NULL. */
static const char *skip_nested(const char *p, const char *end) {
  size_t depth = 0;
  for (; p < end; p++) {
    switch (*p) {
      case '"':
        p = find_quote(p + 1, end);
        if (p == NULL) return NULL;
        break;
      case '{':
      case '[': depth++; break;
      case '}':
      case ']':
        if (--depth == 0) return p + 1;
        break;
      default: break;
    }
  }
  return NULL;
}

static int ends_word(char c) {
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' ||
         c == '\r' || c == '\t';
}

static xai_JsonType word_type(xai_Slice w) {
  if (w.len == 0) return XAI_JSON_NONE;
  if (xai_slice_is(w, "null")) return XAI_JSON_NULL;
  if (xai_slice_is(w, "true")) return XAI_JSON_TRUE;
  if (xai_slice_is(w, "false")) return XAI_JSON_FALSE;
  if (*w.at == '-' || (*w.at >= '0' && *w.at <= '9')) return XAI_JSON_NUMBER;
  return XAI_JSON_NONE;
}

/* Reads the value at 'p'.  Returns its end, or NULL if it is broken. */
static const char *read_value(const char *p, const char *end, xai_Json *v) {
  const char *q;
  v->raw.at = p;
  if (p == end) return NULL;
  if (*p == '"') {
    q = find_quote(p + 1, end);
    if (q == NULL) return NULL;
    v->type = XAI_JSON_STRING;
    v->raw.at = p + 1;
    v->raw.len = (size_t)(q - p - 1);
    return q + 1;
  }
  if (*p == '{' || *p == '[') {
    v->type = *p == '{' ? XAI_JSON_OBJECT : XAI_JSON_ARRAY;
    q = skip_nested(p, end);
    if (q != NULL) v->raw.len = (size_t)(q - p);
    return q;
  }
  for (q = p; q < end && !ends_word(*q);) q++;
  v->raw.len = (size_t)(q - p);
  v->type = word_type(v->raw);
  return v->type == XAI_JSON_NONE ? NULL : q;
}

int xai_json_read(const char *s, size_t n, xai_Json *v) {
  const char *end = s + n;
  const char *p = read_value(xai_bytes_skip_space(s, end), end, v);
  if (p != NULL && xai_bytes_skip_space(p, end) == end) return 1;
  v->type = XAI_JSON_NONE;
  return 0;
}

int xai_json_open(xai_JsonWalk *w, const xai_Json *v) {
  w->object = v->type == XAI_JSON_OBJECT;
  if (!w->object && v->type != XAI_JSON_ARRAY) {
    w->p = w->end = NULL;
    return 0;
  }
  w->p = v->raw.at + 1;
  w->end = v->raw.at + v->raw.len - 1;
  return 1;
}

/* Reads a member's name and its colon.  Returns where the value begins, or
** NULL. */
static const char *read_key(const char *p, const char *end, xai_Slice *key) {
  const char *q;
  if (p == end || *p != '"') return NULL;
  q = find_quote(p + 1, end);
  if (q == NULL) return NULL;
  key->at = p + 1;
  key->len = (size_t)(q - p - 1);
  p = xai_bytes_skip_space(q + 1, end);
  if (p == end || *p != ':') return NULL;
  return xai_bytes_skip_space(p + 1, end);
}

int xai_json_next(xai_JsonWalk *w, xai_Slice *key, xai_Json *v) {
  const char *p = xai_bytes_skip_space(w->p, w->end);
  if (p == w->end) return 0;
  key->at = p;
  key->len = 0;
  if (w->object) p = read_key(p, w->end, key);
  if (p != NULL) p = read_value(p, w->end, v);
  if (p != NULL) p = xai_bytes_skip_space(p, w->end);
  if (p == NULL || (p < w->end && *p != ',')) {
    w->p = w->end;
    v->type = XAI_JSON_NONE;
    return 0;
  }
  w->p = p < w->end ? p + 1 : p;
  return 1;
}

xai_Json xai_json_get(const xai_Json *object, const char *name) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  if (object->type == XAI_JSON_OBJECT && xai_json_open(&w, object))
    while (xai_json_next(&w, &key, &v))
      if (xai_slice_is(key, name)) return v;
  memset(&v, 0, sizeof v);
  return v;
}

long xai_json_index(const xai_Json *v, long max) {
  long n = 0;
  size_t i;
  if (v->type != XAI_JSON_NUMBER) return -1;
  for (i = 0; i < v->raw.len; i++) {
    int d = v->raw.at[i] - '0';
    if (d < 0 || d > 9 || d > max || n > (max - d) / 10) return -1;
    n = n * 10 + d;
  }
  return n;
}

int xai_json_given(const xai_Json *v) {
  return v->type != XAI_JSON_NONE && v->type != XAI_JSON_NULL;
}

/* Appends the character U+c. */
static int put_utf8(xai_Buffer *out, unsigned long c) {
  char s[4];
  size_t n = 0;
  if (c < 0x80) {
    s[n++] = (char)c;
  } else if (c < 0x800) {
    s[n++] = (char)(0xC0 | (c >> 6));
    s[n++] = (char)(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    s[n++] = (char)(0xE0 | (c >> 12));
    s[n++] = (char)(0x80 | ((c >> 6) & 0x3F));
    s[n++] = (char)(0x80 | (c & 0x3F));
  } else {
    s[n++] = (char)(0xF0 | (c >> 18));
    s[n++] = (char)(0x80 | ((c >> 12) & 0x3F));
    s[n++] = (char)(0x80 | ((c >> 6) & 0x3F));
    s[n++] = (char)(0x80 | (c & 0x3F));
  }
  return xai_buffer_append(out, s, n);
}

/* Appends one UTF-16 unit, joined with the high half before it, if any. */
static int put_unit(xai_Buffer *out, unsigned long u, unsigned *surrogate) {
  unsigned high = *surrogate;
  int low = u >= 0xDC00 && u <= 0xDFFF, rc = XAI_OK;
  *surrogate = 0;
  if (high != 0 && low)
    return put_utf8(out, 0x10000 + ((high - 0xD800ul) << 10) + (u - 0xDC00));
  if (high != 0) rc = put_utf8(out, 0xFFFD);
  if (rc != XAI_OK) return rc;
  if (u >= 0xD800 && u <= 0xDBFF) {
    *surrogate = (unsigned)u;
    return XAI_OK;
  }
  return put_utf8(out, low ? 0xFFFD : u);
}

/* The byte that a simple escape stands for. */
static char plain_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

/* Appends bytes that stand for themselves.  A high half before them is
** alone. */
static int put_bytes(xai_Buffer *out, const char *s, size_t n,
                     unsigned *surrogate) {
  if (n > 0 && *surrogate != 0) {
    int rc = put_utf8(out, 0xFFFD);
    if (rc != XAI_OK) return rc;
    *surrogate = 0;
  }
  return xai_buffer_append(out, s, n);
}

/* Appends a run of plain bytes and the escape after it.  Returns its end. */
static const char *put_run(const char *p, const char *end, unsigned *surrogate,
                           xai_Buffer *out, int *rc) {
  const char *q = (const char *)memchr(p, '\\', (size_t)(end - p));
  long u;
  char c;
  *rc = put_bytes(out, p, (size_t)((q ? q : end) - p), surrogate);
  if (*rc != XAI_OK || q == NULL || q + 1 == end) return end;
  u = q[1] == 'u' ? xai_json_hex4(q + 2, end) : -1;
  c = plain_escape(q[1]);
  *rc = u >= 0 ? put_unit(out, (unsigned long)u, surrogate)
               : put_bytes(out, &c, 1, surrogate);
  return q + (u >= 0 ? 6 : 2);
}

int xai_json_unescape(xai_Slice raw, unsigned *surrogate, xai_Buffer *out) {
  const char *p = raw.at, *end = raw.at + raw.len;
  size_t before = xai_buffer_size(out);
  unsigned was = *surrogate;
  int rc = XAI_OK;
  while (p < end && rc == XAI_OK) p = put_run(p, end, surrogate, out, &rc);
  if (rc == XAI_OK) return rc;
  xai_buffer_remove(out, before, xai_buffer_size(out) - before);
  *surrogate = was;
  return rc;
}

/* ---------------------------------------------------------- checking a text */

typedef struct Check {
  const char *end;
  int depth;                                 /* how many brackets are open */
  unsigned char objects[XAI_JSON_MAX_DEPTH]; /* which of them are braces */
} Check;

/* Each check_ function returns the end of what it checked, or NULL. */

/* The text of a string begins at 'p'. */
static const char *check_string(const char *p, const char *end) {
  const char *q = (const char *)memchr(p, '"', (size_t)(end - p));
  if (q == NULL) return NULL;
  if (memchr(p, '\\', (size_t)(q - p)) == NULL) return q + 1;
  while (p < end && *p != '"') {
    size_t n = *p == '\\' ? xai_json_escape(p, end) : 1;
    if (n == 0) return NULL;
    p += n;
  }
  return p < end ? p + 1 : NULL;
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

/* Checks the name of a member and its colon. */
static const char *check_name(const char *p, const char *end) {
  p = xai_bytes_skip_space(p, end);
  if (p == end || *p != '"') return NULL;
  p = check_string(p + 1, end);
  if (p != NULL) p = xai_bytes_skip_space(p, end);
  return p != NULL && p < end && *p == ':' ? p + 1 : NULL;
}

static int in_object(const Check *c) { return c->objects[c->depth - 1]; }

/* Checks the brackets that close at 'p', then the comma and the name that lead
** to the next value. */
static const char *check_after(Check *c, const char *p) {
  for (; c->depth > 0; p++) {
    p = xai_bytes_skip_space(p, c->end);
    if (p == c->end) return NULL;
    if (*p == ',') return in_object(c) ? check_name(p + 1, c->end) : p + 1;
    if (*p != (in_object(c) ? '}' : ']')) return NULL;
    c->depth--;
  }
  return p;
}

/* Checks the opening bracket at 'p' and the first name of an object. */
static const char *check_open(Check *c, const char *p) {
  int object = *p == '{';
  const char *q = xai_bytes_skip_space(p + 1, c->end);
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
    p = xai_bytes_skip_space(p, c.end);
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
  return xai_bytes_skip_space(p, c.end) == c.end ? XAI_JSON_RIGHT
                                                 : XAI_JSON_WRONG;
}
