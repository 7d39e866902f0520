/*
** call.c - one call of the user: its attempts, its times, its outcome.
*/
#include "net/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/head.h"

/* How long a finished stream's connection may take to come to rest. */
#define DRAIN_MS 1000

/* An error object under status 200 is short. */
#define MAX_SOFT_ERROR ((size_t)64 << 10)

xai_Call *xai_call_new(const xai_Settings *set, xai_Api api, int raw) {
  xai_Call *c = (xai_Call *)calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->set = *set;
  c->retry_after_ms = -1;
  xai_transfer_init(&c->transfer, set);
  xai_stream_init(&c->stream, api, raw, set->max_body);
  xai_complaint_init(&c->complaint);
  return c;
}

/* Overwrite the key before the list goes back to the allocator. */
static void wipe_headers(xai_Call *c) {
  struct curl_slist *h;
  for (h = c->headers; h != NULL; h = h->next) {
    volatile char *p = h->data;
    while (*p != '\0') *p++ = '\0';
  }
  curl_slist_free_all(c->headers);
  c->headers = NULL;
}

#define MIN_SECRET 8 /* a shorter key is none, and masking it spoils words */

/* The key in a header line; length 0 when it carries none. */
static xai_Slice key_of(const char *line) {
  static const char bearer[] = "bearer ";
  xai_Slice name = {line, strcspn(line, ":")}, key = {"", 0}, word;
  if (!xai_slice_like(name, "authorization") &&
      !xai_slice_like(name, "x-api-key"))
    return key;
  key.at = line + name.len + (line[name.len] == ':');
  key.len = strlen(key.at);
  key = xai_slice_trim(key);
  word.at = key.at;
  word.len = sizeof bearer - 1;
  if (key.len > word.len && xai_slice_like(word, bearer)) {
    key.at += word.len;
    key.len -= word.len;
  }
  if (key.len < MIN_SECRET) key.len = 0;
  return key;
}

void xai_call_hide(const xai_Call *c, char *s, size_t n) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL && n > 0; h = h->next)
    xai_bytes_mask(s, n, key_of(h->data));
}

static void hide(const xai_Call *c, xai_Buffer *b) {
  if (b->at != NULL) xai_call_hide(c, b->at + b->rd, xai_buffer_size(b));
}

/* Servers echo keys in what they say. */
static void scrub(xai_Call *c) {
  xai_call_hide(c, c->fault.text, strlen(c->fault.text));
  hide(c, &c->complaint.message);
  hide(c, &c->complaint.code);
  hide(c, &c->complaint.type);
  hide(c, &c->complaint.param);
  hide(c, &c->transfer.head);
  hide(c, &c->transfer.sse.in);
  if (c->fault.kind != XAI_KIND_NONE) hide(c, &c->transfer.body);
}

void xai_call_forget(xai_Call *c) { wipe_headers(c); }

void xai_call_free(xai_Call *c) {
  xai_transfer_close(&c->transfer);
  wipe_headers(c);
  xai_stream_free(&c->stream);
  xai_complaint_free(&c->complaint);
  free(c);
}

/*
** The outcome stands.  The key is needed no more, unless a whole answer turns
** out to be useless when it is decoded.
*/
static void conclude(xai_Call *c) {
  c->state = XAI_CALL_DONE;
  c->ended_ms = xai_clock_ms();
  scrub(c);
  if (c->fault.kind != XAI_KIND_NONE || xai_buffer_size(&c->transfer.body) == 0)
    wipe_headers(c);
  xai_transfer_retire(&c->transfer);
}

/* -------------------------------------------------------------- attempts */

static void start_attempt(xai_Call *c, CURLM *multi) {
  xai_transfer_clear(&c->transfer);
  c->attempts++;
  c->attempt_ms = c->transfer.last_ms = xai_clock_ms();
  c->state = XAI_CALL_RUNNING;
  c->multi = multi;
  if (curl_multi_add_handle(multi, c->transfer.easy) == CURLM_OK) return;
  c->multi = NULL;
  xai_fault_set(&c->fault, XAI_KIND_MEMORY, XAI_PHASE_NONE,
                "not enough memory");
  conclude(c);
}

int xai_call_begin(xai_Call *c, const xai_Request *r, CURLM *multi) {
  c->began_ms = xai_clock_ms();
  c->repeatable = strcmp(r->method, "POST") != 0;
  c->transfer.owner = c;
  if (xai_transfer_open(&c->transfer, r, c->headers, &c->set) != 0) {
    c->fault = c->transfer.fault;
    conclude(c);
    return -1;
  }
  curl_easy_setopt(c->transfer.easy, CURLOPT_PRIVATE, (void *)c);
  start_attempt(c, multi);
  return c->state == XAI_CALL_RUNNING ? 0 : -1;
}

/*
** Take the transfer out of the multi handle.  A transfer that is cut off
** must not leave its connection for others: only so does libcurl tell an
** HTTP/2 server that the stream is over.
*/
static void detach(xai_Call *c, int cut_off) {
  CURLM *multi = c->multi;
  c->multi = NULL;
  if (multi == NULL) return;
  if (cut_off) curl_easy_setopt(c->transfer.easy, CURLOPT_FORBID_REUSE, 1L);
  curl_multi_remove_handle(multi, c->transfer.easy);
}

void xai_call_abort(xai_Call *c, xai_Kind kind, xai_Phase phase,
                    const char *text) {
  if (c->state == XAI_CALL_DONE) return;
  if (!c->draining) xai_fault_set(&c->fault, kind, phase, text);
  detach(c, 1);
  conclude(c);
}

/* --------------------------------------------------------------- outcome */

static int is_error_word(xai_Slice key) {
  static const char *const words[] = {"error", "code",   "type",
                                      "param", "status", "message"};
  size_t i;
  for (i = 0; i < sizeof words / sizeof *words; i++)
    if (xai_slice_is(key, words[i])) return 1;
  return 0;
}

/* {"error": ...} with nothing beside it but words about the error.  Most
** answers show by their first member that they are no such thing. */
static int is_error_object(const xai_Buffer *body) {
  xai_Json v, value;
  xai_JsonWalk w;
  xai_Slice key;
  size_t n = xai_buffer_size(body);
  if (n > MAX_SOFT_ERROR) return 0;
  if (!is_error_word(xai_json_first_name(xai_buffer_data(body), n))) return 0;
  if (!xai_json_read(xai_buffer_data(body), n, &v)) return 0;
  xai_json_open(&w, &v);
  while (xai_json_next(&w, &key, &value))
    if (!is_error_word(key)) return 0;
  value = xai_json_get(&v, "error");
  return xai_json_given(&value);
}

static void set_redirect(xai_Call *c) {
  char text[sizeof c->fault.text];
  xai_Slice to = xai_head_find(xai_transfer_head(&c->transfer), "location");
  snprintf(text, sizeof text, "redirect to %.*s refused",
           to.len < 200 ? (int)to.len : 200, to.len ? to.at : "nowhere");
  xai_fault_set(&c->fault, XAI_KIND_REDIRECT, XAI_PHASE_NONE, text);
}

static void read_error(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  hide(c, &t->body); /* before a cut leaves half a key */
  xai_complaint_read(&c->complaint, xai_buffer_data(&t->body),
                     xai_buffer_size(&t->body));
  if (t->status >= 300 && t->status < 400) {
    set_redirect(c);
    return;
  }
  xai_fault_set(&c->fault, xai_fault_classify(t->status, &c->complaint),
                XAI_PHASE_NONE,
                xai_buffer_size(&c->complaint.message)
                    ? xai_buffer_data(&c->complaint.message)
                    : xai_status_phrase(t->status));
}

/* What did the finished attempt bring? */
static void judge(xai_Call *c, CURLcode code) {
  xai_Transfer *t = &c->transfer;
  xai_transfer_judge(t, code);
  if (t->fault.kind != XAI_KIND_NONE) {
    c->fault = t->fault;
  } else if (!t->head_done) {
    xai_fault_set(&c->fault, XAI_KIND_TRUNCATED, XAI_PHASE_WAIT,
                  "the answer ended within its headers");
  } else if (t->status == 202 && xai_buffer_size(&t->body) == 0 &&
             c->pending_ok) {
    xai_fault_set(&c->fault, XAI_KIND_PENDING, XAI_PHASE_NONE, "pending");
  } else if (t->status >= 300 || is_error_object(&t->body)) {
    read_error(c);
  }
}

/* --------------------------------------------------------------- retries */

/* A header as a C string, for short values; "" when there is none. */
static void copy_header(const xai_Call *c, const char *name, char *out,
                        size_t size) {
  xai_Slice v = xai_head_find(xai_transfer_head(&c->transfer), name);
  if (v.len >= size) v.len = 0;
  memcpy(out, v.at, v.len);
  out[v.len] = '\0';
}

static void read_hints(xai_Call *c, int *should) {
  char text[32];
  copy_header(c, "x-should-retry", text, sizeof text);
  *should = strcmp(text, "true") == 0 ? 1 : strcmp(text, "false") == 0 ? 0 : -1;
  copy_header(c, "retry-after-ms", text, sizeof text);
  c->retry_after_ms = xai_backoff_hint(text, 1);
  if (c->retry_after_ms >= 0) return;
  copy_header(c, "retry-after", text, sizeof text);
  c->retry_after_ms = xai_backoff_hint(text, 1000);
}

/*
** May the attempt be repeated?  Never when the service may have done (and
** billed) the work: after the answer began, or a timeout after sending.
*/
static int may_repeat(const xai_Call *c) {
  switch (c->fault.kind) {
    case XAI_KIND_CONNECTION: return c->transfer.status == 0;
    case XAI_KIND_TIMEOUT:
      return c->fault.phase == XAI_PHASE_DNS ||
             c->fault.phase == XAI_PHASE_CONNECT ||
             c->fault.phase == XAI_PHASE_TLS ||
             (c->repeatable && c->transfer.status == 0 &&
              c->fault.phase != XAI_PHASE_DEADLINE);
    default: return xai_fault_retryable(c->fault.kind, c->transfer.status);
  }
}

/* The error event that the stream shows ends the call. */
void xai_call_complain(xai_Call *c) {
  xai_Slice data = c->stream.event.sse.data;
  const char *text;
  hide(c, &c->transfer.sse.in);      /* before a cut leaves half a key */
  xai_complaint_free(&c->complaint); /* asked again, the same */
  xai_complaint_read(&c->complaint, data.at, data.len);
  text = xai_buffer_data(&c->complaint.message);
  memset(&c->fault, 0, sizeof c->fault);
  xai_fault_set(&c->fault, xai_fault_classify(200, &c->complaint),
                XAI_PHASE_STREAM,
                xai_buffer_size(&c->complaint.message)
                    ? text
                    : "the service reported a failure");
}

static int64_t deadline_at(const xai_Call *c) {
  return xai_clock_after(c->began_ms, c->set.deadline_ms);
}

/* How long to wait before the next attempt; -1: there is none. */
static int64_t next_wait(xai_Call *c) {
  int should;
  int64_t wait;
  read_hints(c, &should);
  if (c->attempts > c->set.max_retries || c->fault.kind == XAI_KIND_QUOTA)
    return -1;
  if (should == 0 || (should < 0 && !may_repeat(c))) return -1;
  if (c->retry_after_ms > XAI_MAX_HINT_MS) return -1;
  wait = c->retry_after_ms >= 0
             ? c->retry_after_ms
             : xai_backoff_delay(c->attempts, xai_chance_roll(c->chance));
  if (deadline_at(c) - xai_clock_ms() <= wait) return -1;
  return wait;
}

static void settle(xai_Call *c) {
  int64_t wait = c->fault.kind == XAI_KIND_NONE ||
                         c->fault.kind == XAI_KIND_PENDING || c->draining
                     ? -1
                     : next_wait(c);
  if (wait < 0) {
    conclude(c);
    return;
  }
  /* At least until the next step, so that the wait can be told of. */
  c->retry_ms = xai_clock_ms() + (wait > 0 ? wait : 1);
  c->retry_told = 0;
  c->state = XAI_CALL_WAITING;
}

void xai_call_finish(xai_Call *c, CURLcode code) {
  if (c->state != XAI_CALL_RUNNING) return;
  if (!c->draining) judge(c, code);
  detach(c, 0);
  settle(c);
}

/* ------------------------------------------------------------------ time */

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t idle_at(const xai_Call *c) {
  if (c->transfer.paused) return XAI_NEVER; /* the reader's silence */
  return xai_clock_after(c->transfer.last_ms, c->set.idle_timeout_ms);
}

static int64_t timeout_at(const xai_Call *c) {
  return xai_clock_after(c->attempt_ms, c->set.timeout_ms);
}

int64_t xai_call_due(const xai_Call *c) {
  if (c->state == XAI_CALL_WAITING) return min64(c->retry_ms, deadline_at(c));
  if (c->state != XAI_CALL_RUNNING) return XAI_NEVER;
  if (c->draining) return c->drain_ms;
  return min64(min64(idle_at(c), timeout_at(c)), deadline_at(c));
}

static void give_up(xai_Call *c, xai_Phase phase, const char *what,
                    int64_t ms) {
  char text[128];
  snprintf(text, sizeof text, "%s of %g s passed", what, (double)ms / 1000);
  xai_fault_set(&c->fault, XAI_KIND_TIMEOUT, phase, text);
  detach(c, 1);
  if (phase == XAI_PHASE_DEADLINE)
    conclude(c);
  else
    settle(c);
}

void xai_call_tick(xai_Call *c, CURLM *multi, int64_t now_ms) {
  if (c->state == XAI_CALL_DONE || c->state == XAI_CALL_NEW) return;
  if (c->draining && now_ms >= c->drain_ms) {
    xai_call_abort(c, XAI_KIND_NONE, XAI_PHASE_NONE, "");
  } else if (now_ms >= deadline_at(c)) {
    give_up(c, XAI_PHASE_DEADLINE, "deadline", c->set.deadline_ms);
  } else if (c->state == XAI_CALL_WAITING) {
    if (now_ms < c->retry_ms) return;
    memset(&c->fault, 0, sizeof c->fault);
    xai_complaint_free(&c->complaint);
    start_attempt(c, multi);
  } else if (now_ms >= timeout_at(c)) {
    give_up(c, xai_transfer_phase(&c->transfer), "timeout", c->set.timeout_ms);
  } else if (now_ms >= idle_at(c)) {
    give_up(c, XAI_PHASE_IDLE, "idle_timeout", c->set.idle_timeout_ms);
  }
}

/* ---------------------------------------------------------------- stream */

int xai_call_opened(const xai_Call *c) {
  return c->state == XAI_CALL_DONE ||
         (c->state == XAI_CALL_RUNNING && c->transfer.head_done &&
          c->transfer.content == XAI_CONTENT_EVENTS);
}

int xai_call_has_news(const xai_Call *c) {
  return c->state == XAI_CALL_DONE || xai_sse_size(&c->transfer.sse) > 0;
}

xai_StreamState xai_call_peek(xai_Call *c) {
  xai_StreamState state;
  for (;;) {
    int over = c->state == XAI_CALL_DONE;
    int clean = over && c->fault.kind == XAI_KIND_NONE;
    state = xai_stream_peek(&c->stream, &c->transfer.sse, over, clean);
    if (state != XAI_STREAM_WAIT || !c->transfer.paused) return state;
    xai_transfer_resume(&c->transfer); /* a reader that waits must be fed */
  }
}

/* Is the reader near, or does the event that has begun need more bytes? */
static int wants_more(xai_Transfer *t) {
  return xai_sse_size(&t->sse) <= t->max_buffer / 2 ||
         xai_sse_peek(&t->sse, NULL) == 0;
}

int xai_call_take(xai_Call *c) {
  int rc = xai_stream_take(&c->stream, &c->transfer.sse);
  if (c->transfer.paused && wants_more(&c->transfer))
    xai_transfer_resume(&c->transfer);
  return rc;
}

void xai_call_drain(xai_Call *c) {
  if (c->state != XAI_CALL_RUNNING || c->draining) return;
  c->draining = 1;
  c->drain_ms = xai_clock_ms() + DRAIN_MS;
  c->transfer.discard = 1;
  xai_transfer_resume(&c->transfer);
}
