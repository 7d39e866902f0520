/*
** event_reader.c - reading one event stream: from the SSE parser to events and
** the log.
*/
#include "base/event_reader.h"

#include <string.h>

#include "base/json_scan.h"

void xai_event_reader_init(xai_EventReader *reader, xai_Api api, int raw,
                           size_t max) {
  memset(reader, 0, sizeof *reader);
  xai_event_schema_init(&reader->schema, api);
  xai_event_log_init(&reader->log, max);
  xai_buffer_init(&reader->held, 0);
  xai_event_template_init(&reader->template);
  reader->raw = raw;
}

void xai_event_reader_free(xai_EventReader *reader) {
  xai_buffer_free(&reader->held);
  xai_event_log_free(&reader->log);
  xai_event_template_free(&reader->template);
}

void xai_event_reader_rest(xai_EventReader *reader) {
  xai_event_template_forget(&reader->template);
  xai_event_template_free(&reader->template);
  memset(&reader->event, 0, sizeof reader->event);
  reader->have = reader->last = 0;
}

void xai_event_reader_restart(xai_EventReader *reader) {
  long want = reader->schema.want;
  xai_event_schema_init(&reader->schema, reader->schema.api);
  reader->schema.want = want;
  xai_event_template_forget(&reader->template);
  reader->have = reader->last = reader->full = 0;
  xai_buffer_free(&reader->held);
  reader->cause = XAI_CAUSE_NONE;
}

void xai_event_reader_want(xai_EventReader *reader, long choice) {
  if (reader->schema.want != choice)
    xai_event_template_forget(&reader->template);
  reader->schema.want = choice;
}

static xai_ReadState fail(xai_EventReader *reader, xai_Cause cause) {
  if (reader->cause == XAI_CAUSE_NONE) reader->cause = cause;
  return XAI_READ_FAILED;
}

static xai_ReadState fail_rc(xai_EventReader *reader, int rc) {
  return fail(reader, rc == XAI_ELIMIT ? XAI_CAUSE_STREAM_EVENT_TOO_LONG
                                       : XAI_CAUSE_STREAM_MEMORY);
}

/*
** The last event if no blank line follows it.  The standard drops such an
** event, but gateways send it.  So it counts if it is "[DONE]" or a whole JSON
** value.
*/
static int last_event(xai_Sse *in, xai_SseEvent *ev) {
  xai_Slice word;
  int rc = xai_sse_pending(in, ev);
  if (rc != 1) return rc;
  word = xai_slice_trim(ev->data);
  return xai_slice_is(word, "[DONE]") ||
         xai_json_check(word.at, word.len) == XAI_JSON_RIGHT;
}

static int find_event(xai_EventReader *reader, xai_Sse *in, int over,
                      int clean) {
  int rc = xai_sse_peek(in, &reader->event.sse);
  if (rc == 0 && over && clean && !reader->raw && !reader->last) {
    rc = last_event(in, &reader->event.sse);
    reader->last = rc >= 0;
  }
  return rc;
}

static xai_ReadState at_end(xai_EventReader *reader, int over, int clean) {
  if (reader->schema.ended) return XAI_READ_END;
  if (!over) return XAI_READ_WAIT;
  if (reader->raw ? clean : xai_event_schema_complete(&reader->schema, clean))
    return XAI_READ_END;
  return fail(reader, XAI_CAUSE_STREAM_CUT);
}

/* Notes the offsets of the slices of 'info' in the data. */
static void note_places(xai_EventReader *reader) {
  const xai_EventInfo *info = &reader->event.info;
  const char *data = reader->event.sse.data.at;
  int i;
  if (info->has_text) reader->text_at = (size_t)(info->text.at - data);
  if (info->field != XAI_FIELD_NONE)
    reader->delta_at = (size_t)(info->delta.at - data);
  for (i = 0; i < info->varying; i++)
    reader->varying_at[i] = (size_t)(info->varying_field[i].at - data);
}

/* Bytes that were fed since may have moved the event: sets its slices again. */
static void refresh(xai_EventReader *reader, xai_Sse *in) {
  xai_EventInfo *info = &reader->event.info;
  int i;
  if (reader->last) return; /* no byte follows */
  xai_sse_peek(in, &reader->event.sse);
  if (info->has_text)
    info->text.at = reader->event.sse.data.at + reader->text_at;
  if (info->field != XAI_FIELD_NONE)
    info->delta.at = reader->event.sse.data.at + reader->delta_at;
  for (i = 0; i < info->varying; i++)
    info->varying_field[i].at =
        reader->event.sse.data.at + reader->varying_at[i];
}

/* Reads the event, unless it matches the template. */
static void read_event(xai_EventReader *reader) {
  const xai_SseEvent *ev = &reader->event.sse;
  xai_EventInfo *info = &reader->event.info;
  if (xai_event_template_match(&reader->template, ev->name, ev->data, info))
    return;
  xai_event_schema_read(&reader->schema, ev->name, ev->data, info);
  if (info->new_state) xai_event_template_forget(&reader->template);
  if (info->field != XAI_FIELD_NONE)
    xai_event_template_learn(&reader->template, ev->name, ev->data, info);
}

static xai_ReadState shown(const xai_EventReader *reader) {
  return reader->event.info.meaning == XAI_MEANS_ERROR ? XAI_READ_ERROR
                                                       : XAI_READ_EVENT;
}

/* A ping says nothing about the answer.  Before the first event it is dropped,
** so that another attempt may still follow. */
static int is_ping(const xai_SseEvent *ev) {
  return xai_event_schema_is_ping(ev->name, ev->data);
}

/* 1 if the caller gets the event. */
static int is_for_caller(const xai_EventReader *reader) {
  xai_Meaning meaning = reader->event.info.meaning;
  if (!reader->begun && is_ping(&reader->event.sse)) return 0;
  return meaning != XAI_MEANS_NOTHING && meaning != XAI_MEANS_DONE;
}

/* -------------------------------------------- events that open the answer */

/* So many bytes of them are held at most: they may repeat the request. */
#define MAX_HELD ((size_t)1 << 20)

/* 1 if a chunk of chat has neither text nor an end. */
static int is_empty_chunk(const xai_EventSchema *schema, xai_Slice data) {
  xai_ChunkPart part;
  return (schema->api == XAI_API_CHAT || schema->api == XAI_API_COMPLETIONS) &&
         xai_event_schema_chunk_part(schema, data, &part) &&
         part.text.len == 0 && part.reason.len == 0;
}

/* 1 if the event says only that the answer begins.  The schema stays as it is:
** the event may be read again. */
static int opens_answer(const xai_EventReader *reader, const xai_SseEvent *ev) {
  xai_EventSchema copy = reader->schema;
  xai_EventInfo info;
  xai_event_schema_read(&copy, ev->name, ev->data, &info);
  return info.meaning == XAI_MEANS_NOTHING || info.opens ||
         (info.meaning == XAI_MEANS_DATA && is_empty_chunk(&copy, ev->data));
}

int xai_event_reader_hold(xai_EventReader *reader, xai_Sse *in) {
  xai_SseEvent ev;
  int rc = 1;
  while (reader->holds && !reader->have &&
         xai_buffer_size(&reader->held) < MAX_HELD) {
    rc = xai_sse_peek(in, &ev);
    if (rc != 1 || !opens_answer(reader, &ev)) break;
    rc = xai_sse_write(&ev, &reader->held);
    if (rc != XAI_OK) return rc;
    reader->schema.events = 1;
    xai_sse_pop(in);
  }
  return rc < 0 ? rc : XAI_OK;
}

int xai_event_reader_let_go(xai_EventReader *reader, xai_Sse *in) {
  int rc = xai_sse_put_back(in, xai_buffer_slice(&reader->held));
  if (rc != XAI_OK) return rc;
  reader->holds = 0;
  if (xai_buffer_size(&reader->held) > 0) xai_event_reader_restart(reader);
  return XAI_OK;
}

/* Must the reader wait with what it holds?  1; 0: a failure follows, or nothing
** is held any more; or an error. */
static int keeps_holding(xai_EventReader *reader, xai_Sse *in, int over) {
  xai_Slice data;
  xai_ReadState state;
  int rc = xai_event_reader_hold(reader, in);
  if (rc != XAI_OK) return rc;
  state = xai_event_reader_preview(reader, in, over, &data);
  if (state == XAI_READ_ERROR) return 0;
  if (state == XAI_READ_WAIT && !over &&
      xai_buffer_size(&reader->held) < MAX_HELD)
    return 1;
  return xai_event_reader_let_go(reader, in);
}

/* Finds the next event for the caller.  1: it is there; otherwise '*state' says
** what the peek returns. */
static int next_event(xai_EventReader *reader, xai_Sse *in, int over, int clean,
                      xai_ReadState *state) {
  for (;; xai_sse_pop(in)) {
    int rc = reader->schema.ended ? 0 : find_event(reader, in, over, clean);
    if (rc < 0) *state = fail_rc(reader, rc);
    if (rc == 0) *state = at_end(reader, over, clean);
    if (rc <= 0) return 0;
    if (!reader->raw) {
      read_event(reader);
      if (!is_for_caller(reader)) continue;
    } else {
      memset(&reader->event.info, 0, sizeof reader->event.info);
    }
    return 1;
  }
}

xai_ReadState xai_event_reader_peek(xai_EventReader *reader, xai_Sse *in,
                                    int over, int clean) {
  xai_ReadState state;
  if (reader->full) return XAI_READ_FAILED;
  if (reader->have) {
    refresh(reader, in);
    return shown(reader);
  }
  if (reader->holds) {
    int rc = keeps_holding(reader, in, over);
    if (rc < 0) return fail_rc(reader, rc);
    if (rc > 0) return XAI_READ_WAIT;
  }
  if (!next_event(reader, in, over, clean, &state)) return state;
  note_places(reader);
  reader->have = 1;
  if (shown(reader) == XAI_READ_EVENT) reader->begun = 1;
  return shown(reader);
}

/* What a peek would return for an event that was not read yet. */
static xai_ReadState meaning_of(const xai_EventReader *reader,
                                const xai_SseEvent *ev) {
  xai_EventSchema copy = reader->schema;
  xai_EventInfo info;
  if (reader->raw) return XAI_READ_EVENT;
  xai_event_schema_read(&copy, ev->name, ev->data, &info);
  switch (info.meaning) {
    case XAI_MEANS_NOTHING: return XAI_READ_WAIT;
    case XAI_MEANS_DONE: return XAI_READ_END;
    case XAI_MEANS_ERROR: return XAI_READ_ERROR;
    default: return XAI_READ_EVENT;
  }
}

xai_ReadState xai_event_reader_preview(const xai_EventReader *reader,
                                       xai_Sse *in, int ended,
                                       xai_Slice *data) {
  xai_SseEvent ev = reader->event.sse;
  xai_ReadState state;
  if (reader->schema.ended) return XAI_READ_END;
  if (reader->full) return XAI_READ_FAILED;
  if (reader->have) return XAI_READ_EVENT;
  for (;;) {
    int rc = xai_sse_peek(in, &ev);
    int whole = rc != 0;
    if (rc == 0 && ended && !reader->raw) rc = last_event(in, &ev);
    if (rc < 0) return XAI_READ_FAILED;
    if (rc == 0) return XAI_READ_WAIT;
    state =
        is_ping(&ev) && !reader->raw ? XAI_READ_WAIT : meaning_of(reader, &ev);
    *data = ev.data;
    if (state != XAI_READ_WAIT || !whole) return state;
    xai_sse_pop(in);
  }
}

int xai_event_reader_consume(xai_EventReader *reader, xai_Sse *in) {
  int rc = XAI_OK;
  if (!reader->have) return XAI_OK;
  refresh(reader, in);
  if (!reader->raw && reader->event.info.meaning != XAI_MEANS_ERROR)
    rc = xai_event_log_add(&reader->log, &reader->event.info,
                           reader->event.sse.name, reader->event.sse.data);
  if (rc == XAI_ELIMIT) {
    fail(reader, XAI_CAUSE_STREAM_TOO_LONG);
    reader->full = 1;
  }
  if (rc != XAI_OK) return rc;
  reader->have = 0;
  reader->consumed++;
  xai_sse_pop(in);
  return XAI_OK;
}

void xai_event_reader_conclude(xai_EventReader *reader) {
  const xai_SseEvent *ev = &reader->event.sse;
  if (reader->have && reader->event.info.has_answer)
    xai_event_log_add(&reader->log, &reader->event.info, ev->name, ev->data);
}
