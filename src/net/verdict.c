/*
** verdict.c - what an attempt brought, and whether to make another one.
*/
#include "net/verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/head.h"
#include "net/secret.h"

/* An error object under status 200 is short. */
#define MAX_SOFT_ERROR ((size_t)64 << 10)

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
  xai_secret_hide_in(c, &t->body); /* before a cut leaves half a key */
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
void xai_verdict_judge(xai_Call *c, CURLcode code) {
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

/* How long to wait before the next attempt; -1: there is none. */
int64_t xai_verdict_wait(xai_Call *c, int64_t deadline_ms) {
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
  if (deadline_ms - xai_clock_ms() <= wait) return -1;
  return wait;
}
