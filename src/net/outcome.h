/*
** outcome.h - what an attempt came to: kind, phase, billed, retryable, wait.
**
** Kinds are decided here (libcurl's codes, heads), in base/error_body.c (what an
** error answer says) and in the table of base/error.c (what the library itself
** refuses).
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

/* When each step was done, in microseconds since the attempt began. */
typedef struct xai_Times {
  int64_t dns, connect, tls, first_byte, total;
} xai_Times;

/* What is known when a call ends, or between two of its attempts. */
typedef struct xai_Outcome {
  xai_Error error;         /* kind NONE: success */
  xai_ErrorBody body;      /* what an error answer or event says */
  xai_Phase phase_reached; /* by the last attempt */
  int broken;              /* the answer did not come whole */
  int64_t retry_after_ms;  /* what the server asked for; -1: nothing */
  int may_be_done;         /* an attempt may have had its effect */
  int already_deleted;     /* the object to delete no longer exists */
} xai_Outcome;

/* What an outcome is told from: one attempt and what its request allows. */
typedef struct xai_Evidence {
  xai_Transfer *transfer;
  xai_EventReader *reader;
  const struct curl_slist *headers; /* keys in them are masked */
  const xai_Settings *set;
  xai_Random *random;
  int attempts;    /* begun so far, this one included */
  int deletes;     /* the method is DELETE */
  int repeatable;  /* repeating the method has no further effect */
  int pending_ok;  /* an empty 202 means: not ready yet */
  int read_once;   /* a success can be read only once */
  int free_form;   /* the shape of the answer is not known */
  int may_ask_key; /* a refused key may be replaced, and was not yet */
} xai_Evidence;

/* An outcome that says nothing yet.  Nothing is acquired. */
void xai_outcome_init(xai_Outcome *o);

/* Forget the error and its words; memory is released. */
void xai_outcome_clear(xai_Outcome *o);

/* Judge a finished attempt; 'code' is libcurl's result. */
void xai_outcome_judge(xai_Outcome *o, const xai_Evidence *ev, CURLcode code);

/* Read the error that an event of the stream reports; 'data' is the event's. */
void xai_outcome_read_event_error(xai_Outcome *o, const xai_Evidence *ev,
                                  xai_Slice data);

/* The same for the first event of a stream; 0, and the outcome is cleared, when
** another attempt would not help. */
int xai_outcome_is_transient_event(xai_Outcome *o, const xai_Evidence *ev,
                                   xai_Slice data);

/* A failed attempt's next step. */
typedef struct xai_NextAttempt {
  int64_t wait_ms; /* until another attempt; -1: there is none */
  int for_key;     /* it is made only with another key */
} xai_NextAttempt;

/* Whether to make another attempt, and when.  A wait that would cross
** 'deadline_ms' (of xai_clock_ms) is not begun. */
xai_NextAttempt xai_outcome_next(xai_Outcome *o, const xai_Evidence *ev,
                                 int64_t deadline_ms);

/* What decides, beside the error, whether a failed call was billed. */
typedef struct xai_Answered {
  int status;              /* of the last answer; 0: none */
  int has_events;          /* an event of a stream was seen */
  int may_be_done;         /* an earlier request may have had its effect */
  xai_Phase phase_reached; /* by the last attempt */
} xai_Answered;

/* Was a failed call billed?  "no", "maybe" or "yes".  Source: the service's
** error documentation. */
const char *xai_outcome_billed(const xai_Error *error, const xai_Answered *a);

/* May the same request succeed when it is sent again?  'body' may be NULL. */
int xai_outcome_retryable(const xai_Error *error, const xai_ErrorBody *body,
                          int status);

/* How far the exchange has come. */
xai_Phase xai_outcome_phase(const xai_Transfer *t);

xai_Times xai_outcome_times(const xai_Transfer *t);

#pragma GCC visibility pop

#endif
