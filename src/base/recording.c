/*
** recording.c - an answer as it came: for tests that replay it.
*/
#include "base/recording.h"

#include <stdio.h>

int xai_recording_add(xai_Recording *r, const char *s, size_t n) {
  char size[32];
  int rc = xai_buffer_reserve(&r->sizes, sizeof size);
  if (rc == XAI_OK) rc = xai_buffer_append(&r->body, s, n);
  if (rc != XAI_OK) return rc;
  snprintf(size, sizeof size, "%lu ", (unsigned long)n);
  return xai_buffer_puts(&r->sizes, size);
}

void xai_recording_clear(xai_Recording *r) {
  xai_buffer_clear(&r->body);
  xai_buffer_clear(&r->sizes);
}

void xai_recording_free(xai_Recording *r) {
  xai_buffer_free(&r->body);
  xai_buffer_free(&r->sizes);
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Takes the next size.  0: there is none, or it is not below 'most'. */
static size_t take_size(xai_Slice *sizes, size_t most) {
  size_t n = 0;
  while (sizes->len > 0 && !is_digit(*sizes->at)) sizes->at++, sizes->len--;
  while (sizes->len > 0 && is_digit(*sizes->at)) {
    if (n < most) n = n * 10 + (size_t)(*sizes->at - '0');
    sizes->at++, sizes->len--;
  }
  return n < most ? n : 0;
}

int xai_replay_next(xai_Replay *r, xai_Slice *piece) {
  size_t n;
  if (r->body.len == 0) return 0;
  n = take_size(&r->sizes, r->body.len);
  piece->at = r->body.at;
  piece->len = n > 0 ? n : r->body.len;
  r->body.at += piece->len;
  r->body.len -= piece->len;
  return 1;
}
