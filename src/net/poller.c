/*
** poller.c - one descriptor that tells of many sockets and of one moment.
*/
#define _POSIX_C_SOURCE 199309L

#include "net/poller.h"

#include <limits.h>
#include <string.h>

#include "base/platform.h"

#if defined(__linux__) && !defined(XAI_NO_EPOLL)

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64

int xai_poller_open(xai_Poller *p) {
  p->full = 0;
  p->timer = -1;
  p->armed_ms = XAI_NEVER;
  p->fd = epoll_create1(EPOLL_CLOEXEC);
  return p->fd < 0 ? -1 : 0;
}

void xai_poller_close(xai_Poller *p) {
  if (p->timer >= 0) close(p->timer);
  if (p->fd >= 0) close(p->fd);
  p->fd = p->timer = -1;
}

int xai_poller_await(int fd, int64_t wait_ms) {
  struct pollfd p;
  p.fd = fd;
  p.events = POLLIN;
  p.revents = 0;
  return poll(&p, 1, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms) > 0;
}

void xai_poller_watch(xai_Poller *p, int fd, int read, int write, int known) {
  struct epoll_event ev;
  memset(&ev, 0, sizeof ev);
  ev.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
  ev.data.fd = fd;
  if (epoll_ctl(p->fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) == 0)
    return;
  /* A socket closed and its number used again meanwhile: say it anew. */
  epoll_ctl(p->fd, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
}

void xai_poller_forget(xai_Poller *p, int fd) {
  struct epoll_event ev;
  memset(&ev, 0, sizeof ev);
  epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, &ev);
}

int xai_poller_wait(xai_Poller *p, xai_Ready *out, int max, int64_t wait_ms) {
  struct epoll_event ev[MAX_EVENTS];
  int wait = wait_ms < 0 ? -1 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
  int i, n, count = 0;
  if (max > MAX_EVENTS) max = MAX_EVENTS;
  n = epoll_wait(p->fd, ev, max, wait);
  p->full = n == max;
  for (i = 0; i < n; i++) {
    if (ev[i].data.fd == p->timer) continue;
    out[count].fd = ev[i].data.fd;
    out[count].readable = (ev[i].events & (EPOLLIN | EPOLLHUP)) != 0;
    out[count].writable = (ev[i].events & EPOLLOUT) != 0;
    out[count].failed = (ev[i].events & EPOLLERR) != 0;
    count++;
  }
  return count;
}

int xai_poller_show(xai_Poller *p) {
  struct epoll_event ev;
  if (p->fd < 0 || p->timer >= 0) return p->fd;
  p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (p->timer < 0) return -1;
  memset(&ev, 0, sizeof ev);
  ev.events = EPOLLIN;
  ev.data.fd = p->timer;
  epoll_ctl(p->fd, EPOLL_CTL_ADD, p->timer, &ev);
  p->armed_ms = XAI_NEVER;
  return p->fd;
}

/* Setting the time also takes back an expiry that was reported. */
void xai_poller_arm(xai_Poller *p, int64_t due_ms, int64_t now_ms) {
  struct itimerspec at;
  if (p->timer < 0 || (due_ms == p->armed_ms && due_ms > now_ms)) return;
  memset(&at, 0, sizeof at);
  if (due_ms != XAI_NEVER) {
    if (due_ms < 1) due_ms = 1; /* all zero would switch it off */
    at.it_value.tv_sec = (time_t)(due_ms / 1000);
    at.it_value.tv_nsec = (long)(due_ms % 1000) * 1000000;
  }
  p->armed_ms = due_ms;
  timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

#else

int xai_poller_await(int fd, int64_t wait_ms) {
  (void)fd, (void)wait_ms;
  return 0;
}

int xai_poller_open(xai_Poller *p) {
  p->full = 0;
  p->fd = p->timer = -1;
  p->armed_ms = XAI_NEVER;
  return -1;
}

void xai_poller_close(xai_Poller *p) { (void)p; }

void xai_poller_watch(xai_Poller *p, int fd, int read, int write, int known) {
  (void)p, (void)fd, (void)read, (void)write, (void)known;
}

void xai_poller_forget(xai_Poller *p, int fd) { (void)p, (void)fd; }

int xai_poller_wait(xai_Poller *p, xai_Ready *out, int max, int64_t wait_ms) {
  (void)p, (void)out, (void)max, (void)wait_ms;
  return 0;
}

int xai_poller_show(xai_Poller *p) { return p->fd; }

void xai_poller_arm(xai_Poller *p, int64_t due_ms, int64_t now_ms) {
  (void)p, (void)due_ms, (void)now_ms;
}

#endif
