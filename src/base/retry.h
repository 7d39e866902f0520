/*
** retry.h - which attempts may be repeated, and after which wait.
*/
#ifndef XAI_BASE_RETRY_H
#define XAI_BASE_RETRY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/endpoint.h"
#include "base/error.h"

#pragma GCC visibility push(hidden)

/* --------------------------------- how long to wait before the next attempt */

/*
** The caller supplies chance and time.
*/

/* A hint longer than this is not waited for (milliseconds). */
#define XAI_MAX_HINT_MS 120000

/*
** Milliseconds to wait before retry 'n' (1 is the first): 'first_ms' doubled
** each time up to 8 s, of which 'roll', in [0,1), takes off up to a half, so
** that clients do not come back in step.
*/
int64_t xai_retry_delay(int64_t first_ms, int n, double roll);

#define XAI_FIRST_WAIT_MS 500
#define XAI_FIRST_WAIT_LIMITED_MS 1000 /* told to slow down, not how long */

/*
** A wait that the server asked for by a header's value in seconds ("1.5"),
** in milliseconds; -1 when the text is not such a number.  'scale' is 1000
** for Retry-After, 1 for retry-after-ms.
*/
int64_t xai_retry_hint(xai_Slice text, int64_t scale);

/* -------------------------------------- may a failed attempt be made again? */

/*
** Facts: the service's error documentation (which statuses pass, what is
** billed).
*/

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
  const xai_ErrorBody *error_body;
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
