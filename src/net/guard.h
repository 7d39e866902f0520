/*
** guard.h - what is told of a call that a budget or a limiter guards.
**
** No attempt of a guarded call begins before it is admitted.  The engine lists
** what happens to the call; it is told of each failed attempt that is repeated,
** and once of its settlement.  The call is settled when nothing can change what
** it cost: its answer is here, its stream was read to the end, or nobody will
** read it any more.
*/
#ifndef XAI_NET_GUARD_H
#define XAI_NET_GUARD_H

#include "base/error.h"
#include "base/usage.h"
#include "net/call_info.h"

#pragma GCC visibility push(hidden)

typedef struct xai_Guard {
  unsigned long id; /* given by the engine */
  int each_attempt; /* later attempts wait to be admitted, too */
  xai_Usage usage;  /* of the last attempt */

  /* The engine's list of news. */
  struct xai_Guard *next;
  int listed;

  /* The last attempt that failed and is repeated, if that was not told yet. */
  int has_failure;
  xai_Kind failure;
  int64_t wait_ms; /* until the next attempt */
  int64_t hint_ms; /* the wait that the service asked for, or -1 */

  /* The end. */
  int settled;
  int forked; /* the call belongs to the process that this one came from */
  xai_CallInfo info;
  xai_Error error;
  xai_Buffer head; /* empty without memory */
} xai_Guard;

/* The guards with news, oldest first. */
typedef struct xai_GuardNews {
  xai_Guard *first, *last;
} xai_GuardNews;

/* A new guard, or NULL without memory. */
xai_Guard *xai_guard_new(void);

/* Free a guard that is in no list; NULL is allowed. */
void xai_guard_free(xai_Guard *g);

/* An attempt failed, and another one follows in 'wait_ms'.  'hint_ms': the wait
** that the service asked for, or -1. */
void xai_guard_note_failure(xai_Guard *g, xai_Kind kind, int64_t wait_ms,
                            int64_t hint_ms);

/* Append the guard to the list, unless it is there. */
void xai_guard_list(xai_GuardNews *news, xai_Guard *g);

/* Take the first guard out of the list; NULL if it is empty. */
xai_Guard *xai_guard_take(xai_GuardNews *news);

/* Free those in the list that are settled; the others are out of it. */
void xai_guard_forget(xai_GuardNews *news);

#pragma GCC visibility pop

#endif
