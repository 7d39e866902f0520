/*
** jsonclose.c - the beginning of a JSON text, closed where it breaks off.
*/
#include "base/jsonclose.h"

#include <string.h>

#define MAX_OPEN 64 /* deeper levels are left out */

typedef struct Scan {
  xai_Slice s;
  size_t at;
  char open[MAX_OPEN]; /* the brackets that close what is open */
  int depth;
  int value;      /* what comes next is a value, not a name */
  size_t whole;   /* up to here all is whole */
  int whole_open; /* how many brackets are open there */
  int in_string;  /* a value breaks off */
  int wrong;      /* this is not JSON */
} Scan;

static void is_whole(Scan *c) {
  c->whole = c->at;
  c->whole_open = c->depth;
}

/* How long the escape at 'i' is; 0: it is cut. */
static size_t escape_at(xai_Slice s, size_t i) {
  size_t n;
  if (i + 1 >= s.len) return 0;
  n = s.at[i + 1] == 'u' ? 6 : 2;
  return i + n <= s.len ? n : 0;
}

/* The end of a text from 'from' to 'to' without part of a character. */
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

/* Go behind a string; 0: it breaks off. */
static int scan_string(Scan *c) {
  size_t begin = c->at + 1, i = begin, n = 1;
  while (i < c->s.len && c->s.at[i] != '"') {
    n = c->s.at[i] == '\\' ? escape_at(c->s, i) : 1;
    if (n == 0) break;
    i += n;
  }
  if (i < c->s.len && n > 0) {
    c->at = i + 1;
    if (c->value) is_whole(c);
    return 1;
  }
  if (c->value) {
    c->at = whole_characters(c->s, begin, i);
    c->in_string = 1;
    is_whole(c);
  }
  return 0;
}

/* Go behind a number or a word; 0: it may go on. */
static int scan_word(Scan *c) {
  static const char ends[] = ",:]} \t\r\n\"[{"; /* and NUL */
  size_t begin = c->at;
  while (c->at < c->s.len && memchr(ends, c->s.at[c->at], sizeof ends) == NULL)
    c->at++;
  c->wrong = !c->value || c->at == begin;
  if (c->at == c->s.len || c->wrong) return 0;
  is_whole(c);
  return 1;
}

static int scan_open(Scan *c, char close) {
  if (c->depth == MAX_OPEN) return 0;
  c->open[c->depth++] = close;
  c->value = close == ']';
  c->at++;
  is_whole(c);
  return 1;
}

static int scan_close(Scan *c) {
  if (c->depth == 0) return 0;
  c->depth--;
  c->at++;
  is_whole(c);
  return 1;
}

/* Go one step; 0: that was the last. */
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

int xai_json_close(xai_Slice s, xai_Buffer *out) {
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
