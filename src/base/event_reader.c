/*
** event_reader.c - reading one event stream: parser, dialect and journal together.
*/
#include "base/event_reader.h"

#include <string.h>

#include "base/json_scan.h"

void xai_stream_init(xai_Stream *s, xai_Api api, int raw, size_t max) {
  memset(s, 0, sizeof *s);
  xai_dialect_init(&s->dialect, api);
  xai_journal_init(&s->journal, max);
  xai_pattern_init(&s->pattern);
  s->raw = raw;
}

void xai_stream_free(xai_Stream *s) {
  xai_journal_free(&s->journal);
  xai_pattern_free(&s->pattern);
}

void xai_stream_rest(xai_Stream *s) {
  xai_pattern_forget(&s->pattern);
  xai_pattern_free(&s->pattern);
  memset(&s->event, 0, sizeof s->event);
  s->have = s->last = 0;
}

void xai_stream_restart(xai_Stream *s) {
  long want = s->dialect.want;
  xai_dialect_init(&s->dialect, s->dialect.api);
  s->dialect.want = want;
  xai_pattern_forget(&s->pattern);
  s->have = s->last = s->full = 0;
  memset(&s->fault, 0, sizeof s->fault);
}

void xai_stream_want(xai_Stream *s, long choice) {
  if (s->dialect.want != choice) xai_pattern_forget(&s->pattern);
  s->dialect.want = choice;
}

static xai_StreamState fail(xai_Stream *s, xai_Kind kind, const char *text) {
  xai_fault_set(&s->fault, kind, XAI_PHASE_STREAM, text);
  return XAI_STREAM_FAULT;
}

static xai_StreamState fail_rc(xai_Stream *s, int rc) {
  if (rc == XAI_ELIMIT)
    return fail(s, XAI_KIND_LIMIT, "an event exceeds max_event");
  return fail(s, XAI_KIND_MEMORY, "not enough memory");
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

static int find_event(xai_Stream *s, xai_Sse *in, int over, int clean) {
  int rc = xai_sse_peek(in, &s->event.sse);
  if (rc == 0 && over && clean && !s->raw && !s->last) {
    rc = last_event(in, &s->event.sse);
    s->last = rc >= 0;
  }
  return rc;
}

static xai_StreamState at_end(xai_Stream *s, int over, int clean) {
  if (s->dialect.ended) return XAI_STREAM_END;
  if (!over) return XAI_STREAM_WAIT;
  if (s->raw ? clean : xai_dialect_complete(&s->dialect, clean))
    return XAI_STREAM_END;
  return fail(s, XAI_KIND_TRUNCATED, "the stream ended without its end marker");
}

/* Remember where in the data the parts of the reading are. */
static void note_places(xai_Stream *s) {
  const xai_Reading *r = &s->event.reading;
  const char *data = s->event.sse.data.at;
  int i;
  if (r->has_text) s->text_at = (size_t)(r->text.at - data);
  if (r->field != XAI_FIELD_NONE) s->piece_at = (size_t)(r->piece.at - data);
  for (i = 0; i < r->stamps; i++)
    s->stamp_at[i] = (size_t)(r->stamp[i].at - data);
}

/* Bytes that came since may have moved the event: find its parts again. */
static void refresh(xai_Stream *s, xai_Sse *in) {
  xai_Reading *r = &s->event.reading;
  int i;
  if (s->last) return; /* nothing comes any more */
  xai_sse_peek(in, &s->event.sse);
  if (r->has_text) r->text.at = s->event.sse.data.at + s->text_at;
  if (r->field != XAI_FIELD_NONE)
    r->piece.at = s->event.sse.data.at + s->piece_at;
  for (i = 0; i < r->stamps; i++)
    r->stamp[i].at = s->event.sse.data.at + s->stamp_at[i];
}

/* An event that repeats the last one but for its text needs no reading. */
static void read_event(xai_Stream *s) {
  const xai_SseEvent *ev = &s->event.sse;
  xai_Reading *r = &s->event.reading;
  if (xai_pattern_match(&s->pattern, ev->name, ev->data, r)) return;
  xai_dialect_read(&s->dialect, ev->name, ev->data, r);
  if (r->turns) xai_pattern_forget(&s->pattern);
  if (r->field != XAI_FIELD_NONE)
    xai_pattern_learn(&s->pattern, ev->name, ev->data, r);
}

static xai_StreamState shown(const xai_Stream *s) {
  return s->event.reading.meaning == XAI_MEANS_ERROR ? XAI_STREAM_ERROR
                                                     : XAI_STREAM_EVENT;
}

/* A ping says nothing of the answer.  Before the first event it is dropped, so
** that the stream may still begin anew. */
static int is_ping(const xai_SseEvent *ev) {
  return xai_dialect_is_ping(ev->name, ev->data);
}

xai_StreamState xai_stream_peek(xai_Stream *s, xai_Sse *in, int over,
                                int clean) {
  int rc;
  if (s->full) return XAI_STREAM_FAULT;
  if (s->have) {
    refresh(s, in);
    return shown(s);
  }
  for (;;) {
    if (s->dialect.ended) return XAI_STREAM_END;
    rc = find_event(s, in, over, clean);
    if (rc < 0) return fail_rc(s, rc);
    if (rc == 0) return at_end(s, over, clean);
    if (s->raw) {
      memset(&s->event.reading, 0, sizeof s->event.reading);
      break;
    }
    read_event(s);
    if ((s->begun || !is_ping(&s->event.sse)) &&
        s->event.reading.meaning != XAI_MEANS_NOTHING &&
        s->event.reading.meaning != XAI_MEANS_DONE)
      break;
    xai_sse_pop(in);
  }
  note_places(s);
  s->have = 1;
  if (shown(s) == XAI_STREAM_EVENT) s->begun = 1;
  return shown(s);
}

/* What an event that was not read yet means. */
static xai_StreamState meaning_of(const xai_Stream *s, const xai_SseEvent *ev) {
  xai_Dialect copy = s->dialect;
  xai_Reading r;
  if (s->raw) return XAI_STREAM_EVENT;
  xai_dialect_read(&copy, ev->name, ev->data, &r);
  switch (r.meaning) {
    case XAI_MEANS_NOTHING: return XAI_STREAM_WAIT;
    case XAI_MEANS_DONE: return XAI_STREAM_END;
    case XAI_MEANS_ERROR: return XAI_STREAM_ERROR;
    default: return XAI_STREAM_EVENT;
  }
}

xai_StreamState xai_stream_glance(const xai_Stream *s, xai_Sse *in, int ended,
                                  xai_Slice *data) {
  xai_SseEvent ev = s->event.sse;
  xai_StreamState state;
  if (s->dialect.ended) return XAI_STREAM_END;
  if (s->full) return XAI_STREAM_FAULT;
  if (s->have) return XAI_STREAM_EVENT;
  for (;;) {
    int rc = xai_sse_peek(in, &ev);
    int whole = rc != 0;
    if (rc == 0 && ended && !s->raw) rc = last_event(in, &ev);
    if (rc < 0) return XAI_STREAM_FAULT;
    if (rc == 0) return XAI_STREAM_WAIT;
    state = is_ping(&ev) && !s->raw ? XAI_STREAM_WAIT : meaning_of(s, &ev);
    *data = ev.data;
    if (state != XAI_STREAM_WAIT || !whole) return state;
    xai_sse_pop(in);
  }
}

int xai_stream_take(xai_Stream *s, xai_Sse *in) {
  int rc = XAI_OK;
  if (!s->have) return XAI_OK;
  refresh(s, in);
  if (!s->raw && s->event.reading.meaning != XAI_MEANS_ERROR)
    rc = xai_journal_add(&s->journal, &s->event.reading, s->event.sse.name,
                         s->event.sse.data);
  if (rc == XAI_ELIMIT) {
    fail(s, XAI_KIND_LIMIT, "the stream exceeds max_body");
    s->full = 1;
  }
  if (rc != XAI_OK) return rc;
  s->have = 0;
  s->taken++;
  xai_sse_pop(in);
  return XAI_OK;
}

void xai_stream_conclude(xai_Stream *s) {
  const xai_SseEvent *ev = &s->event.sse;
  if (s->have && s->event.reading.concludes)
    xai_journal_add(&s->journal, &s->event.reading, ev->name, ev->data);
}
