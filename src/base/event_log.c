/*
** event_log.c - what a stream has said so far, in little memory.
*/
#include "base/event_log.h"

#include <string.h>

typedef struct Head {
  uint32_t field, a, b;
  uint32_t unused;
  size_t len;
} Head;

void xai_event_log_init(xai_EventLog *j, size_t max) {
  xai_buffer_init(&j->bytes, max);
  j->last = 0;
}

void xai_event_log_free(xai_EventLog *j) {
  xai_buffer_free(&j->bytes);
  j->last = 0;
}

static Head head_at(const xai_EventLog *j, size_t at) {
  Head h;
  memcpy(&h, xai_buffer_data(&j->bytes) + at, sizeof h);
  return h;
}

/* Append to the last entry when it is the same text. */
static int extend(xai_EventLog *j, const xai_EventInfo *r) {
  Head h;
  if (xai_buffer_size(&j->bytes) == 0) return 0;
  h = head_at(j, j->last);
  if (h.field != (uint32_t)r->field || h.a != r->a || h.b != r->b) return 0;
  h.len += r->delta.len;
  memcpy(j->bytes.at + j->last, &h, sizeof h);
  return 1;
}

#define TYPE_BEGINS "{\"type\":\""

/* The members of an object that is to get one more; what ends that one. */
static const char *split(xai_Slice *object) {
  xai_Slice rest = xai_slice_trim(*object);
  rest.at++, rest.len--; /* the brace */
  *object = rest;
  rest = xai_slice_trim(rest);
  return rest.len > 0 && *rest.at == '}' ? "\"" : "\",";
}

/* There is room for it. */
static int add_typed(xai_EventLog *j, Head h, xai_Slice name, xai_Slice data) {
  const char *end = split(&data);
  h.len = strlen(TYPE_BEGINS) + name.len + strlen(end) + data.len;
  xai_buffer_append(&j->bytes, (const char *)&h, sizeof h);
  xai_buffer_puts(&j->bytes, TYPE_BEGINS);
  xai_buffer_append(&j->bytes, name.at, name.len);
  xai_buffer_puts(&j->bytes, end);
  return xai_buffer_append(&j->bytes, data.at, data.len);
}

int xai_event_log_add(xai_EventLog *j, const xai_EventInfo *r, xai_Slice name,
                      xai_Slice data) {
  xai_Slice text = r->field == XAI_FIELD_NONE ? data : r->delta;
  size_t at = xai_buffer_size(&j->bytes), more;
  int typed = r->field == XAI_FIELD_NONE && r->untyped;
  Head h;
  int rc;
  more = typed ? sizeof TYPE_BEGINS + 2 + name.len : 0;
  rc = xai_buffer_reserve(&j->bytes, sizeof h + text.len + more);
  if (rc != XAI_OK) return rc;
  if (r->field == XAI_FIELD_NONE || !extend(j, r)) {
    memset(&h, 0, sizeof h);
    h.field = (uint32_t)r->field;
    h.a = r->a;
    h.b = r->b;
    h.len = text.len;
    j->last = at;
    if (typed) return add_typed(j, h, name, data);
    xai_buffer_append(&j->bytes, (const char *)&h, sizeof h);
  }
  return xai_buffer_append(&j->bytes, text.at, text.len);
}

int xai_event_log_read(const xai_EventLog *j, size_t *at, xai_LogEntry *e) {
  Head h;
  if (*at + sizeof h > xai_buffer_size(&j->bytes)) return 0;
  h = head_at(j, *at);
  e->field = (xai_Field)h.field;
  e->a = h.a;
  e->b = h.b;
  e->text.at = xai_buffer_data(&j->bytes) + *at + sizeof h;
  e->text.len = h.len;
  *at += sizeof h + h.len;
  return 1;
}

int xai_event_log_is_place(const xai_EventLog *j, size_t at) {
  size_t size = xai_buffer_size(&j->bytes), p = 0;
  xai_LogEntry e;
  if (at == 0 || at == size) return 1;
  if (at > j->last) return 0;
  while (p < at && xai_event_log_read(j, &p, &e)) continue;
  return p == at;
}
