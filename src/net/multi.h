/*
** multi.h - an engine's multi handle: its sockets, its timer, its process.
*/
#ifndef XAI_MULTI_H
#define XAI_MULTI_H

#include "net/engine.h"

/* Make the multi handle and the descriptor, for this process.  0, or -1
** without memory. */
int xai_multi_open(xai_Engine *e);

/* Were they made by this process, and not by one that it was forked from? */
int xai_multi_is_ours(const xai_Engine *e);

/* Let go of another process's without touching its connections. */
void xai_multi_leave(xai_Engine *e);

#endif
