/*
** call_info.h - what a reader holds of its call: a reference, and the facts.
*/
#ifndef XAI_NET_CALL_INFO_H
#define XAI_NET_CALL_INFO_H

#include "net/outcome.h"

#pragma GCC visibility push(hidden)

/* The facts about a call at one moment.  It holds no pointer. */
typedef struct xai_CallInfo {
  xai_Kind kind; /* of its failure; XAI_KIND_NONE: it has none */
  xai_Phase phase;
  int done;               /* the outcome is known */
  int streamed;           /* the answer is an event stream */
  int attempts;           /* begun so far */
  int fallback;           /* number of the patch of the last body; 0: none */
  int resends;            /* requests that libcurl sent again by itself */
  size_t log_last;        /* offset of the event log's last entry */
  int64_t elapsed_ms;     /* since the call began, until its end */
  int64_t retry_after_ms; /* what the server asked for, or -1 */
  xai_Times times;        /* of the last attempt */
  xai_Answered answered;
} xai_CallInfo;

/* How a reader refers to its call.  The engine frees a call that is done, at
** rest and not in use.  Then 'call' is NULL and 'info' has the facts. */
typedef struct xai_CallHandle {
  struct xai_Engine *engine; /* NULL: the reader has released the call */
  xai_Call *call;
  int in_use; /* the reader works with the call, so it must not be freed */
  xai_CallInfo info;
} xai_CallHandle;

#pragma GCC visibility pop

#endif
