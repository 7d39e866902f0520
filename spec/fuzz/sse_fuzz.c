/*
** sse_fuzz.c - however the bytes arrive, the events are the same.
*/
#include "base/sse.h"

#include "fuzz.h"

static void log_event(xai_Buffer *log, const xai_SseEvent *ev) {
  xai_buffer_append(log, ev->name.at, ev->name.len);
  xai_buffer_puts(log, "|");
  xai_buffer_append(log, ev->data.at, ev->data.len);
  xai_buffer_puts(log, "|");
  xai_buffer_append(log, ev->id.at, ev->id.len);
  xai_buffer_puts(log, "\n");
}

static int drain(xai_Sse *p, xai_Buffer *log) {
  xai_SseEvent ev;
  int rc;
  while ((rc = xai_sse_peek(p, &ev)) == 1) {
    log_event(log, &ev);
    xai_sse_pop(p);
  }
  return rc;
}

/* The events, how reading ended, and the event that is pending. */
static void finish(xai_Sse *p, xai_Buffer *log) {
  xai_SseEvent ev;
  int rc = drain(p, log);
  xai_buffer_puts(log, rc == XAI_ELIMIT ? "limit" : "end");
  if (rc == 0) {
    rc = xai_sse_pending(p, &ev);
    xai_buffer_puts(log, rc == XAI_ELIMIT ? "limit" : "pending");
    if (rc == 1) log_event(log, &ev);
  }
  xai_sse_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  xai_Sse p;
  xai_Buffer whole, cut;
  size_t at, len, most, max;
  input_open(&in, data, n);
  max = input_number(&in, 4) == 0 ? input_number(&in, 64) : n;
  most = 1 + input_number(&in, input_number(&in, 3) == 0 ? n + 1 : 8);
  xai_buffer_init(&whole, 0);
  xai_buffer_init(&cut, 0);

  xai_sse_init(&p, max);
  require(xai_sse_feed(&p, in.at, in.len) == XAI_OK);
  finish(&p, &whole);

  xai_sse_init(&p, max);
  for (at = 0; at < in.len; at += len) {
    len = 1 + input_number(&in, most);
    if (len > in.len - at) len = in.len - at;
    require(xai_sse_feed(&p, in.at + at, len) == XAI_OK);
    if (input_number(&in, 4) == 0) xai_sse_peek(&p, NULL);
    if (input_number(&in, 2) == 0) drain(&p, &cut);
  }
  finish(&p, &cut);

  require(same_bytes(&whole, &cut));
  xai_buffer_free(&whole);
  xai_buffer_free(&cut);
  return 0;
}
