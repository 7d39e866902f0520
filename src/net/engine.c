/*
** engine.c - all calls of one Lua state on one multi handle.
*/
#define _POSIX_C_SOURCE 200112L

#include "net/engine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "base/interrupt.h"
#include "base/platform.h"
#include "net/call_private.h"
#include "net/curl_facts.h"

/* ---------------------------------- calls that wait for their turn to begin */

/* Put a call at the end of the line. */
static void start_queue_add(xai_Engine *e, xai_Call *c) {
  c->in_start_queue = 1;
  c->start_prev = e->start_last;
  c->start_next = NULL;
  if (e->start_last)
    e->start_last->start_next = c;
  else
    e->start_first = c;
  e->start_last = c;
}

/* Take a call out; nothing happens when it is not in the line. */
static void start_queue_remove(xai_Engine *e, xai_Call *c) {
  if (!c->in_start_queue) return;
  c->in_start_queue = 0;
  if (c->start_prev)
    c->start_prev->start_next = c->start_next;
  else
    e->start_first = c->start_next;
  if (c->start_next)
    c->start_next->start_prev = c->start_prev;
  else
    e->start_last = c->start_prev;
}

/* -------------- watched calls that have news, in the order in which it came */

static void ready_queue_add(xai_Engine *e, xai_Call *c) {
  if (!c->watched || c->queued) return;
  c->queued = 1;
  c->ready_prev = e->ready_last;
  c->ready_next = NULL;
  if (e->ready_last)
    e->ready_last->ready_next = c;
  else
    e->ready_first = c;
  e->ready_last = c;
}

static void ready_queue_remove(xai_Engine *e, xai_Call *c) {
  if (!c->queued) return;
  c->queued = 0;
  if (c->ready_prev)
    c->ready_prev->ready_next = c->ready_next;
  else
    e->ready_first = c->ready_next;
  if (c->ready_next)
    c->ready_next->ready_prev = c->ready_prev;
  else
    e->ready_last = c->ready_prev;
}

xai_Call *xai_engine_ready(xai_Engine *e) {
  xai_Call *c = e->ready_first;
  if (c != NULL) ready_queue_remove(e, c);
  return c;
}

/* -------------------------------------------------------------------- multi */

/*
** an engine's multi handle: its sockets, its timer, its process.
*/

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

/* Let the descriptor tell of Ctrl-C, too, if the engine listens for that. */
static void multi_watch_interrupt(xai_Engine *e) {
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
  int n = xai_curl_leaks_wakeup_pair() ? find_free(fds) : 0;
  CURLM *multi = curl_multi_init();
  for (i = 0; i < n && found < PAIR; i++) {
    if (!is_unix_socket(fds[i])) continue;
    fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    found++;
  }
  return multi;
}

/* Make the multi handle and the descriptor, for this process.  0, or -1
** without memory. */
static int multi_open(xai_Engine *e) {
  xai_poller_open(&e->poller);
  multi_watch_interrupt(e);
  xai_conn_guard_init(&e->guard);
  e->process = xai_process_id();
  e->multi = new_multi();
  if (e->multi == NULL) return -1;
  set_options(e);
  return 0;
}

/*
** Let libcurl serve a socket ('what' is of CURL_CSELECT_*), or its timer
** (CURL_SOCKET_TIMEOUT).  Where that takes more memory than there is,
** 'spoiled' is set, and nothing is done until the handle is renewed.
*/
static void multi_act(xai_Engine *e, curl_socket_t fd, int what) {
  CURLMcode rc;
  int running;
  if (e->multi_broken) return;
  e->guard.turn++;
  if (e->poller.fd >= 0)
    rc = curl_multi_socket_action(e->multi, fd, what, &running);
  else
    rc = curl_multi_perform(e->multi, &running);
  if (rc == CURLM_OUT_OF_MEMORY) e->multi_broken = 1;
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
  if (e->unread_backlog == 0 && now - e->served_ms > BUSY_MS)
    e->unread_backlog = 1 + e->active / most;
  e->served_ms = now;
}

static void note_turns(xai_Engine *e) {
  if (!e->poller.full)
    e->unread_backlog = 0;
  else if (e->unread_backlog > 0)
    e->unread_backlog--;
}

/*
** Wait up to 'wait_ms' (negative: without limit) for sockets and serve those
** that are ready, 'most' (0: no limit) at the most.  Were there any?
*/
static int multi_serve(xai_Engine *e, int64_t wait_ms, int most) {
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
    multi_act(e, ready[i].fd, what);
  }
  return n > 0;
}

/* The same where there is no poller: libcurl looks at its sockets itself. */
static void multi_serve_all(xai_Engine *e, int64_t wait_ms) {
  int wait = wait_ms > 1000 || wait_ms < 0 ? 1000 : (int)wait_ms;
  if (wait > 0) curl_multi_poll(e->multi, NULL, 0, wait, NULL);
  multi_act(e, CURL_SOCKET_TIMEOUT, 0);
  e->unread_backlog = 0; /* it has looked at all of them */
}

/* Put a new handle in the place of a spoiled one without transfers.  0, or
** -1 without memory. */
static int multi_reset(xai_Engine *e) {
  CURLM *old = e->multi, *fed = new_multi();
  if (fed == NULL) return -1;
  e->multi = fed;
  curl_multi_cleanup(old);
  e->curl_due_ms = XAI_NEVER; /* the old one's */
  e->multi_broken = 0;
  set_options(e);
  return 0;
}

/* Were they made by this process, and not by one that it was forked from? */
static int multi_is_ours(const xai_Engine *e) {
  return e->process == xai_process_id();
}

/*
** Cleaning up would say goodbye on TLS connections that the other process
** goes on with, so the handles are lost; their descriptors are closed.
*/
static void multi_leave(xai_Engine *e) {
  e->multi = NULL;
  xai_conn_guard_abandon_after_fork(&e->guard);
  xai_poller_close(&e->poller);
}

/* --------------------------- all calls of one Lua state on one multi handle */

#define MAX_STARTS 4 /* in one step: each may cost a connection, up to 0.5 ms */

/* -------------------------------------------------------------- lifetime */

xai_Engine *xai_engine_new(void) {
  xai_Engine *e = (xai_Engine *)calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  e->refs = 1;
  e->interrupt = -1;
  e->curl_due_ms = e->calls_due_ms = e->wake_ms = XAI_NEVER;
  xai_random_init(&e->random);
  xai_buffer_init(&e->scratch, 0);
  if (multi_open(e) == 0) return e;
  xai_engine_unref(e);
  return NULL;
}

xai_Engine *xai_engine_ref(xai_Engine *e) {
  e->refs++;
  return e;
}

void xai_engine_unref(xai_Engine *e) {
  if (--e->refs > 0) return;
  xai_engine_close(e); /* also what was given back since it was closed */
  xai_buffer_wipe(&e->scratch);
  free(e);
}

static void unlink_call(xai_Engine *e, xai_Call *c) {
  start_queue_remove(e, c);
  if (c->prev) c->prev->next = c->next;
  if (c->next) c->next->prev = c->prev;
  if (e->calls == c) e->calls = c->next;
  if (e->oldest == c) e->oldest = c->prev;
  c->prev = c->next = NULL;
}

/*
** In a process that was forked: what is under way is the other process's.
** Nothing may be sent there, nor be taken out of what it watches.
*/
static void leave(xai_Engine *e) {
  xai_Call *c;
  for (c = e->calls; c != NULL; c = c->next) {
    if (c->state != XAI_CALL_RUNNING && c->state != XAI_CALL_WAITING) continue;
    start_queue_remove(e, c);
    xai_call_abandon_after_fork(c);
    e->active--;
    if (c->draining) e->resting--;
    ready_queue_add(e, c);
  }
  e->curl_due_ms = e->calls_due_ms = XAI_NEVER;
  e->needs_drive = 0;
  multi_leave(e);
}

void xai_engine_enter(xai_Engine *e) {
  if (e->multi == NULL || multi_is_ours(e)) return;
  leave(e);
  multi_open(e);
}

void xai_engine_close(xai_Engine *e) {
  CURLM *multi;
  xai_Call *c;
  if (e->multi != NULL && !multi_is_ours(e)) leave(e);
  xai_engine_listen(e, 0);
  multi = e->multi;
  e->multi = NULL; /* closed first: nothing may start meanwhile */
  for (c = e->calls; c != NULL; c = c->next) {
    if (c->state == XAI_CALL_DONE) continue;
    xai_call_abort(c, XAI_CAUSE_ENGINE_CLOSED);
    e->active--;
    if (c->draining) e->resting--;
    ready_queue_add(e, c);
  }
  xai_easy_pool_drop(&e->pool);
  if (multi != NULL) curl_multi_cleanup(multi);
  xai_conn_guard_forget(&e->guard);
  xai_poller_close(&e->poller);
}

/* ----------------------------------------------------------------- calls */

static void tell(xai_Engine *e, xai_Call *c) {
  e->progress = 1;
  ready_queue_add(e, c);
}

/* What came, or that its reader went on, may make a call's time earlier. */
static void note_due(xai_Engine *e, const xai_Call *c) {
  int64_t due = xai_call_due(c);
  if (due < e->calls_due_ms) e->calls_due_ms = due;
}

/* Queue the calls whose transfers got something. */
static void gather_fed(xai_Engine *e) {
  xai_Transfer *t = e->fed;
  e->fed = NULL;
  while (t != NULL) {
    xai_Transfer *next = t->fed_next;
    t->in_fed_list = 0;
    note_due(e, t->call);
    tell(e, t->call);
    t = next;
  }
}

/* Set the timer of the shown descriptor to the next moment of work. */
static void rearm(xai_Engine *e) {
  int64_t wait = xai_engine_timeout(e), now;
  if (e->poller.timer < 0) return;
  now = xai_clock_ms();
  xai_poller_arm(&e->poller, wait < 0 ? XAI_NEVER : now + wait, now);
}

/* Keep 'active' and 'calls_due_ms' right after something changed a call. */
static void changed(xai_Engine *e, xai_Call *c, int was_active) {
  int64_t due;
  if (c->state != XAI_CALL_WAITING) start_queue_remove(e, c);
  due = xai_call_due(c);
  if (due < e->calls_due_ms) e->calls_due_ms = due;
  if (was_active && c->state == XAI_CALL_DONE) {
    e->active--;
    if (c->draining) e->resting--;
    tell(e, c);
  } else if (c->state == XAI_CALL_WAITING && !c->retry_told) {
    tell(e, c);
  }
  if (e->active == 0) e->calls_due_ms = XAI_NEVER;
}

/*
** libcurl had no memory to note a socket.  What it then knows of its sockets
** would end the process when they are used again, so it begins anew; the
** attempts that are under way are lost.
*/
static void rebuild_multi(xai_Engine *e) {
  xai_Call *c;
  if (!e->multi_broken || e->multi == NULL) return;
  for (c = e->calls; c != NULL; c = c->next) {
    if (c->state != XAI_CALL_RUNNING) continue;
    xai_call_abort(c, XAI_CAUSE_MEMORY);
    changed(e, c, 1);
  }
  multi_reset(e);
}

int xai_engine_start(xai_Engine *e, xai_Call *c, const xai_Request *r) {
  int rc, later = e->starts >= MAX_STARTS || e->start_first != NULL;
  xai_engine_enter(e);
  rebuild_multi(e);
  c->random = &e->random;
  c->pool = &e->pool;
  c->next = e->calls;
  if (e->calls) e->calls->prev = c;
  if (e->oldest == NULL) e->oldest = c;
  e->calls = c;
  e->active++;
  c->transfer.fed_list = &e->fed;
  c->transfer.conn.guard = &e->guard;
  if (later) start_queue_add(e, c);
  rc = xai_call_begin(c, r, e->multi, later);
  e->starts++;
  changed(e, c, 1);
  rearm(e);
  return rc;
}

/* After a transfer was cut off libcurl needs one turn to tell the server. */
static void drive_once(xai_Engine *e) {
  if (e->multi != NULL) multi_act(e, CURL_SOCKET_TIMEOUT, 0);
  rebuild_multi(e);
}

/* End a call.  Whether libcurl has something to tell the server of it. */
static int end_call(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  int was_running = c->state == XAI_CALL_RUNNING;
  xai_engine_enter(e);
  if (c->state == XAI_CALL_DONE || c->state == XAI_CALL_NEW) return 0;
  xai_call_abort(c, cause);
  changed(e, c, 1);
  if (e->active == 0) e->needs_drive = 1; /* who watches us may stop */
  return was_running;
}

void xai_engine_cancel(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  if (end_call(e, c, cause)) drive_once(e);
  rearm(e);
}

void xai_engine_cancel_client(xai_Engine *e, unsigned long client_id) {
  xai_Call *c;
  for (c = e->calls; c != NULL; c = c->next)
    if (c->client_id == client_id) {
      xai_engine_cancel(e, c, XAI_CAUSE_CLIENT_CLOSED);
      xai_call_end_key(c);
    }
  if (e->pool.client_id == client_id) xai_easy_pool_drop(&e->pool);
}

/*
** Called by finalizers, at any moment: no other transfer may move meanwhile,
** so the server is told with the next step, which is asked for at once.
*/
void xai_engine_release(xai_Engine *e, xai_Call *c) {
  c->watched = 0;
  if (end_call(e, c, XAI_CAUSE_CANCELLED)) e->needs_drive = 1;
  gather_fed(e);
  ready_queue_remove(e, c);
  unlink_call(e, c);
  xai_call_free(c);
  rearm(e);
}

void xai_engine_let_go(xai_Engine *e, xai_Call *c) {
  xai_CallHandle *h = c->handle;
  if (!c->at_rest || c->state != XAI_CALL_DONE || h == NULL || h->in_use)
    return;
  gather_fed(e);
  if (c->queued) return; /* others read it, too, and must hear of its end */
  h->info = xai_call_info(c);
  h->call = NULL;
  unlink_call(e, c);
  xai_call_free(c);
}

void xai_engine_watch(xai_Engine *e, xai_Call *c) {
  c->watched = 1;
  if (xai_call_is_ready(c)) ready_queue_add(e, c);
}

void xai_engine_unwatch(xai_Engine *e, xai_Call *c) {
  if (!c->watched) return;
  c->watched = 0;
  ready_queue_remove(e, c);
  xai_engine_let_go(e, c);
}

int xai_engine_consume(xai_Engine *e, xai_Call *c) {
  int rc, was_paused = c->transfer.paused;
  if (was_paused) xai_engine_enter(e);
  rc = xai_call_consume(c);
  if (was_paused) {
    note_due(e, c);
    rearm(e);
  }
  return rc;
}

/* ------------------------------------------------------- what readers do */

static int try_again(xai_Engine *e, xai_Call *c) {
  xai_engine_enter(e);
  if (!xai_call_try_again(c)) return 0;
  changed(e, c, 1);
  drive_once(e);
  rearm(e);
  return 1;
}

int xai_engine_fail_by_event(xai_Engine *e, xai_Call *c) {
  if (try_again(e, c)) return 0;
  xai_call_fail_by_event(c);
  xai_engine_cancel(e, c, XAI_CAUSE_CANCELLED);
  return 1;
}

void xai_engine_fail_reading(xai_Engine *e, xai_Call *c) {
  if (c->state != XAI_CALL_DONE) xai_engine_cancel(e, c, c->reader.cause);
  xai_call_fail_reading(c);
}

void xai_engine_stop(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  xai_engine_cancel(e, c, cause);
  xai_call_replace_error(c, cause);
}

/* The event becomes info.body, so the key is masked in it. */
void xai_engine_refuse_event(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  xai_call_mask_buffer(c, &c->transfer.sse.in);
  xai_engine_stop(e, c, cause);
}

int xai_engine_use_key(xai_Engine *e, xai_Call *c, const char *key) {
  xai_engine_enter(e);
  if (xai_call_use_key(c, &e->scratch, key) != 0) return -1;
  changed(e, c, 1);
  rearm(e);
  return 0;
}

static void drain_call(xai_Engine *e, xai_Call *c) {
  xai_engine_enter(e);
  if (c->state != XAI_CALL_RUNNING || c->draining) return;
  e->resting++;
  xai_call_drain(c);
  changed(e, c, c->state != XAI_CALL_DONE);
  rearm(e);
}

void xai_engine_end_reading(xai_Engine *e, xai_Call *c) {
  drain_call(e, c);
  if (c->state != XAI_CALL_DONE) return;
  xai_call_end_well(c);
  xai_call_forget_key(c);
}

/* ------------------------------------------------------------------ step */

static xai_Call *call_of(CURL *easy) {
  void *p = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
  return (xai_Call *)p;
}

/* Finished transfers, whatever the count of running ones says. */
static void drain(xai_Engine *e) {
  CURLMsg *m;
  int left;
  while (e->multi != NULL &&
         (m = curl_multi_info_read(e->multi, &left)) != NULL) {
    xai_Call *c = call_of(m->easy_handle);
    CURLcode code = m->data.result; /* 'm' dies with the handle's removal */
    if (m->msg != CURLMSG_DONE || c == NULL) continue;
    xai_call_finish(c, code);
    changed(e, c, 1);
    xai_engine_let_go(e, c);
  }
}

static int serve_timer(xai_Engine *e) {
  if (!e->needs_drive && xai_clock_ms() < e->curl_due_ms) return 0;
  e->needs_drive = 0;
  e->curl_due_ms = XAI_NEVER; /* before the call: it sets the next one */
  multi_act(e, CURL_SOCKET_TIMEOUT, 0);
  return 1;
}

/* Calls whose turn it is to begin. */
static void serve_line(xai_Engine *e) {
  while (e->start_first != NULL && e->starts < MAX_STARTS) {
    xai_Call *c = e->start_first;
    start_queue_remove(e, c);
    e->starts++;
    xai_call_tick(c, e->multi, xai_clock_ms(), e->unread_backlog);
    changed(e, c, 1);
  }
}

/* May this call's time be served in this step? */
static int may_tick(xai_Engine *e, const xai_Call *c) {
  return c->state != XAI_CALL_WAITING || e->starts++ < MAX_STARTS;
}

/* Calls whose time has come.  Their times only move later by themselves, so
** looking at all of them is needed only when the earliest one is reached. */
static void serve_calls(xai_Engine *e) {
  int64_t now = xai_clock_ms();
  xai_Call *c, *next;
  if (now < e->calls_due_ms) return;
  e->calls_due_ms = XAI_NEVER;
  for (c = e->oldest; c != NULL; c = next) {
    int was_active = c->state != XAI_CALL_DONE;
    next = c->prev;
    if (now >= xai_call_due(c) && may_tick(e, c))
      xai_call_tick(c, e->multi, now, e->unread_backlog);
    changed(e, c, was_active);
    xai_engine_let_go(e, c);
  }
}

/* How long a step may wait, given that the caller allows 'wait_ms'. */
static int64_t allowed_wait(const xai_Engine *e, int64_t wait_ms) {
  int64_t due = xai_engine_timeout(e);
  if (e->progress || e->fed != NULL || e->ready_first != NULL ||
      e->start_first != NULL)
    return 0;
  if (due < 0) return wait_ms;
  return wait_ms < 0 || due < wait_ms ? due : wait_ms;
}

int xai_engine_step(xai_Engine *e, int64_t wait_ms, int most) {
  int moved = 0;
  xai_engine_enter(e);
  if (e->multi == NULL) return 0;
  if (e->interrupt >= 0) xai_interrupt_hold();
  e->progress = e->starts = 0;
  if (e->poller.fd >= 0) {
    moved |= serve_timer(e);
    drain(e);
    serve_line(e);
    /* What has come is read before anybody's time is judged. */
    moved |= multi_serve(e, allowed_wait(e, wait_ms), most);
    moved |= serve_timer(e);
  } else {
    serve_line(e);
    multi_serve_all(e, allowed_wait(e, wait_ms));
    e->needs_drive = 0;
  }
  drain(e);
  serve_calls(e);
  rebuild_multi(e);
  gather_fed(e);
  rearm(e);
  return moved || e->starts > 0;
}

/* The next moment at which something of the engine's own is due. */
static int64_t own_due(const xai_Engine *e) {
  int64_t due = e->curl_due_ms;
  long curl_ms = -1;
  if (e->active == 0) return XAI_NEVER; /* idle connections need nothing */
  if (e->poller.fd < 0) {
    curl_multi_timeout(e->multi, &curl_ms);
    due = curl_ms < 0 ? XAI_NEVER : xai_clock_ms() + curl_ms;
  }
  return e->calls_due_ms < due ? e->calls_due_ms : due;
}

int64_t xai_engine_timeout(const xai_Engine *e) {
  int64_t due, now;
  if (e->multi == NULL) return -1;
  if (e->ready_first != NULL || e->start_first != NULL || e->needs_drive)
    return 0;
  if (xai_interrupt_pending(e->interrupt)) return 0;
  due = own_due(e);
  if (e->wake_ms < due) due = e->wake_ms;
  if (due == XAI_NEVER) return -1;
  now = xai_clock_ms();
  return due > now ? due - now : 0;
}

void xai_engine_wake_at(xai_Engine *e, int64_t at_ms) {
  xai_engine_enter(e);
  e->wake_ms = at_ms;
  rearm(e);
}

int xai_engine_fd(xai_Engine *e) {
  int fd;
  xai_engine_enter(e);
  fd = e->multi ? xai_poller_show(&e->poller) : -1;
  rearm(e);
  return fd;
}

int xai_engine_listen(xai_Engine *e, int on) {
  if (on == (e->interrupt >= 0)) return 0;
  xai_engine_enter(e);
  if (!on) {
    int fd = xai_interrupt_fd(e->interrupt);
    if (fd >= 0 && e->poller.fd >= 0) xai_poller_forget(&e->poller, fd);
    xai_interrupt_close(e->interrupt);
    e->interrupt = -1;
    return 0;
  }
  if (e->multi == NULL) return -1;
  e->interrupt = xai_interrupt_open();
  multi_watch_interrupt(e);
  return e->interrupt >= 0 ? 0 : -1;
}

int xai_engine_interrupted(xai_Engine *e, int take) {
  return take ? xai_interrupt_take(e->interrupt)
              : xai_interrupt_pending(e->interrupt);
}
