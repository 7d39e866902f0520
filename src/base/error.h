/*
** error.h - the kinds of failure, their names, and the record of one.
**
** base/error_body.h finds the kind of an error answer, and net/outcome.h that
** of a failed transfer.
*/
#ifndef XAI_BASE_ERROR_H
#define XAI_BASE_ERROR_H

#pragma GCC visibility push(hidden)

/* What went wrong.  Users see the names that xai_kind_name gives. */
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

/* How far the exchange had come when it failed. */
typedef enum xai_Phase {
  XAI_PHASE_NONE,
  XAI_PHASE_DNS,
  XAI_PHASE_CONNECT,
  XAI_PHASE_PROXY, /* the proxy refused */
  XAI_PHASE_TLS,
  XAI_PHASE_SEND,
  XAI_PHASE_WAIT,
  XAI_PHASE_BODY,
  XAI_PHASE_STREAM,
  XAI_PHASE_IDLE,
  XAI_PHASE_DEADLINE
} xai_Phase;

/* The name that users see.  xai_phase_name gives NULL for XAI_PHASE_NONE. */
const char *xai_kind_name(xai_Kind kind);
const char *xai_phase_name(xai_Phase phase);

/* The kind or phase of that name; NONE for any other. */
xai_Kind xai_kind_find(const char *name);
xai_Phase xai_phase_find(const char *name);

/* One failure.  All zero: none. */
typedef struct xai_Error {
  xai_Kind kind;
  xai_Phase phase;
  char text[320]; /* one line of UTF-8, for people */
} xai_Error;

/*
** Records a failure, unless 'error' holds one: the first failure is the cause.
** A text that is too long is cut between two characters.
*/
void xai_error_set(xai_Error *error, xai_Kind kind, xai_Phase phase,
                   const char *text);

/*
** What the library itself refuses or finds wrong.  A table in error.c gives the
** kind, the phase and the text of each.
*/
typedef enum xai_Cause {
  XAI_CAUSE_NONE,
  XAI_CAUSE_MEMORY,
  XAI_CAUSE_MEMORY_FOR_ANSWER,
  XAI_CAUSE_MEMORY_FOR_EVENT,
  XAI_CAUSE_HEAD_TOO_LONG,
  XAI_CAUSE_TRAILER_TOO_LONG,
  XAI_CAUSE_BODY_TOO_LONG,
  XAI_CAUSE_EVENT_TOO_LONG,        /* found while it arrives */
  XAI_CAUSE_STREAM_EVENT_TOO_LONG, /* found when it is read */
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
  XAI_CAUSE_END_UNPROVABLE, /* found when the body begins */
  XAI_CAUSE_FILE,           /* a file cannot be written; it knows the reason */
  XAI_CAUSE_PICTURE,        /* a picture is no base64; likewise */
  XAI_CAUSE_CONNECTION_WAS_CLOSED,
  XAI_CAUSE_PROXY_WANTS_LOGIN,
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

/* The same as xai_error_set, with kind, phase and text of 'cause'. */
void xai_error_set_cause(xai_Error *error, xai_Cause cause);

/* The kind and the text of 'cause'. */
xai_Kind xai_cause_kind(xai_Cause cause);
const char *xai_cause_text(xai_Cause cause);

#pragma GCC visibility pop

#endif
