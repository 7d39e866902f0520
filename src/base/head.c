/*
** head.c - the head of an HTTP answer: its status line and headers.
*/
#include "base/head.h"

#include <string.h>

int xai_head_next(xai_Slice head, size_t *at, xai_Slice *name,
                  xai_Slice *value) {
  const char *end = head.at + head.len;
  const char *p = head.at + *at, *colon, *eol;
  while (p < end) {
    eol = (const char *)memchr(p, '\n', (size_t)(end - p));
    if (eol == NULL) eol = end;
    colon = (const char *)memchr(p, ':', (size_t)(eol - p));
    name->at = p;
    p = eol < end ? eol + 1 : end;
    *at = (size_t)(p - head.at);
    if (colon == NULL) continue; /* the status line, the blank line */
    name->len = (size_t)(colon - name->at);
    value->at = colon + 1;
    value->len = (size_t)(eol - colon - 1);
    *value = xai_slice_trim(*value);
    return 1;
  }
  return 0;
}

xai_Slice xai_head_find(xai_Slice head, const char *wanted) {
  xai_Slice name, value;
  size_t at = 0;
  while (xai_head_next(head, &at, &name, &value))
    if (xai_slice_like(name, wanted)) return value;
  value.at = "";
  value.len = 0;
  return value;
}

/* Cut the first member off a list; 'rest' has length 0 after the last. */
static xai_Slice next_member(xai_Slice *rest) {
  xai_Slice member = *rest;
  const char *comma = (const char *)memchr(rest->at, ',', rest->len);
  member.len = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
  rest->at += comma != NULL ? member.len + 1 : member.len;
  rest->len -= comma != NULL ? member.len + 1 : member.len;
  return xai_slice_trim(member);
}

static int is_same(xai_Slice a, xai_Slice b) {
  return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

int xai_head_agrees(xai_Slice head, const char *wanted) {
  xai_Slice name, value, first;
  size_t at = 0;
  first.at = NULL;
  while (xai_head_next(head, &at, &name, &value)) {
    if (!xai_slice_like(name, wanted)) continue;
    while (value.len > 0) {
      xai_Slice member = next_member(&value);
      if (first.at == NULL) first = member;
      if (!is_same(first, member)) return 0;
    }
  }
  return 1;
}
