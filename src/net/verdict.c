/*
** verdict.c - what an attempt brought, and whether to make another one.
*/
#include "net/verdict.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/retry.h"
#include "base/platform.h"
#include "base/error_body.h"
#include "base/http_head.h"
#include "base/text.h"

/* --------------------------------------------------------------- outcome */

/* Does a success report an error instead? */
static int is_error_answer(const xai_Call *c) {
  xai_Slice body;
  body.at = xai_buffer_data(&c->transfer.body);
  body.len = xai_buffer_size(&c->transfer.body);
  return xai_error_body_in_answer(body, c->free_form);
}

/* Where does the host of an address begin, behind its scheme? */
static size_t host_at(xai_Slice to) {
  size_t i = 0;
  while (i < to.len && strchr("/?#", to.at[i]) == NULL && to.at[i] != ':') i++;
  if (i < to.len && to.at[i] == ':') i++;
  return i + 2 <= to.len && memcmp(to.at + i, "//", 2) == 0 ? i + 2 : 0;
}

/* Up to the first of these bytes. */
static size_t until(xai_Slice s, size_t from, const char *ends) {
  while (from < s.len &&
         (s.at[from] == '\0' || strchr(ends, s.at[from]) == NULL))
    from++;
  return from;
}

/* An address as it may be shown: without a password and a query. */
static void show_address(xai_Slice to, char *out, size_t size) {
  size_t host = host_at(to), path, at, i, end = until(to, 0, "?#");
  path = host > 0 ? until(to, host, "/\\?#") : 0;
  for (at = i = host; i < path; i++)
    if (to.at[i] == '@') at = i + 1;
  end = end > at ? end : at;
  snprintf(out, size, "%.*s%.*s", (int)(host < 32 ? host : 32), to.at,
           (int)(end - at < 200 ? end - at : 200), to.at + at);
}

/* The body of such an answer says nothing that helps: often "Moved". */
static void set_redirect(xai_Call *c) {
  char address[256], text[sizeof c->error.text], *p;
  xai_Slice to =
      xai_http_head_find(xai_transfer_head(&c->transfer), "location");
  show_address(to, address, sizeof address);
  snprintf(text, sizeof text, "redirect to %s refused",
           to.len > 0 ? address : "nowhere");
  for (p = text; *p != '\0'; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7F) *p = ' ';
  xai_utf8_mark(text, strlen(text));
  xai_buffer_clear(&c->error_body.message);
  xai_error_set(&c->error, XAI_KIND_REDIRECT, XAI_PHASE_NONE, text);
}

/* Only a proxy says so, here one that carries plain http. */
#define PROXY_REFUSED 407

/* What the error says, or what its status means. */
static const char *words_of(const xai_Call *c, int status) {
  return xai_buffer_size(&c->error_body.message) > 0
             ? xai_buffer_data(&c->error_body.message)
             : xai_status_phrase(status);
}

static void read_error(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  xai_call_mask_buffer(c, &t->body); /* before a cut leaves half a key */
  xai_call_mask_buffer(c, &t->head);
  if (xai_error_body_read(&c->error_body, xai_buffer_data(&t->body),
                          xai_buffer_size(&t->body)) != XAI_OK) {
    xai_error_set(&c->error, XAI_KIND_MEMORY, XAI_PHASE_NONE,
                  "not enough memory to read what the answer says");
    return;
  }
  if (t->status >= 300 && t->status < 400) {
    set_redirect(c);
    return;
  }
  if (t->status == PROXY_REFUSED) {
    xai_error_set(&c->error, XAI_KIND_CONNECTION, XAI_PHASE_PROXY,
                  "the proxy wants to know who asks (407)");
    return;
  }
  xai_error_set(&c->error, xai_error_classify(t->status, &c->error_body),
                XAI_PHASE_NONE, words_of(c, t->status));
}

/* What was to be deleted is gone: an earlier attempt has done it. */
static int was_deleted(const xai_Call *c) {
  int was_sent_before = c->may_be_done || c->transfer.sends > 1;
  return c->deletes && was_sent_before && c->transfer.status == 404 &&
         c->error.kind == XAI_KIND_NOT_FOUND;
}

static void forget_error(xai_Call *c) {
  memset(&c->error, 0, sizeof c->error);
  xai_error_body_free(&c->error_body);
}

void xai_outcome_read_event_error(xai_Call *c, xai_Slice data) {
  xai_call_mask_buffer(
      c, &c->transfer.sse.in);         /* before a cut leaves half a key */
  xai_error_body_free(&c->error_body); /* asked again, the same */
  memset(&c->error, 0, sizeof c->error);
  if (xai_error_body_read(&c->error_body, data.at, data.len) != XAI_OK) {
    xai_error_set(&c->error, XAI_KIND_MEMORY, XAI_PHASE_STREAM,
                  "not enough memory to read what the event says");
    return;
  }
  xai_error_set(&c->error, xai_error_classify(200, &c->error_body),
                XAI_PHASE_STREAM, words_of(c, 200));
}

/* x-should-retry: 1, 0; -1 when it is not said. */
static int should_retry(const xai_Call *c) {
  xai_Slice v =
      xai_http_head_find(xai_transfer_head(&c->transfer), "x-should-retry");
  return xai_slice_like(v, "true") ? 1 : xai_slice_like(v, "false") ? 0 : -1;
}

int xai_outcome_is_transient_event(xai_Call *c, xai_Slice data) {
  xai_outcome_read_event_error(c, data);
  if (xai_error_body_is_transient(&c->error_body) || should_retry(c) == 1)
    return 1;
  forget_error(c);
  return 0;
}

/* A stream that ended as it should, but before it began, or with a failure
** that passes. */
static void resolve_stream(xai_Call *c) {
  xai_EventReader *s = &c->reader;
  xai_Slice data;
  switch (xai_event_reader_preview(s, &c->transfer.sse, 1, &data)) {
    case XAI_READ_ERROR: xai_outcome_is_transient_event(c, data); break;
    case XAI_READ_WAIT:
      if (s->raw || xai_event_schema_complete(&s->schema, 1)) break;
      xai_error_set(&c->error, XAI_KIND_TRUNCATED, XAI_PHASE_STREAM,
                    "the stream ended before its first event");
      break;
    default: break;
  }
}

/* The number in a header; -1: it is not there, or no number. */
static int64_t number_in(const xai_Call *c, const char *name, int64_t scale) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(&c->transfer), name);
  return xai_retry_hint(v, scale);
}

/* The time until the date in Retry-After, by the server's own clock. */
static int64_t until_date(const xai_Call *c) {
  xai_Slice head = xai_transfer_head(&c->transfer);
  int64_t now = (int64_t)time(NULL), at, said;
  said = xai_http_date(xai_http_head_find(head, "date"), now);
  if (said >= 0) now = said;
  at = xai_http_date(xai_http_head_find(head, "retry-after"), now);
  if (at < 0) return -1;
  return at > now ? (at - now) * 1000 : 0;
}

static int64_t asked_wait(const xai_Call *c) {
  int64_t ms = number_in(c, "retry-after-ms", 1);
  if (ms < 0) ms = number_in(c, "retry-after", 1000);
  return ms >= 0 ? ms : until_date(c);
}

/* An answer whose head says that it is an error is that error, however its body
** ended: what came of its words tells enough. */
static void forgive_broken_error(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  if (t->head_done && t->status >= 300 && t->error.kind != XAI_KIND_MEMORY)
    memset(&t->error, 0, sizeof t->error);
}

/* A stream broke off, and all that came of it is a failure that passes. */
static int is_broken_refusal(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  xai_Slice data;
  if (t->content != XAI_CONTENT_EVENTS || c->reader.begun ||
      xai_event_reader_preview(&c->reader, &t->sse, 0, &data) != XAI_READ_ERROR)
    return 0;
  return xai_outcome_is_transient_event(c, data);
}

/* What did the finished attempt bring? */
void xai_outcome_of_attempt(xai_Call *c, CURLcode code) {
  xai_Transfer *t = &c->transfer;
  xai_outcome_of_transfer(t, code);
  xai_transfer_end_body(t);
  forgive_broken_error(c);
  if (t->error.kind != XAI_KIND_NONE && is_broken_refusal(c)) {
    memset(&t->error, 0, sizeof t->error);
  } else if (t->error.kind != XAI_KIND_NONE) {
    c->error = t->error;
  } else if (!t->head_done) {
    xai_error_set(&c->error, XAI_KIND_TRUNCATED, XAI_PHASE_WAIT,
                  "the answer ended within its headers");
  } else if (t->status == 202 && xai_buffer_size(&t->body) == 0 &&
             c->pending_ok) {
    xai_error_set(&c->error, XAI_KIND_PENDING, XAI_PHASE_NONE, "pending");
    c->retry_after_ms = asked_wait(c);
  } else if (t->status >= 300 || is_error_answer(c)) {
    read_error(c);
    c->already_deleted = was_deleted(c);
    if (c->already_deleted) forget_error(c);
  } else if (t->content == XAI_CONTENT_EVENTS && !c->reader.begun) {
    resolve_stream(c);
  }
}

/* --------------------------------------------------------------- retries */

/* Did the answer come whole, so that it is known to be an error? */
static int is_whole(const xai_Call *c) {
  return c->transfer.error.kind == XAI_KIND_NONE &&
         c->error.kind != XAI_KIND_TIMEOUT &&
         c->error.kind != XAI_KIND_TRUNCATED && c->transfer.head_done;
}

static int has_event(xai_Call *c) {
  xai_Slice data;
  xai_ReadState state =
      xai_event_reader_preview(&c->reader, &c->transfer.sse, 0, &data);
  return state == XAI_READ_EVENT || state == XAI_READ_ERROR ||
         state == XAI_READ_END;
}

static xai_Failure failure_of(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  xai_Failure f;
  int lost; /* it began to come, and comes only once */
  memset(&f, 0, sizeof f);
  f.kind = c->error.kind;
  f.where = c->phase_reached;
  f.status = t->status;
  f.answered = t->conn.shared ? t->head_done : xai_buffer_size(&t->head) > 0;
  f.whole = is_whole(c);
  f.streamed = t->content == XAI_CONTENT_EVENTS;
  f.events = f.streamed && (c->reader.begun || (!f.whole && has_event(c)));
  lost = c->read_once && t->status == 200;
  f.repeatable = c->repeatable && !lost;
  f.should = should_retry(c);
  f.policy = c->set.retry;
  f.retry_timeout = c->set.retry_timeouts && !lost;
  f.error_body = &c->error_body;
  return f;
}

/* A key that a function gave was refused: it is asked again, once. */
static int may_ask_for_key(const xai_Call *c, const xai_Failure *f) {
  return c->key_changes && !c->key_refused && f->whole &&
         f->kind == XAI_KIND_AUTHENTICATION;
}

/* Did the service say that it did nothing? */
static int was_refused(const xai_Failure *f) {
  return f->whole && f->status >= 400 && f->status < 500 && f->status != 408;
}

/* May it have had its effect? */
static int may_be_done(const xai_Call *c, const xai_Failure *f) {
  return !was_refused(f) &&
         (f->answered || f->where > XAI_PHASE_SEND || c->transfer.sends > 1);
}

/* How long to wait before the next attempt; -1: there is none. */
static int64_t wait_after(xai_Call *c, const xai_Failure *f,
                          int64_t deadline_ms) {
  int64_t wait, first_ms = f->kind == XAI_KIND_RATE_LIMIT
                               ? XAI_FIRST_WAIT_LIMITED_MS
                               : XAI_FIRST_WAIT_MS;
  if (may_ask_for_key(c, f)) {
    c->key_refused = 1;
    return 0;
  }
  if (c->attempts > c->set.max_retries) return -1;
  if (!xai_retry_allowed(f)) return -1;
  if (c->retry_after_ms > XAI_MAX_HINT_MS) return -1;
  wait = c->retry_after_ms >= 0 ? c->retry_after_ms
                                : xai_retry_delay(first_ms, c->attempts,
                                                  xai_random_unit(c->random));
  if (deadline_ms - xai_clock_ms() <= wait) return -1;
  return wait;
}

int64_t xai_outcome_wait(xai_Call *c, int64_t deadline_ms) {
  xai_Failure f = failure_of(c);
  int64_t wait;
  c->retry_after_ms = f.whole ? asked_wait(c) : -1;
  wait = wait_after(c, &f, deadline_ms);
  if (wait >= 0 && may_be_done(c, &f)) c->may_be_done = 1;
  return wait;
}
