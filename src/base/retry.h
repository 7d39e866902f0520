/*
** retry.h - may a failed attempt be made again?
** Facts: the service's error documentation (which statuses pass, what is
** billed).
*/
#ifndef XAI_RETRY_H
#define XAI_RETRY_H

#include "base/fault.h"
#include "base/settings.h"

#pragma GCC visibility push(hidden)

/* What is known of an attempt that failed. */
typedef struct xai_Failure {
  xai_Kind kind;
  xai_Phase where;   /* how far the exchange had come */
  int status;        /* 0: no answer */
  int whole;         /* an answer that is not a success came whole */
  int answered;      /* a byte of an answer came; by HTTP/2, its head */
  int events;        /* so did an event of its stream */
  int streamed;      /* the answer began as an event stream */
  int repeatable;    /* see xai_retry_repeatable */
  int should;        /* x-should-retry: 1, 0; -1: not said */
  xai_Retry policy;  /* what the user allows */
  int retry_timeout; /* also a generation that took too long */
  const xai_Complaint *complaint;
} xai_Failure;

/* May a request by this method always be made again?  What another one does,
** to do it twice may do twice. */
int xai_retry_repeatable(const char *method);

/*
** Whatever may have been done, and billed, is not done again: an answer that
** began, a request that was sent and timed out, an event that was seen.
** With XAI_RETRY_SAFE nothing that may have begun is.
*/
int xai_retry_allowed(const xai_Failure *f);

#pragma GCC visibility pop

#endif
