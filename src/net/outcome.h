/*
** outcome.h - how an attempt ended: kind, phase, billed, retryable, wait.
**
** Kinds are decided in three places: here by libcurl's codes and by heads, in
** base/error_body.c by what an error answer says, and in the table of
** base/error.c for what the library itself refuses.
*/
#ifndef XAI_NET_OUTCOME_H
#define XAI_NET_OUTCOME_H

#include <stdint.h>

#include "base/endpoint.h"
#include "base/error_body.h"
#include "base/event_reader.h"
#include "base/platform.h"
#include "net/transfer.h"

#pragma GCC visibility push(hidden)

/* Microseconds from the start of an attempt until each step was done; 0: it was
** not. */
typedef struct xai_Times {
  int64_t dns, connect, tls, first_byte, total;
} xai_Times;

/* What is known of a call between two attempts and at its end. */
typedef struct xai_Outcome {
  xai_Error error;         /* kind NONE: success */
  xai_ErrorBody body;      /* what an error answer or event says */
  xai_Phase phase_reached; /* by the last attempt */
  int broken;              /* the answer is incomplete */
  int64_t retry_after_ms;  /* the wait that the server asked for, or -1 */
  int may_be_done;         /* an attempt may have had its effect */
  int already_deleted;     /* the object to delete no longer exists */
} xai_Outcome;

/* An attempt, and what its request allows: all that decides the outcome. */
typedef struct xai_Attempt {
  xai_Transfer *transfer;
  xai_EventReader *reader;          /* NULL where the answer is no stream */
  const struct curl_slist *headers; /* keys in them are masked */
  const xai_RequestSpec *request;
  const xai_Settings *set;
  xai_Random *random;
  int number;         /* of the attempt with this body, from 1 */
  int may_ask_key;    /* the user's function may be asked for another key */
  int has_other_body; /* there is another body to be tried */
} xai_Attempt;

/* Make an outcome without an error.  Nothing is acquired. */
void xai_outcome_init(xai_Outcome *o);

/* Forget the error and free its texts. */
void xai_outcome_clear(xai_Outcome *o);

/* Set the error by which the transfer failed, kind NONE if it did not, and
** settle what the body is.  'code' is libcurl's result. */
void xai_outcome_read_code(xai_Error *error, xai_Transfer *t, CURLcode code);

/* Set the outcome of a finished attempt; 'error' is from xai_outcome_read_code.
** Keys in the answer are masked. */
void xai_outcome_decide(xai_Outcome *o, const xai_Attempt *a,
                        const xai_Error *error);

/* Set the outcome's error to what an event reports, whose data is 'data'.  Keys
** in the unread events are masked. */
void xai_outcome_read_event_error(xai_Outcome *o, const xai_Attempt *a,
                                  xai_Slice data);

/* The same for the first event of a stream, if another attempt may follow: its
** error is transient, or another body may be tried.  Returns 1.  Otherwise the
** outcome is cleared: returns 0. */
int xai_outcome_read_first_error(xai_Outcome *o, const xai_Attempt *a,
                                 xai_Slice data);

/* What follows a failed attempt. */
typedef struct xai_NextAttempt {
  int64_t wait_ms; /* milliseconds until the next attempt; -1: there is none */
  int for_key;     /* it is made only if there is another key */
  int other_body;  /* it is made with the next body */
} xai_NextAttempt;

/* Decide whether another attempt follows, and when.  None follows if it would
** begin after 'deadline_ms', a moment of xai_clock_ms. */
xai_NextAttempt xai_outcome_next(xai_Outcome *o, const xai_Attempt *a,
                                 int64_t deadline_ms);

/* What decides, beside the error, whether a failed call was billed. */
typedef struct xai_Answered {
  int status;              /* of the last answer; 0: none */
  int unsent;              /* no attempt has begun */
  int has_events;          /* an event of a stream was seen */
  int may_be_done;         /* an earlier request may have had its effect */
  xai_Phase phase_reached; /* by the last attempt */
} xai_Answered;

/* Was a failed call billed?  Returns "no", "maybe" or "yes", by the service's
** error documentation. */
const char *xai_outcome_billed(const xai_Error *error, const xai_Answered *a);

/* May the same request succeed later?  'body' may be NULL. */
int xai_outcome_retryable(const xai_Error *error, const xai_ErrorBody *body,
                          int status);

/* The phase that the exchange has reached.  The easy handle must be there. */
xai_Phase xai_outcome_phase(const xai_Transfer *t);

/* The times of the exchange.  The easy handle must be there. */
xai_Times xai_outcome_times(const xai_Transfer *t);

#pragma GCC visibility pop

#endif
