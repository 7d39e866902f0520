/*
** slice.c - bytes that belong to somebody else.
*/
#include "base/slice.h"

#include <string.h>

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

int xai_slice_has(xai_Slice s, const char *text) {
  size_t i, n = strlen(text);
  for (i = 0; i + n <= s.len; i++)
    if (same(s.at + i, text, n)) return 1;
  return 0;
}

static int blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

xai_Slice xai_slice_trim(xai_Slice s) {
  while (s.len > 0 && blank(s.at[0])) s.at++, s.len--;
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
