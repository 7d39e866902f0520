/*
** json_rewrite.c - JSON text rewritten so that decoders lose nothing.
*/
#include "base/json_rewrite.h"

#include <stdint.h>
#include <string.h>

#include "base/json_scan.h"

/* ------------------------------------------- values replaced by marked ones */

/*
** Most texts need nothing.  So quick searches come first (may_have_...), which
** may only err on the side of work.  The one for long numbers reads one byte in
** sixteen.
*/

#define LONG_NUMBER 16 /* digits, as many as 2^53 has */

typedef struct Marker {
  const char *start, *p, *end;
  const char *done; /* everything before it was copied */
  const char *mark;
  xai_Buffer *out;
  int what;
  int changed;
} Marker;

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *find(const char *p, const char *end, char c) {
  return p < end ? (const char *)memchr(p, c, (size_t)(end - p)) : NULL;
}

static int may_have_empty_array(const char *p, const char *end) {
  while ((p = find(p, end, '[')) != NULL) {
    p = xai_bytes_skip_space(p + 1, end);
    if (p < end && *p == ']') return 1;
  }
  return 0;
}

/* Can a number begin at 'p'?  Most digits within strings cannot. */
static int may_begin(const char *s, const char *p) {
  if (p > s && p[-1] == '-') p--;
  return p == s || p[-1] == ':' || p[-1] == ',' || p[-1] == '[' ||
         is_space(p[-1]);
}

/* Looks at every LONG_NUMBER-th byte: a long number covers one of them. */
static int may_have_long_number(const char *s, const char *end) {
  const char *p, *from, *to;
  size_t n = (size_t)(end - s), i;
  for (i = LONG_NUMBER - 1; i < n; i += LONG_NUMBER) {
    p = s + i;
    if (!is_digit(*p)) continue;
    for (from = p; from > s && is_digit(from[-1]);) from--;
    for (to = p; to < end && is_digit(*to);) to++;
    if (to - from >= LONG_NUMBER && may_begin(s, from)) return 1;
    i = (size_t)(to - s);
    i -= (i + 1) % LONG_NUMBER; /* so that the next step probes again */
  }
  return 0;
}

static int may_have_surrogate(const char *p, const char *end) {
  while ((p = find(p, end, '\\')) != NULL) {
    if (end - p >= 3 && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D')) return 1;
    p += 2;
  }
  return 0;
}

/* A point in prose has a blank or a letter at one side. */
int xai_json_may_have_fraction(const char *s, size_t n) {
  const char *p = s, *end = s + n, *from;
  while ((p = find(p, end, '.')) != NULL) {
    for (from = p; from > s && is_digit(from[-1]);) from--;
    if (from < p && p + 1 < end && is_digit(p[1]) && may_begin(s, from))
      return 1;
    p++;
  }
  return 0;
}

static int needs_work(const char *s, const char *end, int what) {
  return (what & XAI_MARK_NUMBERS) != 0 ||
         ((what & XAI_MARK_EMPTY_ARRAYS) && may_have_empty_array(s, end)) ||
         ((what & XAI_MARK_INTEGERS) && may_have_long_number(s, end)) ||
         ((what & (XAI_MARK_SURROGATES | XAI_MARK_SURROGATES_RAW)) &&
          may_have_surrogate(s, end));
}

/* Copies the unchanged text up to 'upto'. */
static int flush(Marker *m, const char *upto) {
  int rc = xai_buffer_append(m->out, m->done, (size_t)(upto - m->done));
  m->done = upto;
  return rc;
}

/* Replaces [m->p, next) by 'before', the mark, 'body' and 'after'. */
static int replace(Marker *m, const char *next, const char *before,
                   xai_Slice body, const char *after) {
  int rc = flush(m, m->p);
  if (rc == XAI_OK) rc = xai_buffer_puts(m->out, before);
  if (rc == XAI_OK) rc = xai_buffer_puts(m->out, m->mark);
  if (rc == XAI_OK) rc = xai_buffer_append(m->out, body.at, body.len);
  if (rc == XAI_OK) rc = xai_buffer_puts(m->out, after);
  m->p = m->done = next;
  m->changed = 1;
  return rc;
}

static int on_bracket(Marker *m) {
  static const xai_Slice nothing = {"", 0};
  const char *q = xai_bytes_skip_space(m->p + 1, m->end);
  if (q < m->end && *q == ']' && (m->what & XAI_MARK_EMPTY_ARRAYS))
    return replace(m, q + 1, "[\"", nothing, "\"]");
  m->p++;
  return XAI_OK;
}

static int in_number(char c) {
  return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' ||
         c == '-';
}

/* Where JSON allows no number, none is replaced: the decoder must see it and
** refuse the text. */
static int may_stand(const Marker *m, const char *end) {
  const char *q = xai_bytes_skip_space(end, m->end);
  return (q == m->end || *q != ':') && may_begin(m->start, m->p);
}

/* Is [m->p, q) a number to be replaced?  'whole': it has digits only. */
static int is_wanted(const Marker *m, const char *first, const char *q,
                     int whole) {
  if (m->what & XAI_MARK_NUMBERS) return xai_json_number(m->p, q) == q;
  return whole && (m->what & XAI_MARK_INTEGERS) && q - first >= LONG_NUMBER &&
         *first != '0';
}

static int on_number(Marker *m) {
  const char *q = m->p, *first = *q == '-' ? q + 1 : q;
  xai_Slice text;
  int whole = 1;
  for (; q < m->end && in_number(*q); q++)
    if (!is_digit(*q) && q >= first) whole = 0;
  text.at = m->p;
  text.len = (size_t)(q - m->p);
  if (is_wanted(m, first, q, whole) && may_stand(m, q))
    return replace(m, q, "\"", text, "\"");
  m->p = q;
  return XAI_OK;
}

static int is_high(long u) { return u >= 0xD800 && u <= 0xDBFF; }
static int is_low(long u) { return u >= 0xDC00 && u <= 0xDFFF; }

/* The end of the escape at 'p', or of the pair of them that is a surrogate
** pair.  '*lone' is the half that has no partner, or 0. */
static const char *skip_escape(const char *p, const char *end, long *lone) {
  long u = end - p >= 2 && p[1] == 'u' ? xai_json_hex4(p + 2, end) : -1;
  *lone = is_low(u) ? u : 0;
  if (u < 0) return end - p >= 2 ? p + 2 : end;
  p += 6;
  if (!is_high(u)) return p;
  if (end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
      is_low(xai_json_hex4(p + 2, end)))
    return p + 6;
  *lone = u;
  return p;
}

/* Appends what replaces a lone half: U+FFFD, or the three bytes that UTF-8
** would give it, which no valid text contains. */
static int put_surrogate(Marker *m, long u) {
  char bytes[3];
  if (!(m->what & XAI_MARK_SURROGATES_RAW))
    return xai_buffer_puts(m->out, "\\ufffd");
  bytes[0] = (char)(0xE0 | (u >> 12));
  bytes[1] = (char)(0x80 | ((u >> 6) & 0x3F));
  bytes[2] = (char)(0x80 | (u & 0x3F));
  return xai_buffer_append(m->out, bytes, sizeof bytes);
}

/* Passes over the string whose opening quote is at 'm->p'. */
static int on_string(Marker *m) {
  const char *q = find(m->p + 1, m->end, '"');
  long lone;
  int rc = XAI_OK;
  m->p++;
  if (q != NULL && find(m->p, q, '\\') == NULL) { /* most are like this */
    m->p = q + 1;
    return XAI_OK;
  }
  while (rc == XAI_OK && m->p < m->end && *m->p != '"') {
    if (*m->p != '\\') {
      m->p++;
      continue;
    }
    q = skip_escape(m->p, m->end, &lone);
    if (lone != 0 &&
        (m->what & (XAI_MARK_SURROGATES | XAI_MARK_SURROGATES_RAW))) {
      rc = flush(m, m->p);
      if (rc == XAI_OK) rc = put_surrogate(m, lone);
      m->done = q;
      m->changed = 1;
    }
    m->p = q;
  }
  if (m->p < m->end) m->p++;
  return rc;
}

static int step(Marker *m) {
  char c = *m->p;
  if (c == '"') return on_string(m);
  if (c == '[') return on_bracket(m);
  if (c == '-' || is_digit(c)) return on_number(m);
  m->p++;
  return XAI_OK;
}

int xai_json_mark_values(const char *s, size_t n, const char *mark, int what,
                         xai_Buffer *out) {
  Marker m;
  size_t before = xai_buffer_size(out);
  int rc = XAI_OK;
  if (!needs_work(s, s + n, what)) return 0;
  m.start = m.p = m.done = s;
  m.end = s + n;
  m.mark = mark;
  m.out = out;
  m.what = what;
  m.changed = 0;
  while (rc == XAI_OK && m.p < m.end) rc = step(&m);
  if (rc == XAI_OK && m.changed) rc = flush(&m, m.end);
  if (rc == XAI_OK && m.changed) return 1;
  xai_buffer_remove(out, before, xai_buffer_size(out) - before);
  return rc;
}

/* ------------------------------------------------------------- long strings */

/* The closing quote of the string whose text begins at 'p', or NULL.
** '*escapes': it has any. */
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

/* Eight bytes at a time.  Subtracting ' ' from a smaller byte borrows and so
** sets its high bit, which it did not have before. */
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

/* Is the string that ends before 'p' the name of a member? */
static int is_name(const char *p, const char *end) {
  p = xai_bytes_skip_space(p, end);
  return p < end && *p == ':';
}

int xai_json_next_long_string(xai_Slice text, size_t *at, xai_Slice *found) {
  const char *p = text.at + *at, *end = text.at + text.len, *quote;
  int escapes;
  if ((size_t)(end - p) < XAI_LONG_STRING_MIN) return 0;
  while ((p = find(p, end, '"')) != NULL) {
    p++;
    quote = string_end(p, end, &escapes);
    if (quote == NULL) return 0;
    found->at = p;
    found->len = (size_t)(quote - p);
    p = quote + 1;
    if (found->len < XAI_LONG_STRING_MIN || escapes || is_name(p, end) ||
        has_control(found->at, quote))
      continue;
    *at = (size_t)(p - text.at);
    return 1;
  }
  return 0;
}

/* ----------------------------------------------------------- truncated text */

#define MAX_OPEN 64 /* brackets; deeper levels are left out */

typedef struct Scan {
  xai_Slice s;
  size_t at;
  char open[MAX_OPEN]; /* the closing brackets of what is open */
  int depth;
  int value;      /* a value comes next, not a name */
  size_t whole;   /* the values before this offset are whole */
  int whole_open; /* how many brackets are open there */
  int in_string;  /* the text ends within a string value */
  int wrong;      /* the text is no JSON */
} Scan;

static void mark_whole(Scan *c) {
  c->whole = c->at;
  c->whole_open = c->depth;
}

/* The length of the escape at 'i'; 0 if the text ends within it. */
static size_t escape_at(xai_Slice s, size_t i) {
  size_t n;
  if (i + 1 >= s.len) return 0;
  n = s.at[i + 1] == 'u' ? 6 : 2;
  return i + n <= s.len ? n : 0;
}

/* 'to', or less if the text from 'from' on would end within a character. */
static size_t whole_characters(xai_Slice s, size_t from, size_t to) {
  size_t i = to, have = 0, need;
  unsigned char c;
  while (i > from && have < 3 && ((unsigned char)s.at[i - 1] & 0xC0) == 0x80)
    i--, have++;
  if (i == from) return to;
  c = (unsigned char)s.at[i - 1];
  need = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
  return have < need ? i - 1 : to;
}

/* Passes a string; 0 if the text ends within it. */
static int scan_string(Scan *c) {
  size_t begin = c->at + 1, i = begin, n = 1;
  while (i < c->s.len && c->s.at[i] != '"') {
    n = c->s.at[i] == '\\' ? escape_at(c->s, i) : 1;
    if (n == 0) break;
    i += n;
  }
  if (i < c->s.len && n > 0) {
    c->at = i + 1;
    if (c->value) mark_whole(c);
    return 1;
  }
  if (c->value) {
    c->at = whole_characters(c->s, begin, i);
    c->in_string = 1;
    mark_whole(c);
  }
  return 0;
}

/* Passes a number or a word; 0 if it may go on after the end of the text. */
static int scan_word(Scan *c) {
  static const char ends[] = ",:]} \t\r\n\"[{"; /* also NUL */
  size_t begin = c->at;
  while (c->at < c->s.len && memchr(ends, c->s.at[c->at], sizeof ends) == NULL)
    c->at++;
  c->wrong = !c->value || c->at == begin;
  if (c->at == c->s.len || c->wrong) return 0;
  mark_whole(c);
  return 1;
}

static int scan_open(Scan *c, char close) {
  if (c->depth == MAX_OPEN) return 0;
  c->open[c->depth++] = close;
  c->value = close == ']';
  c->at++;
  mark_whole(c);
  return 1;
}

static int scan_close(Scan *c) {
  if (c->depth == 0) return 0;
  c->depth--;
  c->at++;
  mark_whole(c);
  return 1;
}

/* Goes one step; 0 if it was the last. */
static int scan(Scan *c) {
  switch (c->s.at[c->at]) {
    case '"': return scan_string(c);
    case '{': return scan_open(c, '}');
    case '[': return scan_open(c, ']');
    case '}':
    case ']': return scan_close(c);
    case ':':
    case ',':
      c->value = c->s.at[c->at] == ':' ||
                 (c->depth > 0 && c->open[c->depth - 1] == ']');
      c->at++;
      return 1;
    case ' ':
    case '\t':
    case '\r':
    case '\n': c->at++; return 1;
    default: return scan_word(c);
  }
}

int xai_json_close_truncated(xai_Slice s, xai_Buffer *out) {
  Scan c;
  int rc;
  memset(&c, 0, sizeof c);
  c.s = s;
  c.value = 1;
  while (c.at < s.len && !c.wrong && scan(&c)) continue;
  if (c.wrong) return XAI_OK;
  rc = xai_buffer_append(out, s.at, c.whole);
  if (rc == XAI_OK && c.in_string) rc = xai_buffer_append(out, "\"", 1);
  while (rc == XAI_OK && c.whole_open > 0)
    rc = xai_buffer_append(out, &c.open[--c.whole_open], 1);
  return rc;
}
