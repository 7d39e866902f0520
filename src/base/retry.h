/*
** retry.h - which attempts may be repeated, and after which wait.
**
** Facts: the service's error documentation (which statuses pass, what is
** billed).
*/
#ifndef XAI_BASE_RETRY_H
#define XAI_BASE_RETRY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/endpoint.h"
#include "base/error_body.h"

#pragma GCC visibility push(hidden)

/* --------------------------------- how long to wait before the next attempt */

/* The longest wait that a server may ask for, in milliseconds. */
#define XAI_MAX_HINT_MS 120000

/* The first wait, in milliseconds; the second constant is for rate limits that
** do not say how long they last. */
#define XAI_FIRST_WAIT_MS 500
#define XAI_FIRST_WAIT_LIMITED_MS 1000

/*
** Milliseconds to wait before retry 'n' (1 is the first): 'first_ms', doubled
** for each retry, at most 8 s.  'roll', a random number in [0,1), takes off up
** to a half, so that clients do not come back at the same time.
*/
int64_t xai_retry_delay(int64_t first_ms, int n, double roll);

/*
** Reads a header's number such as "1.5" and returns it times 'scale', which is
** 1000 for Retry-After (seconds) and 1 for retry-after-ms.  The result is in
** milliseconds; -1 if the text is not such a number.
*/
int64_t xai_retry_hint(xai_Slice text, int64_t scale);

/* -------------------------------------- may a failed attempt be made again? */

/* What is known of a failed attempt. */
typedef struct xai_Failure {
  xai_Kind kind;
  xai_Phase phase_reached;
  int status;        /* HTTP status; 0: no answer */
  int whole;         /* an error answer arrived completely */
  int answered;      /* a byte of an answer arrived; with HTTP/2: its head */
  int events;        /* an event of the stream was seen */
  int streamed;      /* the answer began as an event stream */
  int repeatable;    /* repeating it cannot repeat its effect */
  int final;         /* it tells how a job ended, which no repeat changes */
  int should;        /* header x-should-retry: 1 or 0; -1: not sent */
  xai_Retry policy;  /* what the user allows */
  int retry_timeout; /* the user allows retries of generations that timed out */
  const xai_ErrorBody *error_body;
} xai_Failure;

/*
** 1 if another attempt may follow.  What may have been billed is not repeated:
** an answer that began, a request that was sent and timed out, a stream that
** showed an event.  XAI_RETRY_SAFE also excludes whatever may have been begun.
*/
int xai_retry_allowed(const xai_Failure *f);

/* 1 if the same request may succeed later.  'status': HTTP status, or 0. */
int xai_retry_may_help(xai_Kind kind, int status);

#pragma GCC visibility pop

#endif
