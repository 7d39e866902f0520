/*
** verdict.h - what an attempt brought, and whether to make another one.
*/
#ifndef XAI_VERDICT_H
#define XAI_VERDICT_H

#include "net/call.h"

/* Set the call's fault (or leave it: success) from its finished transfer. */
void xai_verdict_judge(xai_Call *c, CURLcode code);

/*
** How long to wait before another attempt, in milliseconds; -1: there is to
** be none.  A wait that would cross the deadline is not begun.
*/
int64_t xai_verdict_wait(xai_Call *c, int64_t deadline_ms);

#endif
