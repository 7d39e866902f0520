/*
** poller.h - one descriptor that tells of many sockets and of one moment.
** On Linux an epoll descriptor with a timerfd in it.  Elsewhere there is
** none: xai_poller_open says so, and the engine asks libcurl to wait.
*/
#ifndef XAI_NET_POLLER_H
#define XAI_NET_POLLER_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef struct xai_Poller {
  int fd;           /* -1 where there is no such thing */
  int timer;        /* made when the descriptor is first shown outside */
  int full;         /* more may have been ready than the last wait told of */
  int64_t armed_ms; /* what the timer is set to; XAI_NEVER: off */
} xai_Poller;

typedef struct xai_Ready {
  int fd;
  int readable, writable, failed;
} xai_Ready;

/* 0, or -1 where this system has no such descriptor. */
int xai_poller_open(xai_Poller *p);
void xai_poller_close(xai_Poller *p);

/* Watch 'fd', or change what is watched.  'known': it is watched already. */
void xai_poller_watch(xai_Poller *p, int fd, int read, int write, int known);
void xai_poller_forget(xai_Poller *p, int fd);

/*
** Wait up to 'wait_ms' (negative: without limit) for up to 'max' sockets.
** Returns how many are in 'out'; 0 also when a signal came.
*/
int xai_poller_wait(xai_Poller *p, xai_Ready *out, int max, int64_t wait_ms);

/* Wait up to 'wait_ms' for another loop's descriptor.  Is it readable?  0 also
** when a signal came, and where this system has no such descriptors. */
int xai_poller_await(int fd, int64_t wait_ms);

/* The descriptor for other loops; readable also when the timer is due. */
int xai_poller_show(xai_Poller *p);

/* Set the timer of a shown descriptor to a moment of xai_clock_ms. */
void xai_poller_arm(xai_Poller *p, int64_t due_ms, int64_t now_ms);

#pragma GCC visibility pop

#endif
