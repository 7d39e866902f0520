/*
** multi.c - an engine's multi handle: its sockets, its timer, its process.
*/
#define _POSIX_C_SOURCE 200112L

#include "net/multi.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "net/curl_facts.h"

#define MAX_IDLE_CONNECTIONS 256L
#define MAX_STREAMS_PER_CONNECTION 1000L

/* libcurl: watch this socket so.  'known' tells if we watched it before. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ud,
                     void *known) {
  xai_Engine *e = (xai_Engine *)ud;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    xai_poller_forget(&e->poller, (int)fd);
    return 0;
  }
  xai_poller_watch(&e->poller, (int)fd, (what & CURL_POLL_IN) != 0,
                   (what & CURL_POLL_OUT) != 0, known != NULL);
  if (e->multi != NULL) curl_multi_assign(e->multi, fd, (void *)e);
  return 0;
}

static int on_timer(CURLM *multi, long wait_ms, void *ud) {
  xai_Engine *e = (xai_Engine *)ud;
  (void)multi;
  e->curl_due_ms = wait_ms < 0 ? XAI_NEVER : xai_clock_ms() + wait_ms;
  return 0;
}

static void set_options(xai_Engine *e) {
  CURLM *m = e->multi;
  if (e->poller.fd >= 0) {
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, (void *)e);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(m, CURLMOPT_TIMERDATA, (void *)e);
  }
  xai_curl_end_quickly(m);
  curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
#if LIBCURL_VERSION_NUM >= 0x074300
  curl_multi_setopt(m, CURLMOPT_MAX_CONCURRENT_STREAMS,
                    MAX_STREAMS_PER_CONNECTION);
#endif
}

void xai_multi_watch_interrupt(xai_Engine *e) {
  int fd = xai_interrupt_fd(e->interrupt);
  if (fd >= 0 && e->poller.fd >= 0) xai_poller_watch(&e->poller, fd, 1, 0, 0);
}

/*
** The pair that a multi handle is woken by is not for programs that the host
** starts.  What is new has the lowest numbers that were free; other threads may
** have opened things meanwhile.
*/
#define WATCHED 8
#define PAIR 2

static int find_free(int *fds) {
  int fd, n = 0;
  for (fd = 0; n < WATCHED && fd < FD_SETSIZE; fd++)
    if (fcntl(fd, F_GETFD) < 0) fds[n++] = fd;
  return n;
}

static int is_unix_socket(int fd) {
  struct sockaddr_storage a;
  socklen_t n = sizeof a;
  return getsockname(fd, (struct sockaddr *)&a, &n) == 0 &&
         a.ss_family == AF_UNIX;
}

static CURLM *new_multi(void) {
  int fds[WATCHED], i, found = 0;
  int n = xai_curl_is_woken_by_open_pair() ? find_free(fds) : 0;
  CURLM *multi = curl_multi_init();
  for (i = 0; i < n && found < PAIR; i++) {
    if (!is_unix_socket(fds[i])) continue;
    fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    found++;
  }
  return multi;
}

int xai_multi_open(xai_Engine *e) {
  xai_poller_open(&e->poller);
  xai_multi_watch_interrupt(e);
  xai_sockets_init(&e->sockets);
  e->process = xai_process();
  e->multi = new_multi();
  if (e->multi == NULL) return -1;
  set_options(e);
  return 0;
}

void xai_multi_act(xai_Engine *e, curl_socket_t fd, int what) {
  CURLMcode rc;
  int running;
  if (e->spoiled) return;
  e->sockets.turn++;
  if (e->poller.fd >= 0)
    rc = curl_multi_socket_action(e->multi, fd, what, &running);
  else
    rc = curl_multi_perform(e->multi, &running);
  if (rc == CURLM_OUT_OF_MEMORY) e->spoiled = 1;
}

/* So long between two turns, the program was busy with other things. */
#define BUSY_MS 50

/*
** A program that was busy is not to take its own silence for the server's.
** Where more sockets are ready than are served at once, what came for them is
** read in the steps that follow: they have their turns in a circle.
*/
static void note_absence(xai_Engine *e, int most) {
  int64_t now = xai_clock_ms();
  if (e->behind == 0 && now - e->served_ms > BUSY_MS)
    e->behind = 1 + e->active / most;
  e->served_ms = now;
}

static void note_turns(xai_Engine *e) {
  if (!e->poller.full)
    e->behind = 0;
  else if (e->behind > 0)
    e->behind--;
}

int xai_multi_serve(xai_Engine *e, int64_t wait_ms, int most) {
  xai_Ready ready[XAI_MAX_READY];
  int i, n, interrupt = xai_interrupt_fd(e->interrupt);
  if (most <= 0 || most > XAI_MAX_READY) most = XAI_MAX_READY;
  note_absence(e, most);
  n = xai_poller_wait(&e->poller, ready, most, wait_ms);
  note_turns(e);
  for (i = 0; i < n && e->multi != NULL; i++) {
    int what = (ready[i].readable ? CURL_CSELECT_IN : 0) |
               (ready[i].writable ? CURL_CSELECT_OUT : 0) |
               (ready[i].failed ? CURL_CSELECT_ERR : 0);
    if (ready[i].fd == interrupt) {
      xai_interrupt_drain(e->interrupt); /* it stays noted */
      continue;
    }
    xai_multi_act(e, ready[i].fd, what);
  }
  return n > 0;
}

void xai_multi_serve_all(xai_Engine *e, int64_t wait_ms) {
  int wait = wait_ms > 1000 || wait_ms < 0 ? 1000 : (int)wait_ms;
  if (wait > 0) curl_multi_poll(e->multi, NULL, 0, wait, NULL);
  xai_multi_act(e, CURL_SOCKET_TIMEOUT, 0);
  e->behind = 0; /* it has looked at all of them */
}

int xai_multi_renew(xai_Engine *e) {
  CURLM *old = e->multi, *fresh = new_multi();
  if (fresh == NULL) return -1;
  e->multi = fresh;
  curl_multi_cleanup(old);
  e->curl_due_ms = XAI_NEVER; /* the old one's */
  e->spoiled = 0;
  set_options(e);
  return 0;
}

int xai_multi_is_ours(const xai_Engine *e) {
  return e->process == xai_process();
}

/*
** Cleaning up would say goodbye on TLS connections that the other process
** goes on with, so the handles are lost; their descriptors are closed.
*/
void xai_multi_leave(xai_Engine *e) {
  e->multi = NULL;
  xai_sockets_leave(&e->sockets);
  xai_poller_close(&e->poller);
}
