/*
** verdict.h - what an attempt brought, and whether to make another one.
*/
#ifndef XAI_NET_VERDICT_H
#define XAI_NET_VERDICT_H

#include "net/call.h"

#pragma GCC visibility push(hidden)

/* Set the call's fault (or leave it: success) from its finished transfer. */
void xai_outcome_of_attempt(xai_Call *c, CURLcode code);

/* Make the failure that an event of the stream tells of the call's fault. */
void xai_outcome_read_event_error(xai_Call *c, xai_Slice data);

/* Does the first event of the stream, with this data, tell of a failure that
** passes by itself?  Then it is the call's fault. */
int xai_outcome_is_transient_event(xai_Call *c, xai_Slice data);

/*
** How long to wait before another attempt, in milliseconds; -1: there is to
** be none.  A wait that would cross the deadline is not begun.
*/
int64_t xai_outcome_wait(xai_Call *c, int64_t deadline_ms);

#pragma GCC visibility pop

#endif
