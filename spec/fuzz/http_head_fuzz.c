/*
** http_head_fuzz.c - the headers of any head are those that its lines name.
*/
#include "base/http_head.h"

#include "fuzz.h"

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static xai_Slice cut(const char *from, const char *to) {
  xai_Slice s;
  while (from < to && is_blank(*from)) from++;
  while (to > from && is_blank(to[-1])) to--;
  s.at = from;
  s.len = (size_t)(to - from);
  return s;
}

/* The slow way: the next line that has a colon. */
static int next_line(const char **p, const char *end, xai_Slice *name,
                     xai_Slice *value) {
  while (*p < end) {
    const char *from = *p, *to = from, *colon;
    while (to < end && *to != '\n') to++;
    *p = to < end ? to + 1 : end;
    for (colon = from; colon < to && *colon != ':';) colon++;
    if (colon == to) continue;
    name->at = from;
    name->len = (size_t)(colon - from);
    *value = cut(colon + 1, to);
    return 1;
  }
  return 0;
}

static int same(xai_Slice a, xai_Slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Those of that name agree when all that say something say the same.  Lists are
** left out here. */
static void check_agrees(xai_Slice head, const char *word) {
  xai_Slice n, v, first = {"", 0};
  size_t at = 0;
  int agree = 1, lists = 0;
  while (xai_http_head_next(head, &at, &n, &v)) {
    if (!xai_slice_like(n, word) || v.len == 0) continue;
    if (memchr(v.at, ',', v.len) != NULL) lists = 1;
    if (first.len == 0) first = v;
    agree = agree && same(first, v);
  }
  require(xai_http_head_agrees(head, word) == agree || lists);
}

/* Asked for by its name, in any case: the first of that name. */
static void check_find(xai_Slice head, xai_Slice name, int upper) {
  char word[64];
  xai_Slice n, v, found;
  size_t at = 0, i;
  if (name.len >= sizeof word || memchr(name.at, '\0', name.len)) return;
  for (i = 0; i < name.len; i++) {
    char c = name.at[i];
    if (upper && c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    word[i] = c;
  }
  word[name.len] = '\0';
  found = xai_http_head_find(head, word);
  while (xai_http_head_next(head, &at, &n, &v))
    if (xai_slice_like(n, word)) break;
  require(same(found, v));
  check_agrees(head, word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  xai_Slice head, name, value, line_name, line_value;
  const char *p;
  size_t at = 0;
  int rc;
  input_open(&in, data, n);
  head.at = in.at;
  head.len = in.len;
  p = in.at;
  for (;;) {
    rc = xai_http_head_next(head, &at, &name, &value);
    require(rc == next_line(&p, in.at + in.len, &line_name, &line_value));
    if (rc == 0) break;
    require(at <= in.len && same(name, line_name) && same(value, line_value));
    check_find(head, name, (int)input_number(&in, 2));
  }
  require(xai_http_head_find(head, "\n:").len == 0);
  return 0;
}
