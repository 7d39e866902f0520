/*
** buffer.c - byte slices, and buffers that grow.
*/
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- slices */

static char lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int same(const char *a, const char *b, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (lower(a[i]) != lower(b[i])) return 0;
  return 1;
}

int xai_slice_like(xai_Slice s, const char *text) {
  size_t n = strlen(text);
  return s.len == n && same(s.at, text, n);
}

/* Horspool's search, which skips most bytes. */
const char *xai_slice_find(xai_Slice s, xai_Slice what) {
  unsigned char shift[256];
  size_t n = what.len, longest = n < 255 ? n : 255, i;
  char last = what.at[n - 1];
  memset(shift, (int)longest, sizeof shift);
  for (i = n - longest; i + 1 < n; i++)
    shift[(unsigned char)what.at[i]] = (unsigned char)(n - 1 - i);
  for (i = n; i <= s.len; i += shift[(unsigned char)s.at[i - 1]])
    if (s.at[i - 1] == last && memcmp(s.at + i - n, what.at, n) == 0)
      return s.at + i - n;
  return NULL;
}

int xai_slice_has(xai_Slice s, const char *text) {
  size_t i, n = strlen(text);
  char first = lower(text[0]);
  for (i = 0; i + n <= s.len; i++)
    if (lower(s.at[i]) == first && same(s.at + i, text, n)) return 1;
  return 0;
}

static int blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *xai_bytes_skip_space(const char *p, const char *end) {
  while (p < end && blank(*p)) p++;
  return p;
}

xai_Slice xai_slice_trim(xai_Slice s) {
  const char *p = xai_bytes_skip_space(s.at, s.at + s.len);
  s.len -= (size_t)(p - s.at);
  s.at = p;
  while (s.len > 0 && blank(s.at[s.len - 1])) s.len--;
  return s;
}

int xai_bytes_have_control(const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if ((unsigned char)s[i] < ' ' || s[i] == 0x7F) return 1;
  return 0;
}

xai_Slice xai_slice_skip_bom(xai_Slice s) {
  if (s.len < 3 || memcmp(s.at, "\xEF\xBB\xBF", 3) != 0) return s;
  s.at += 3;
  s.len -= 3;
  return s;
}

/* The call goes through a volatile pointer: a compiler may leave out a memset
** whose result is never read. */
void xai_bytes_wipe(char *s, size_t n) {
  static void *(*const volatile fill)(void *, int, size_t) = memset;
  if (n > 0) fill(s, 0, n);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The end of the character 'c' at 'p', which may be a JSON escape; NULL:
** another character stands there. */
static char *match_one(char *p, const char *end, char c) {
  if (p < end && *p == c) return p + 1;
  if (end - p < 2 || *p != '\\') return NULL;
  if (p[1] == c) return p + 2;
  if (p[1] != 'u' || end - p < 6 || p[2] != '0' || p[3] != '0') return NULL;
  return hex_digit(p[4]) * 16 + hex_digit(p[5]) == c ? p + 6 : NULL;
}

/* The end of the secret at 'p', or NULL. */
static char *match_secret(char *p, const char *end, xai_Slice secret) {
  size_t i;
  for (i = 0; i < secret.len && p != NULL; i++)
    p = match_one(p, end, secret.at[i]);
  return p;
}

/* Masks the occurrences that begin with the byte 'first'. */
static void mask_from(char *p, char *end, char first, xai_Slice secret) {
  while ((p = (char *)memchr(p, first, (size_t)(end - p))) != NULL) {
    char *q = match_secret(p, end, secret);
    if (q != NULL) memset(p, '*', (size_t)(q - p));
    p = q != NULL ? q : p + 1;
  }
}

/* Masks the occurrences in a text without escapes. */
static void mask_plain(char *s, size_t n, xai_Slice secret) {
  xai_Slice rest = {s, n};
  const char *found;
  while ((found = xai_slice_find(rest, secret)) != NULL) {
    size_t at = (size_t)(found - s);
    memset(s + at, '*', secret.len);
    rest.at = found + secret.len;
    rest.len = n - at - secret.len;
  }
}

void xai_bytes_mask(char *s, size_t n, xai_Slice secret) {
  if (secret.len == 0 || n == 0) return;
  if (memchr(s, '\\', n) == NULL) {
    mask_plain(s, n, secret);
    return;
  }
  mask_from(s, s + n, secret.at[0], secret);
  mask_from(s, s + n, '\\', secret);
}

/* ------------------------------------------------------------------ buffers */

#define FIRST_CAPACITY 256

void xai_buffer_init(xai_Buffer *b, size_t max) {
  memset(b, 0, sizeof *b);
  b->max = max;
}

void xai_buffer_free(xai_Buffer *b) {
  free(b->at);
  xai_buffer_init(b, b->max);
}

void xai_buffer_wipe(xai_Buffer *b) {
  xai_bytes_wipe(b->at, b->cap);
  xai_buffer_free(b);
}

void xai_buffer_blank(xai_Buffer *b) {
  xai_bytes_wipe(b->at, b->len);
  xai_buffer_clear(b);
}

/* Moves the unconsumed bytes to the front of the allocation. */
static void compact(xai_Buffer *b) {
  if (b->rd == 0) return;
  memmove(b->at, b->at + b->rd, b->len - b->rd);
  b->len -= b->rd;
  b->rd = 0;
}

/* Enlarges the allocation to at least 'need' bytes. */
static int grow(xai_Buffer *b, size_t need) {
  size_t cap = b->cap ? b->cap : FIRST_CAPACITY;
  char *at;
  while (cap < need) {
    if (cap > (size_t)-1 / 2) return XAI_ENOMEM;
    cap *= 2;
  }
  at = (char *)realloc(b->at, cap);
  if (at == NULL) return XAI_ENOMEM;
  b->at = at;
  b->cap = cap;
  return XAI_OK;
}

/* Makes room for 'n' more bytes, without regard to the limit. */
static int make_room(xai_Buffer *b, size_t n) {
  size_t held = b->len - b->rd;
  if (n > (size_t)-1 - b->len) return XAI_ENOMEM;
  if (b->len + n <= b->cap) return XAI_OK;
  /* Moving must free at least as many bytes as it moves.  So each byte is moved
  ** a bounded number of times. */
  if (b->rd >= held) compact(b);
  if (b->len + n <= b->cap) return XAI_OK;
  return grow(b, b->len + n);
}

int xai_buffer_reserve(xai_Buffer *b, size_t n) {
  size_t held = b->len - b->rd;
  if (b->max != 0 && (held > b->max || n > b->max - held)) return XAI_ELIMIT;
  return make_room(b, n);
}

int xai_buffer_append(xai_Buffer *b, const char *s, size_t n) {
  int rc = xai_buffer_reserve(b, n);
  if (rc != XAI_OK) return rc;
  if (n > 0) memcpy(b->at + b->len, s, n);
  b->len += n;
  return XAI_OK;
}

int xai_buffer_puts(xai_Buffer *b, const char *s) {
  return xai_buffer_append(b, s, strlen(s));
}

void xai_buffer_consume(xai_Buffer *b, size_t n) {
  if (n < b->len - b->rd)
    b->rd += n;
  else
    xai_buffer_clear(b);
}

void xai_buffer_remove(xai_Buffer *b, size_t at, size_t n) {
  char *to;
  if (n == 0) return;
  to = b->at + b->rd + at;
  memmove(to, to + n, xai_buffer_size(b) - at - n);
  b->len -= n;
}

void xai_buffer_clear(xai_Buffer *b) {
  b->rd = 0;
  b->len = 0;
}

int xai_buffer_terminate(xai_Buffer *b) {
  int rc = make_room(b, 1);
  if (rc == XAI_OK) b->at[b->len] = '\0';
  return rc;
}

const char *xai_buffer_data(const xai_Buffer *b) {
  return b->at ? b->at + b->rd : "";
}

size_t xai_buffer_size(const xai_Buffer *b) { return b->len - b->rd; }

xai_Slice xai_buffer_slice(const xai_Buffer *b) {
  xai_Slice s = {xai_buffer_data(b), xai_buffer_size(b)};
  return s;
}
