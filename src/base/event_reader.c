/*
** event_reader.c - reading one event stream: parser, dialect and journal
** together.
*/
#include "base/event_reader.h"

#include <string.h>

#include "base/json_scan.h"

void xai_event_reader_init(xai_EventReader *s, xai_Api api, int raw,
                           size_t max) {
  memset(s, 0, sizeof *s);
  xai_event_schema_init(&s->schema, api);
  xai_event_log_init(&s->log, max);
  xai_event_template_init(&s->template);
  s->raw = raw;
}

void xai_event_reader_free(xai_EventReader *s) {
  xai_event_log_free(&s->log);
  xai_event_template_free(&s->template);
}

void xai_event_reader_rest(xai_EventReader *s) {
  xai_event_template_forget(&s->template);
  xai_event_template_free(&s->template);
  memset(&s->event, 0, sizeof s->event);
  s->have = s->last = 0;
}

void xai_event_reader_restart(xai_EventReader *s) {
  long want = s->schema.want;
  xai_event_schema_init(&s->schema, s->schema.api);
  s->schema.want = want;
  xai_event_template_forget(&s->template);
  s->have = s->last = s->full = 0;
  s->cause = XAI_CAUSE_NONE;
}

void xai_event_reader_want(xai_EventReader *s, long choice) {
  if (s->schema.want != choice) xai_event_template_forget(&s->template);
  s->schema.want = choice;
}

static xai_ReadState fail(xai_EventReader *s, xai_Cause cause) {
  if (s->cause == XAI_CAUSE_NONE) s->cause = cause;
  return XAI_READ_FAILED;
}

static xai_ReadState fail_rc(xai_EventReader *s, int rc) {
  return fail(s, rc == XAI_ELIMIT ? XAI_CAUSE_STREAM_EVENT_TOO_LONG
                                  : XAI_CAUSE_STREAM_MEMORY);
}

/*
** A last event without its blank line.  The standard drops it; gateways send
** it all the same, so it counts when it is the marker or a whole value.
*/
static int last_event(xai_Sse *in, xai_SseEvent *ev) {
  xai_Slice word;
  int rc = xai_sse_pending(in, ev);
  if (rc != 1) return rc;
  word = xai_slice_trim(ev->data);
  return xai_slice_is(word, "[DONE]") ||
         xai_json_check(word.at, word.len) == XAI_JSON_RIGHT;
}

static int find_event(xai_EventReader *s, xai_Sse *in, int over, int clean) {
  int rc = xai_sse_peek(in, &s->event.sse);
  if (rc == 0 && over && clean && !s->raw && !s->last) {
    rc = last_event(in, &s->event.sse);
    s->last = rc >= 0;
  }
  return rc;
}

static xai_ReadState at_end(xai_EventReader *s, int over, int clean) {
  if (s->schema.ended) return XAI_READ_END;
  if (!over) return XAI_READ_WAIT;
  if (s->raw ? clean : xai_event_schema_complete(&s->schema, clean))
    return XAI_READ_END;
  return fail(s, XAI_CAUSE_STREAM_CUT);
}

/* Remember where in the data the parts of the reading are. */
static void note_places(xai_EventReader *s) {
  const xai_EventInfo *r = &s->event.info;
  const char *data = s->event.sse.data.at;
  int i;
  if (r->has_text) s->text_at = (size_t)(r->text.at - data);
  if (r->field != XAI_FIELD_NONE) s->delta_at = (size_t)(r->delta.at - data);
  for (i = 0; i < r->varying; i++)
    s->varying_at[i] = (size_t)(r->varying_field[i].at - data);
}

/* Bytes that came since may have moved the event: find its parts again. */
static void refresh(xai_EventReader *s, xai_Sse *in) {
  xai_EventInfo *r = &s->event.info;
  int i;
  if (s->last) return; /* nothing comes any more */
  xai_sse_peek(in, &s->event.sse);
  if (r->has_text) r->text.at = s->event.sse.data.at + s->text_at;
  if (r->field != XAI_FIELD_NONE)
    r->delta.at = s->event.sse.data.at + s->delta_at;
  for (i = 0; i < r->varying; i++)
    r->varying_field[i].at = s->event.sse.data.at + s->varying_at[i];
}

/* An event that repeats the last one but for its text needs no reading. */
static void read_event(xai_EventReader *s) {
  const xai_SseEvent *ev = &s->event.sse;
  xai_EventInfo *r = &s->event.info;
  if (xai_event_template_match(&s->template, ev->name, ev->data, r)) return;
  xai_event_schema_read(&s->schema, ev->name, ev->data, r);
  if (r->turns) xai_event_template_forget(&s->template);
  if (r->field != XAI_FIELD_NONE)
    xai_event_template_learn(&s->template, ev->name, ev->data, r);
}

static xai_ReadState shown(const xai_EventReader *s) {
  return s->event.info.meaning == XAI_MEANS_ERROR ? XAI_READ_ERROR
                                                  : XAI_READ_EVENT;
}

/* A ping says nothing of the answer.  Before the first event it is dropped, so
** that the stream may still begin anew. */
static int is_ping(const xai_SseEvent *ev) {
  return xai_event_schema_is_ping(ev->name, ev->data);
}

xai_ReadState xai_event_reader_peek(xai_EventReader *s, xai_Sse *in, int over,
                                    int clean) {
  int rc;
  if (s->full) return XAI_READ_FAILED;
  if (s->have) {
    refresh(s, in);
    return shown(s);
  }
  for (;;) {
    if (s->schema.ended) return XAI_READ_END;
    rc = find_event(s, in, over, clean);
    if (rc < 0) return fail_rc(s, rc);
    if (rc == 0) return at_end(s, over, clean);
    if (s->raw) {
      memset(&s->event.info, 0, sizeof s->event.info);
      break;
    }
    read_event(s);
    if ((s->begun || !is_ping(&s->event.sse)) &&
        s->event.info.meaning != XAI_MEANS_NOTHING &&
        s->event.info.meaning != XAI_MEANS_DONE)
      break;
    xai_sse_pop(in);
  }
  note_places(s);
  s->have = 1;
  if (shown(s) == XAI_READ_EVENT) s->begun = 1;
  return shown(s);
}

/* What an event that was not read yet means. */
static xai_ReadState meaning_of(const xai_EventReader *s,
                                const xai_SseEvent *ev) {
  xai_EventSchema copy = s->schema;
  xai_EventInfo r;
  if (s->raw) return XAI_READ_EVENT;
  xai_event_schema_read(&copy, ev->name, ev->data, &r);
  switch (r.meaning) {
    case XAI_MEANS_NOTHING: return XAI_READ_WAIT;
    case XAI_MEANS_DONE: return XAI_READ_END;
    case XAI_MEANS_ERROR: return XAI_READ_ERROR;
    default: return XAI_READ_EVENT;
  }
}

xai_ReadState xai_event_reader_preview(const xai_EventReader *s, xai_Sse *in,
                                       int ended, xai_Slice *data) {
  xai_SseEvent ev = s->event.sse;
  xai_ReadState state;
  if (s->schema.ended) return XAI_READ_END;
  if (s->full) return XAI_READ_FAILED;
  if (s->have) return XAI_READ_EVENT;
  for (;;) {
    int rc = xai_sse_peek(in, &ev);
    int whole = rc != 0;
    if (rc == 0 && ended && !s->raw) rc = last_event(in, &ev);
    if (rc < 0) return XAI_READ_FAILED;
    if (rc == 0) return XAI_READ_WAIT;
    state = is_ping(&ev) && !s->raw ? XAI_READ_WAIT : meaning_of(s, &ev);
    *data = ev.data;
    if (state != XAI_READ_WAIT || !whole) return state;
    xai_sse_pop(in);
  }
}

int xai_event_reader_consume(xai_EventReader *s, xai_Sse *in) {
  int rc = XAI_OK;
  if (!s->have) return XAI_OK;
  refresh(s, in);
  if (!s->raw && s->event.info.meaning != XAI_MEANS_ERROR)
    rc = xai_event_log_add(&s->log, &s->event.info, s->event.sse.name,
                           s->event.sse.data);
  if (rc == XAI_ELIMIT) {
    fail(s, XAI_CAUSE_STREAM_TOO_LONG);
    s->full = 1;
  }
  if (rc != XAI_OK) return rc;
  s->have = 0;
  s->taken++;
  xai_sse_pop(in);
  return XAI_OK;
}

void xai_event_reader_conclude(xai_EventReader *s) {
  const xai_SseEvent *ev = &s->event.sse;
  if (s->have && s->event.info.concludes)
    xai_event_log_add(&s->log, &s->event.info, ev->name, ev->data);
}
