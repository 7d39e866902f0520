/*
** picture_answer_fuzz.c - pictures are taken out of any text, and however it is
** cut, the rest and what is wrong are the same.
*/
#define _POSIX_C_SOURCE 200809L

#include "base/picture_answer.h"

#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"

/* Where the pictures go: each process has a place of its own. */
static const char *path_of(char which) {
  static char path[64];
  snprintf(path, sizeof path, "/tmp/xai-fuzz-%ld-%c", (long)getpid(), which);
  return path;
}

typedef struct Reading {
  xai_PictureAnswer p;
  xai_Buffer json;
  int rc;
} Reading;

static void begin(Reading *r, char which, size_t max) {
  xai_buffer_init(&r->json, max);
  xai_picture_answer_init(&r->p);
  r->rc = xai_picture_answer_open(&r->p, path_of(which));
  require(r->rc == 0);
}

static void feed(Reading *r, const char *s, size_t n) {
  if (r->rc == 0) r->rc = xai_picture_answer_feed(&r->p, s, n, &r->json);
}

static void end(Reading *r) {
  xai_picture_answer_close(&r->p);
  xai_buffer_free(&r->json);
}

static int same_files(Reading *a, Reading *b) {
  int i;
  if (a->p.count != b->p.count) return 0;
  for (i = 1; i <= a->p.count; i++) {
    const xai_PartFile *f = xai_picture_answer_file(&a->p, i),
                       *g = xai_picture_answer_file(&b->p, i);
    if (f->written != g->written) return 0;
    if (memcmp(f->first, g->first,
               f->written < sizeof f->first ? (size_t)f->written
                                            : sizeof f->first) != 0)
      return 0;
  }
  return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  Reading whole, cut;
  size_t at, len;
  input_open(&in, data, n);
  begin(&whole, 'w', 0);
  feed(&whole, in.at, in.len);
  begin(&cut, 'c', 0);
  for (at = 0; at < in.len; at += len) {
    len = 1 + input_number(&in, 9);
    if (len > in.len - at) len = in.len - at;
    feed(&cut, in.at + at, len);
    if (input_number(&in, 200) != 0) continue;
    if (cut.rc == 0) cut.rc = xai_picture_answer_restart(&cut.p);
    xai_buffer_clear(&cut.json);
    at = 0;
    len = 0;
  }
  require(whole.rc == cut.rc && whole.p.cause == cut.p.cause);
  require(strcmp(whole.p.problem, cut.p.problem) == 0);
  if (whole.rc == 0)
    require(same_bytes(&whole.json, &cut.json) && same_files(&whole, &cut));
  end(&whole);
  end(&cut);
  return 0;
}
