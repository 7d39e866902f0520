/*
** retry.c - may a failed attempt be made again?
*/
#include "base/retry.h"

#include <string.h>

int xai_retry_repeatable(const char *method) {
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
         strcmp(method, "DELETE") == 0;
}

/* The service refused before any work began. */
static int was_refused(const xai_Failure *f) {
  return f->kind == XAI_KIND_RATE_LIMIT ||
         (f->status == 200 && xai_complaint_says(f->complaint, "no capacity"));
}

/* A whole answer that is an error. */
static int answer_allowed(const xai_Failure *f) {
  int careful = f->policy == XAI_RETRY_SAFE && !f->repeatable;
  if (f->should == 0) return 0;
  if (careful && !was_refused(f)) return 0;
  if (f->should == 1) return 1;
  if (f->kind == XAI_KIND_QUOTA) return 0;
  if (f->kind == XAI_KIND_RATE_LIMIT) return 1;
  if (f->status == 200) return xai_complaint_passes(f->complaint);
  return xai_status_passes(f->status);
}

/* The request had not all left, so nothing can have been done with it. */
static int was_not_sent(const xai_Failure *f) {
  return !f->answered && f->where >= XAI_PHASE_DNS &&
         f->where <= XAI_PHASE_SEND;
}

static int break_allowed(const xai_Failure *f) {
  if (was_not_sent(f) || f->repeatable) return 1;
  if (f->policy == XAI_RETRY_SAFE) return 0;
  return !f->answered || f->streamed;
}

static int timeout_allowed(const xai_Failure *f) {
  if (was_not_sent(f) || f->repeatable) return 1;
  return f->retry_timeout && f->policy != XAI_RETRY_SAFE;
}

int xai_retry_allowed(const xai_Failure *f) {
  if (f->events || f->where == XAI_PHASE_PROXY) return 0;
  if (f->whole) return answer_allowed(f);
  switch (f->kind) {
    case XAI_KIND_CONNECTION: return break_allowed(f);
    case XAI_KIND_TRUNCATED: return f->answered && break_allowed(f);
    case XAI_KIND_TIMEOUT: return timeout_allowed(f);
    default: return 0;
  }
}
