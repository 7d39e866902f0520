/*
** bodies.c - the bodies that a call may send: its own, and one for each patch.
*/
#include "net/bodies.h"

#include <stdio.h>
#include <string.h>

#include "base/json_patch.h"
#include "base/json_scan.h"

void xai_bodies_init(xai_Bodies *b, xai_Slice own, xai_Slice patches) {
  memset(b, 0, sizeof *b);
  xai_buffer_init(&b->text, 0);
  xai_buffer_init(&b->failed, 0);
  b->own = own;
  b->patches = patches;
  if (patches.len > 0) b->count = xai_json_patch_count(patches);
}

void xai_bodies_free(xai_Bodies *b) {
  xai_buffer_free(&b->text);
  xai_buffer_free(&b->failed);
}

int xai_bodies_has_next(const xai_Bodies *b) { return b->current < b->count; }

int xai_bodies_next(xai_Bodies *b, xai_Slice *text) {
  xai_Slice patch = xai_json_patch_at(b->patches, b->current);
  xai_buffer_clear(&b->text);
  if (xai_json_patch(b->own, patch, &b->text) != XAI_OK) return -1;
  b->current++;
  b->attempts = b->move_on = 0;
  *text = xai_buffer_slice(&b->text);
  return 0;
}

/* Copy the model that the current body names. */
static void copy_model(const xai_Bodies *b, char *out, size_t size) {
  xai_Slice s = b->current > 0 ? xai_buffer_slice(&b->text) : b->own;
  xai_Json body, model;
  xai_json_read(s.at, s.len, &body);
  model = xai_json_get(&body, "model");
  if (model.type == XAI_JSON_STRING && model.raw.len < size)
    snprintf(out, size, "%.*s", (int)model.raw.len, model.raw.at);
}

int xai_bodies_note_failure(xai_Bodies *b, const xai_Error *error, int status) {
  xai_FailedBody f;
  memset(&f, 0, sizeof f);
  f.kind = error->kind;
  f.status = status;
  copy_model(b, f.model, sizeof f.model);
  snprintf(f.text, sizeof f.text, "%s", error->text);
  return xai_buffer_append(&b->failed, (const char *)&f, sizeof f) == XAI_OK
             ? 0
             : -1;
}

const xai_FailedBody *xai_bodies_failed(const xai_Bodies *b, int n) {
  size_t count = xai_buffer_size(&b->failed) / sizeof(xai_FailedBody);
  const void *all = xai_buffer_data(&b->failed);
  return n >= 0 && (size_t)n < count ? (const xai_FailedBody *)all + n : NULL;
}
