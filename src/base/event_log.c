/*
** event_log.c - the events of a stream so far, in little memory.
*/
#include "base/event_log.h"

#include <string.h>

/* What stands before the text of an entry. */
typedef struct Head {
  uint32_t field, a, b;
  uint32_t unused;
  size_t len;
} Head;

void xai_event_log_init(xai_EventLog *log, size_t max) {
  xai_buffer_init(&log->bytes, max);
  log->last = 0;
}

void xai_event_log_free(xai_EventLog *log) {
  xai_buffer_free(&log->bytes);
  log->last = 0;
}

static Head head_at(const xai_EventLog *log, size_t at) {
  Head h;
  memcpy(&h, xai_buffer_data(&log->bytes) + at, sizeof h);
  return h;
}

/* Makes the last entry longer if it is the same text.  1 if it is. */
static int extend(xai_EventLog *log, const xai_EventInfo *info) {
  Head h;
  if (xai_buffer_size(&log->bytes) == 0) return 0;
  h = head_at(log, log->last);
  if (h.field != (uint32_t)info->field || h.a != info->a || h.b != info->b)
    return 0;
  h.len += info->delta.len;
  memcpy(log->bytes.at + log->last, &h, sizeof h);
  return 1;
}

/* What an event without a type begins with in the log. */
#define TYPE_BEGINS "{\"type\":\""

/* Cuts the opening brace off an object that gets another first member.  Returns
** what must follow that member's value. */
static const char *split(xai_Slice *object) {
  xai_Slice rest = xai_slice_trim(*object);
  rest.at++, rest.len--; /* the brace */
  *object = rest;
  rest = xai_slice_trim(rest);
  return rest.len > 0 && *rest.at == '}' ? "\"" : "\",";
}

/* Appends an entry whose JSON gets a type.  Room was reserved: no append
** fails. */
static int add_typed(xai_EventLog *log, Head h, xai_Slice name,
                     xai_Slice data) {
  const char *end = split(&data);
  h.len = strlen(TYPE_BEGINS) + name.len + strlen(end) + data.len;
  xai_buffer_append(&log->bytes, (const char *)&h, sizeof h);
  xai_buffer_puts(&log->bytes, TYPE_BEGINS);
  xai_buffer_append(&log->bytes, name.at, name.len);
  xai_buffer_puts(&log->bytes, end);
  return xai_buffer_append(&log->bytes, data.at, data.len);
}

int xai_event_log_add(xai_EventLog *log, const xai_EventInfo *info,
                      xai_Slice name, xai_Slice data) {
  xai_Slice text = info->field == XAI_FIELD_NONE ? data : info->delta;
  size_t at = xai_buffer_size(&log->bytes), more;
  int typed = info->field == XAI_FIELD_NONE && info->untyped;
  Head h;
  int rc;
  more = typed ? sizeof TYPE_BEGINS + 2 + name.len : 0;
  rc = xai_buffer_reserve(&log->bytes, sizeof h + text.len + more);
  if (rc != XAI_OK) return rc;
  if (info->field == XAI_FIELD_NONE || !extend(log, info)) {
    memset(&h, 0, sizeof h);
    h.field = (uint32_t)info->field;
    h.a = info->a;
    h.b = info->b;
    h.len = text.len;
    log->last = at;
    if (typed) return add_typed(log, h, name, data);
    xai_buffer_append(&log->bytes, (const char *)&h, sizeof h);
  }
  return xai_buffer_append(&log->bytes, text.at, text.len);
}

int xai_event_log_read(const xai_EventLog *log, size_t *at, xai_LogEntry *e) {
  Head h;
  if (*at + sizeof h > xai_buffer_size(&log->bytes)) return 0;
  h = head_at(log, *at);
  e->field = (xai_Field)h.field;
  e->a = h.a;
  e->b = h.b;
  e->text.at = xai_buffer_data(&log->bytes) + *at + sizeof h;
  e->text.len = h.len;
  *at += sizeof h + h.len;
  return 1;
}

int xai_event_log_is_place(const xai_EventLog *log, size_t at) {
  size_t size = xai_buffer_size(&log->bytes), p = 0;
  xai_LogEntry e;
  if (at == 0 || at == size) return 1;
  if (at > log->last) return 0;
  while (p < at && xai_event_log_read(log, &p, &e)) continue;
  return p == at;
}
