/*
** poller.h - one descriptor for all sockets of an engine and its timer.
**
** On Linux it is an epoll descriptor with a timerfd in it.  Other systems have
** no implementation yet: xai_poller_open fails, and libcurl waits instead.
*/
#ifndef XAI_NET_POLLER_H
#define XAI_NET_POLLER_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef struct xai_Poller {
  int fd;           /* -1: not open, or not supported by this system */
  int timer;        /* made by the first xai_poller_show; -1: none yet */
  int full;         /* the last wait filled 'out': more may be ready */
  int64_t armed_ms; /* when the timer expires; XAI_NEVER: it is off */
} xai_Poller;

/* A socket that is ready, and what for (0 or 1 each). */
typedef struct xai_Ready {
  int fd;
  int readable, writable, failed;
} xai_Ready;

/* Open a poller.  Returns 0, or -1 when the system has none or refuses: then
** 'fd' is -1, and sockets can be neither watched nor waited for. */
int xai_poller_open(xai_Poller *p);

/* Close the descriptors.  A second call does nothing. */
void xai_poller_close(xai_Poller *p);

/* Watch 'fd' for reading, writing or both.  'known': it is watched already, and
** only the events change.  Failures are ignored: the engine's timeouts hold. */
void xai_poller_watch(xai_Poller *p, int fd, int read, int write, int known);

/* Stop watching 'fd'. */
void xai_poller_forget(xai_Poller *p, int fd);

/*
** Wait up to 'wait_ms' milliseconds (negative: without limit) for up to 'max'
** sockets.  Returns how many are in 'out'; 0 after the time, a signal or the
** timer.
*/
int xai_poller_wait(xai_Poller *p, xai_Ready *out, int max, int64_t wait_ms);

/* Wait up to 'wait_ms' milliseconds for a descriptor of another event loop.
** Returns 1 when it is readable; 0 after the time, after a signal, and where
** the system has no poller. */
int xai_poller_await(int fd, int64_t wait_ms);

/* The descriptor for another event loop to watch, or -1.  From the first call
** on it is also readable when the timer has expired. */
int xai_poller_show(xai_Poller *p);

/* Set the timer to 'due_ms', a moment of xai_clock_ms; XAI_NEVER turns it off.
** Nothing happens before the first xai_poller_show. */
void xai_poller_arm(xai_Poller *p, int64_t due_ms, int64_t now_ms);

#pragma GCC visibility pop

#endif
