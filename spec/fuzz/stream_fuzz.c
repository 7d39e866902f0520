/*
** stream_fuzz.c - however the bytes arrive, the stream says the same.
*/
#include "base/event_reader.h"

#include <stdio.h>

#include "fuzz.h"

typedef struct Reader {
  xai_Stream stream;
  xai_Dialect dialect; /* reads each event in full */
  xai_Sse sse;
  xai_Buffer log;
} Reader;

static int same_slice(xai_Slice a, xai_Slice b) {
  return a.at == b.at && a.len == b.len;
}

/* The stamps that differ from event to event are some of all. */
static void require_stamps(const xai_Reading *is, const xai_Reading *full) {
  int i, k;
  for (i = 0; i < is->stamps; i++) {
    for (k = 0; k < full->stamps && !same_slice(is->stamp[i], full->stamp[k]);)
      k++;
    require(k < full->stamps);
  }
}

/* A reading is the same whether the event repeats another or not. */
static void check_reading(Reader *r) {
  const xai_Event *e = &r->stream.event;
  const xai_Reading *is = &e->reading;
  xai_Reading full;
  if (r->stream.raw) return;
  xai_dialect_read(&r->dialect, e->sse.name, e->sse.data, &full);
  require(full.meaning == is->meaning && full.field == is->field);
  require(full.has_text == is->has_text && full.a == is->a && full.b == is->b);
  require(full.parts == is->parts);
  if (full.has_text) require(same_slice(full.text, is->text));
  if (full.field != XAI_FIELD_NONE) require(same_slice(full.piece, is->piece));
  require_stamps(is, &full);
}

static void log_slice(Reader *r, xai_Slice s) {
  xai_buffer_append(&r->log, s.at, s.len);
  xai_buffer_puts(&r->log, "|");
}

static void log_event(Reader *r) {
  const xai_Event *e = &r->stream.event;
  unsigned half = 0;
  char text[96];
  snprintf(text, sizeof text, "%d %d %u %u|", (int)e->reading.meaning,
           (int)e->reading.field, (unsigned)e->reading.a,
           (unsigned)e->reading.b);
  xai_buffer_puts(&r->log, text);
  log_slice(r, e->sse.name);
  log_slice(r, e->sse.data);
  log_slice(r, e->sse.id);
  if (e->reading.has_text)
    require(xai_dialect_text(&e->reading, &half, &r->log) == XAI_OK);
  if (e->reading.field != XAI_FIELD_NONE) log_slice(r, e->reading.piece);
}

static xai_StreamState read_on(Reader *r, int over, int clean) {
  xai_StreamState state;
  for (;;) {
    state = xai_stream_peek(&r->stream, &r->sse, over, clean);
    require(xai_stream_peek(&r->stream, &r->sse, over, clean) == state);
    if (state != XAI_STREAM_EVENT) return state;
    check_reading(r);
    log_event(r);
    require(xai_stream_take(&r->stream, &r->sse) == XAI_OK);
  }
}

/* The end of the transfer, and all that the journal remembers. */
static void finish(Reader *r, int clean) {
  xai_StreamState state = read_on(r, 1, clean);
  xai_Entry e;
  size_t at = 0;
  char text[96];
  require(state != XAI_STREAM_WAIT);
  if (state == XAI_STREAM_ERROR) log_event(r);
  snprintf(text, sizeof text, "state %d kind %d\n", (int)state,
           (int)r->stream.fault.kind);
  xai_buffer_puts(&r->log, text);
  while (xai_journal_read(&r->stream.journal, &at, &e)) {
    snprintf(text, sizeof text, "%d %u %u ", (int)e.field, (unsigned)e.a,
             (unsigned)e.b);
    xai_buffer_puts(&r->log, text);
    log_slice(r, e.text);
  }
}

static void open_reader(Reader *r, xai_Api api, int raw, long want,
                        size_t max) {
  xai_stream_init(&r->stream, api, raw, 0);
  xai_stream_want(&r->stream, want);
  xai_dialect_init(&r->dialect, api);
  r->dialect.want = want;
  xai_sse_init(&r->sse, max);
  xai_buffer_init(&r->log, 0);
}

static void close_reader(Reader *r) {
  xai_stream_free(&r->stream);
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
    if (input_number(&in, 4) == 0) xai_stream_peek(&cut.stream, &cut.sse, 0, 0);
    if (input_number(&in, 2) == 0) read_on(&cut, 0, 0);
  }
  finish(&cut, clean);

  require(same_bytes(&whole.log, &cut.log));
  close_reader(&whole);
  close_reader(&cut);
  return 0;
}
