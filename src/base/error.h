/*
** error.h - what can go wrong, and its kind; what an error body says.
*/
#ifndef XAI_BASE_ERROR_H
#define XAI_BASE_ERROR_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* ---------------------------------- does a text say that money has run out? */

/*
** Does the text say that credits, a balance or a quota are too low, as in "Your
** credit balance is too low", "insufficient_quota", "out of credits"?  A guess
** by words that stand side by side; texts that merely name them do not count.
** 'of_minutes': a quota may be that of a minute, so only money counts.
*/
int xai_quota_is_exhausted(xai_Slice text, int of_minutes);

/* ----------------- what can go wrong, and its kind; what an error body says */

/*
** Facts: the service's error documentation (body shapes A to I, codes).
*/

/* The kinds a user can ask for; their names are xai_kind_name's. */
typedef enum xai_Kind {
  XAI_KIND_NONE,
  XAI_KIND_BAD_REQUEST,
  XAI_KIND_AUTHENTICATION,
  XAI_KIND_PERMISSION,
  XAI_KIND_NOT_FOUND,
  XAI_KIND_UNPROCESSABLE,
  XAI_KIND_TOO_LARGE,
  XAI_KIND_RATE_LIMIT,
  XAI_KIND_QUOTA,
  XAI_KIND_SERVER,
  XAI_KIND_API,
  XAI_KIND_CONNECTION,
  XAI_KIND_TIMEOUT,
  XAI_KIND_TLS,
  XAI_KIND_PROTOCOL,
  XAI_KIND_DECODE,
  XAI_KIND_TRUNCATED,
  XAI_KIND_REDIRECT,
  XAI_KIND_LIMIT,
  XAI_KIND_PENDING,
  XAI_KIND_CANCELLED,
  XAI_KIND_CLOSED,
  XAI_KIND_MEMORY
} xai_Kind;

/* Where a connection failure or a timeout struck. */
typedef enum xai_Phase {
  XAI_PHASE_NONE,
  XAI_PHASE_DNS,
  XAI_PHASE_CONNECT,
  XAI_PHASE_PROXY, /* it refused */
  XAI_PHASE_TLS,
  XAI_PHASE_SEND,
  XAI_PHASE_WAIT,
  XAI_PHASE_BODY,
  XAI_PHASE_STREAM,
  XAI_PHASE_IDLE,
  XAI_PHASE_DEADLINE
} xai_Phase;

const char *xai_kind_name(xai_Kind kind);
const char *xai_phase_name(xai_Phase phase); /* NULL for NONE */

/* A failure: its kind, where, and one line of text. */
typedef struct xai_Error {
  xai_Kind kind;
  xai_Phase phase;
  char text[320];
} xai_Error;

/* Record a failure unless one is recorded; the first is the cause.  A long
** text is cut, never inside a character. */
void xai_error_set(xai_Error *f, xai_Kind kind, xai_Phase phase,
                   const char *text);

/*
** What the library itself refuses or finds wrong.  A table in error.c gives the
** kind, the phase and the words of each.
*/
typedef enum xai_Cause {
  XAI_CAUSE_NONE,
  XAI_CAUSE_MEMORY,
  XAI_CAUSE_MEMORY_FOR_ANSWER,
  XAI_CAUSE_MEMORY_FOR_EVENT,
  XAI_CAUSE_HEAD_TOO_LONG,
  XAI_CAUSE_TRAILER_TOO_LONG,
  XAI_CAUSE_BODY_TOO_LONG,
  XAI_CAUSE_EVENT_TOO_LONG,        /* while it comes */
  XAI_CAUSE_STREAM_EVENT_TOO_LONG, /* when it is read */
  XAI_CAUSE_STREAM_TOO_LONG,
  XAI_CAUSE_STREAM_MEMORY,
  XAI_CAUSE_STREAM_CUT,
  XAI_CAUSE_STREAM_EMPTY,
  XAI_CAUSE_NO_STREAM,
  XAI_CAUSE_EVENT_NOT_JSON,
  XAI_CAUSE_EVENT_TOO_DEEP,
  XAI_CAUSE_HEAD_CUT,
  XAI_CAUSE_TWO_LENGTHS,
  XAI_CAUSE_ANSWER_NOT_JSON,
  XAI_CAUSE_ANSWER_TOO_DEEP,
  XAI_CAUSE_ANSWER_UNPROVEN,
  XAI_CAUSE_CONNECTION_WAS_CLOSED,
  XAI_CAUSE_PROXY_WANTS_LOGIN,
  XAI_CAUSE_REDIRECT,
  XAI_CAUSE_PENDING,
  XAI_CAUSE_TIMEOUT,
  XAI_CAUSE_NO_KEY,
  XAI_CAUSE_KEY_FUNCTION_FAILED,
  XAI_CAUSE_CANCELLED,
  XAI_CAUSE_ENGINE_CLOSED,
  XAI_CAUSE_CLIENT_CLOSED,
  XAI_CAUSE_STREAM_CLOSED,
  XAI_CAUSE_FORKED
} xai_Cause;

/* Record that failure, unless one is recorded. */
void xai_error_set_cause(xai_Error *f, xai_Cause cause);

/* The kind and the words of that failure. */
xai_Kind xai_cause_kind(xai_Cause cause);
const char *xai_cause_text(xai_Cause cause);

/* What an error body says.  Empty buffers are what it does not say. */
typedef struct xai_ErrorBody {
  xai_Buffer message;
  xai_Buffer code;
  xai_Buffer type;
  xai_Buffer param;
} xai_ErrorBody;

void xai_error_body_init(xai_ErrorBody *c);
void xai_error_body_free(xai_ErrorBody *c);

/*
** Read an error body of any shape, see complaint.c: JSON, plain text, XML, HTML
** (its title), nothing.  What was read before is forgotten.  Texts are
** cut at 500 bytes, never inside a character, and control characters in them
** become blanks; the message has a NUL behind it.  XAI_OK; XAI_ENOMEM, and
** all texts are empty.
*/
int xai_error_body_read(xai_ErrorBody *c, const char *body, size_t n);

/*
** The kind of an error answer.  'status' 200 stands for an error reported
** inside a successful answer or stream.
*/
xai_Kind xai_error_classify(int status, const xai_ErrorBody *c);

/* Does its code or its message have that word, in any case? */
int xai_error_body_has(const xai_ErrorBody *c, const char *word);

/* Does it tell of something that passes by itself? */
int xai_error_body_is_transient(const xai_ErrorBody *c);

/* Is it a status that passes by itself? */
int xai_status_is_transient(int status);

/* The standard phrase of a status, or "". */
const char *xai_status_phrase(int status);

/* May the same request succeed when it is sent again? */
int xai_error_retryable(xai_Kind kind, int status);

#pragma GCC visibility pop

#endif
