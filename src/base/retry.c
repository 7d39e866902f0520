/*
** retry.c - which attempts may be repeated, and after which wait.
*/
#include "base/retry.h"

#include <string.h>

#include "base/http_head.h"

/* --------------------------------- how long to wait before the next attempt */

#define MAX_MS 8000 /* the longest wait that nobody asked for */

int64_t xai_retry_delay(int64_t first_ms, int n, double roll) {
  int64_t ms = first_ms;
  while (--n > 0 && ms < MAX_MS) ms *= 2;
  if (ms > MAX_MS) ms = MAX_MS;
  return ms - (int64_t)(roll * (double)ms / 2);
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* The text is digits, or digits, a point and digits. */
int64_t xai_retry_hint(xai_Slice text, int64_t scale) {
  const int64_t most = (int64_t)1 << 40;
  const char *s = text.at, *end = text.at + text.len, *start = s;
  int64_t ms = 0;
  for (; s < end && is_digit(*s); s++)
    ms = ms < most ? ms * 10 + (*s - '0') : most;
  if (s == start) return -1;
  ms *= scale;
  if (s < end && *s == '.') {
    start = ++s;
    for (; s < end && is_digit(*s); s++) ms += (*s - '0') * (scale /= 10);
    if (s == start) return -1;
  }
  return s == end ? ms : -1;
}

/* -------------------------------------- may a failed attempt be made again? */

/* 1 if the service refused the request before any work began. */
static int was_refused(const xai_Failure *f) {
  return f->kind == XAI_KIND_RATE_LIMIT ||
         (f->status == 200 && xai_error_body_has(f->error_body, "no capacity"));
}

/* 1 if an error answer, which arrived completely, may be followed. */
static int answer_allowed(const xai_Failure *f) {
  int careful = f->policy == XAI_RETRY_SAFE && !f->repeatable;
  if (f->should == 0 || f->final) return 0;
  if (careful && !was_refused(f)) return 0;
  if (f->should == 1) return 1;
  if (f->kind == XAI_KIND_QUOTA) return 0;
  if (f->kind == XAI_KIND_RATE_LIMIT) return 1;
  if (f->status == 200) return xai_error_body_is_transient(f->error_body);
  return xai_http_status_is_transient(f->status);
}

/* 1 if the request was not sent completely, so it had no effect. */
static int was_not_sent(const xai_Failure *f) {
  return !f->answered && f->phase_reached >= XAI_PHASE_DNS &&
         f->phase_reached <= XAI_PHASE_SEND;
}

/* 1 if a connection that broke may be followed. */
static int break_allowed(const xai_Failure *f) {
  if (was_not_sent(f) || f->repeatable) return 1;
  if (f->policy == XAI_RETRY_SAFE) return 0;
  return !f->answered || f->streamed;
}

/* 1 if a timeout may be followed. */
static int timeout_allowed(const xai_Failure *f) {
  if (was_not_sent(f) || f->repeatable) return 1;
  return f->retry_timeout && f->policy != XAI_RETRY_SAFE;
}

int xai_retry_allowed(const xai_Failure *f) {
  if (f->events || f->phase_reached == XAI_PHASE_PROXY) return 0;
  if (f->whole) return answer_allowed(f);
  switch (f->kind) {
    case XAI_KIND_CONNECTION: return break_allowed(f);
    case XAI_KIND_TRUNCATED: return f->answered && break_allowed(f);
    case XAI_KIND_TIMEOUT: return timeout_allowed(f);
    default: return 0;
  }
}

int xai_retry_may_help(xai_Kind kind, int status) {
  switch (kind) {
    case XAI_KIND_RATE_LIMIT:
    case XAI_KIND_CONNECTION: return 1;
    case XAI_KIND_BAD_REQUEST: return xai_http_status_is_transient(status);
    case XAI_KIND_SERVER:
      return status < 300 || xai_http_status_is_transient(status);
    default: return 0;
  }
}
