/*
** event_reader_fuzz.c - however the bytes arrive, the stream says the same.
*/
#include "base/event_reader.h"

#include <stdio.h>

#include "fuzz.h"

typedef struct Reader {
  xai_EventReader stream;
  xai_EventSchema schema; /* reads each event in full */
  xai_Sse sse;
  xai_Buffer log;
} Reader;

static int same_slice(xai_Slice a, xai_Slice b) {
  return a.at == b.at && a.len == b.len;
}

/* The varying fields that differ are some of all varying fields. */
static void require_varying(const xai_EventInfo *is,
                            const xai_EventInfo *full) {
  int i, k;
  for (i = 0; i < is->varying; i++) {
    for (k = 0; k < full->varying &&
                !same_slice(is->varying_field[i], full->varying_field[k]);)
      k++;
    require(k < full->varying);
  }
}

/* The part of a simple chunk is what its reading says. */
static void check_chunk(const Reader *r, const xai_EventInfo *full) {
  xai_ChunkPart part;
  if (!xai_event_schema_chunk_part(&r->schema, r->stream.event.sse.data,
                                   &part) ||
      full->field == XAI_FIELD_NONE)
    return;
  require(part.field == full->field && part.index == full->a);
  require(same_slice(part.text, full->delta) && part.reason.len == 0);
}

/* A reading is the same whether the event repeats another or not. */
static void check_reading(Reader *r) {
  const xai_Event *e = &r->stream.event;
  const xai_EventInfo *is = &e->info;
  xai_EventInfo full;
  if (r->stream.raw) return;
  xai_event_schema_read(&r->schema, e->sse.name, e->sse.data, &full);
  require(full.meaning == is->meaning && full.field == is->field);
  require(full.has_text == is->has_text && full.a == is->a && full.b == is->b);
  require(full.parts == is->parts);
  if (full.has_text) require(same_slice(full.text, is->text));
  if (full.field != XAI_FIELD_NONE) require(same_slice(full.delta, is->delta));
  require_varying(is, &full);
  check_chunk(r, &full);
}

static void log_slice(Reader *r, xai_Slice s) {
  xai_buffer_append(&r->log, s.at, s.len);
  xai_buffer_puts(&r->log, "|");
}

static void log_event(Reader *r) {
  const xai_Event *e = &r->stream.event;
  unsigned surrogate = 0;
  char text[96];
  snprintf(text, sizeof text, "%d %d %u %u|", (int)e->info.meaning,
           (int)e->info.field, (unsigned)e->info.a, (unsigned)e->info.b);
  xai_buffer_puts(&r->log, text);
  log_slice(r, e->sse.name);
  log_slice(r, e->sse.data);
  log_slice(r, e->sse.id);
  if (e->info.has_text)
    require(xai_event_schema_text(&e->info, &surrogate, &r->log) == XAI_OK);
  if (e->info.field != XAI_FIELD_NONE) log_slice(r, e->info.delta);
}

static xai_ReadState read_on(Reader *r, int over, int clean) {
  xai_ReadState state;
  for (;;) {
    state = xai_event_reader_peek(&r->stream, &r->sse, over, clean);
    require(xai_event_reader_peek(&r->stream, &r->sse, over, clean) == state);
    if (state != XAI_READ_EVENT) return state;
    check_reading(r);
    log_event(r);
    require(xai_event_reader_consume(&r->stream, &r->sse) == XAI_OK);
  }
}

/* The end of the transfer, and all that the log holds. */
static void finish(Reader *r, int clean) {
  xai_ReadState state = read_on(r, 1, clean);
  xai_LogEntry e;
  size_t at = 0;
  char text[96];
  require(state != XAI_READ_WAIT);
  if (state == XAI_READ_ERROR) log_event(r);
  snprintf(text, sizeof text, "state %d kind %d\n", (int)state,
           (int)r->stream.cause);
  xai_buffer_puts(&r->log, text);
  while (xai_event_log_read(&r->stream.log, &at, &e)) {
    snprintf(text, sizeof text, "%d %u %u ", (int)e.field, (unsigned)e.a,
             (unsigned)e.b);
    xai_buffer_puts(&r->log, text);
    log_slice(r, e.text);
  }
}

static void open_reader(Reader *r, xai_Api api, int raw, long want,
                        size_t max) {
  xai_event_reader_init(&r->stream, api, raw, 0);
  xai_event_reader_want(&r->stream, want);
  xai_event_schema_init(&r->schema, api);
  r->schema.want = want;
  xai_sse_init(&r->sse, max);
  xai_buffer_init(&r->log, 0);
}

static void close_reader(Reader *r) {
  xai_event_reader_free(&r->stream);
  xai_sse_free(&r->sse);
  xai_buffer_free(&r->log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  Reader whole, cut;
  size_t at, len, max, most;
  xai_Api api;
  long want;
  int raw, clean;
  input_open(&in, data, n);
  api = (xai_Api)(XAI_API_CHAT + input_number(&in, 6));
  raw = input_number(&in, 8) == 0;
  clean = input_number(&in, 2) == 0;
  want = (long)input_number(&in, 2);
  max = input_number(&in, 8) == 0 ? input_number(&in, 300) : n;
  most = 1 + input_number(&in, input_number(&in, 2) == 0 ? n + 1 : 8);

  open_reader(&whole, api, raw, want, max);
  require(xai_sse_feed(&whole.sse, in.at, in.len) == XAI_OK);
  finish(&whole, clean);

  open_reader(&cut, api, raw, want, max);
  for (at = 0; at < in.len; at += len) {
    len = 1 + input_number(&in, most);
    if (len > in.len - at) len = in.len - at;
    require(xai_sse_feed(&cut.sse, in.at + at, len) == XAI_OK);
    if (input_number(&in, 4) == 0) xai_sse_peek(&cut.sse, NULL);
    if (input_number(&in, 4) == 0)
      xai_event_reader_peek(&cut.stream, &cut.sse, 0, 0);
    if (input_number(&in, 2) == 0) read_on(&cut, 0, 0);
  }
  finish(&cut, clean);

  require(same_bytes(&whole.log, &cut.log));
  close_reader(&whole);
  close_reader(&cut);
  return 0;
}
