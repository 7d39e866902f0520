/*
** poller.c - one descriptor for all sockets of an engine and its timer.
**
** Each system has one block, which defines the same seven functions, system_*.
** The functions of poller.h follow at the end; they know no system.
*/
#define _POSIX_C_SOURCE 199309L

#include "net/poller.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"

#if defined(__linux__) && !defined(XAI_NO_EPOLL)

/* ---------------------------------------------------------- Linux: epoll */

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define MAX_EVENTS 64

/* The new descriptor, or -1. */
static int system_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(const xai_Poller *p, int what, int fd, uint32_t events) {
  struct epoll_event ev;
  memset(&ev, 0, sizeof ev);
  ev.events = events;
  ev.data.fd = fd;
  return epoll_ctl(p->fd, what, fd, &ev);
}

static void system_watch(const xai_Poller *p, int fd, int read, int write,
                         int known) {
  uint32_t events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
  if (control(p, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, events) == 0)
    return;
  /* The socket was closed, and its number was used again. */
  control(p, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events);
}

static void system_forget(const xai_Poller *p, int fd) {
  control(p, EPOLL_CTL_DEL, fd, 0);
}

static int system_wait(xai_Poller *p, xai_Ready *out, int max, int wait_ms) {
  struct epoll_event ev[MAX_EVENTS];
  int i, n, count = 0;
  if (max > MAX_EVENTS) max = MAX_EVENTS;
  n = epoll_wait(p->fd, ev, max, wait_ms);
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

static int system_await(int fd, int wait_ms) {
  struct pollfd p;
  p.fd = fd;
  p.events = POLLIN;
  p.revents = 0;
  return poll(&p, 1, wait_ms) > 0;
}

/* Make the timer, switched off.  Its descriptor, or -1. */
static int system_timer(const xai_Poller *p) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd >= 0) control(p, EPOLL_CTL_ADD, fd, EPOLLIN);
  return fd;
}

/* Setting the time also takes back an expiry that was reported. */
static void system_arm(const xai_Poller *p, int64_t due_ms) {
  struct itimerspec at;
  memset(&at, 0, sizeof at);
  if (due_ms != XAI_NEVER) {
    if (due_ms < 1) due_ms = 1; /* all zero would switch it off */
    at.it_value.tv_sec = (time_t)(due_ms / 1000);
    at.it_value.tv_nsec = (long)(due_ms % 1000) * 1000000;
  }
  timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

#else

/* ------------------------------------------------- other systems: no poller */

static int system_open(void) { return -1; }

static void system_watch(const xai_Poller *p, int fd, int read, int write,
                         int known) {
  (void)p, (void)fd, (void)read, (void)write, (void)known;
}

static void system_forget(const xai_Poller *p, int fd) { (void)p, (void)fd; }

static int system_wait(xai_Poller *p, xai_Ready *out, int max, int wait_ms) {
  (void)p, (void)out, (void)max, (void)wait_ms;
  return 0;
}

static int system_await(int fd, int wait_ms) {
  (void)fd, (void)wait_ms;
  return 0;
}

static int system_timer(const xai_Poller *p) {
  (void)p;
  return -1;
}

static void system_arm(const xai_Poller *p, int64_t due_ms) {
  (void)p, (void)due_ms;
}

#endif

/* ------------------------------------------------------------ all systems */

/* The wait as poll and epoll_wait take it; -1: without limit. */
static int limit_of(int64_t wait_ms) {
  return wait_ms < 0 ? -1 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

int xai_poller_open(xai_Poller *p) {
  p->full = 0;
  p->timer = -1;
  p->armed_ms = XAI_NEVER;
  p->fd = system_open();
  return p->fd < 0 ? -1 : 0;
}

void xai_poller_close(xai_Poller *p) {
  if (p->timer >= 0) close(p->timer);
  if (p->fd >= 0) close(p->fd);
  p->fd = p->timer = -1;
}

void xai_poller_watch(xai_Poller *p, int fd, int read, int write, int known) {
  system_watch(p, fd, read, write, known);
}

void xai_poller_forget(xai_Poller *p, int fd) { system_forget(p, fd); }

int xai_poller_wait(xai_Poller *p, xai_Ready *out, int max, int64_t wait_ms) {
  return system_wait(p, out, max, limit_of(wait_ms));
}

int xai_poller_await(int fd, int64_t wait_ms) {
  return system_await(fd, limit_of(wait_ms));
}

int xai_poller_show(xai_Poller *p) {
  if (p->fd < 0 || p->timer >= 0) return p->fd;
  p->timer = system_timer(p);
  p->armed_ms = XAI_NEVER;
  return p->timer < 0 ? -1 : p->fd;
}

void xai_poller_arm(xai_Poller *p, int64_t due_ms, int64_t now_ms) {
  if (p->timer < 0 || (due_ms == p->armed_ms && due_ms > now_ms)) return;
  p->armed_ms = due_ms;
  system_arm(p, due_ms);
}
