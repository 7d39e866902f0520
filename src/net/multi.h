/*
** multi.h - an engine's multi handle: its sockets, its timer, its process.
*/
#ifndef XAI_MULTI_H
#define XAI_MULTI_H

#include "net/engine.h"

#pragma GCC visibility push(hidden)

/* So many sockets are served before what they brought is handed out: with 64
** the first event of a burst waits for the 63 others (measured with 256 and
** 1,000 streams: twice the delay, and a tenth more time for all, as the events
** are no longer in the processor's cache). */
#define XAI_MAX_READY 16

/* Make the multi handle and the descriptor, for this process.  0, or -1
** without memory. */
int xai_multi_open(xai_Engine *e);

/*
** Let libcurl serve a socket ('what' is of CURL_CSELECT_*), or its timer
** (CURL_SOCKET_TIMEOUT).  Where that takes more memory than there is,
** 'spoiled' is set, and nothing is done until the handle is renewed.
*/
void xai_multi_act(xai_Engine *e, curl_socket_t fd, int what);

/*
** Wait up to 'wait_ms' (negative: without limit) for sockets and serve those
** that are ready, 'most' (0: no limit) at the most.  Were there any?
*/
int xai_multi_serve(xai_Engine *e, int64_t wait_ms, int most);

/* The same where there is no poller: libcurl looks at its sockets itself. */
void xai_multi_serve_all(xai_Engine *e, int64_t wait_ms);

/* Let the descriptor tell of Ctrl-C, too, if the engine listens for that. */
void xai_multi_watch_interrupt(xai_Engine *e);

/* Put a new handle in the place of a spoiled one without transfers.  0, or
** -1 without memory. */
int xai_multi_renew(xai_Engine *e);

/* Were they made by this process, and not by one that it was forked from? */
int xai_multi_is_ours(const xai_Engine *e);

/* Let go of another process's without touching its connections. */
void xai_multi_leave(xai_Engine *e);

#pragma GCC visibility pop

#endif
