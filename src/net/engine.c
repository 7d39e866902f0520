/*
** engine.c - all calls of one Lua state on one multi handle.
**
** libcurl reports which sockets to watch (on_socket) and when it must be called
** (on_timer).  A step serves the sockets that are ready, collects the
** transfers that finished, and acts on the calls that are due.
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
#include "net/curl_library.h"

/* --------------------------------------------------------------- lifetime */

static int open_multi(xai_Engine *e);
static void abandon_after_fork(xai_Engine *e);
static void end_all_calls(xai_Engine *e);

/* Was the multi handle opened by this process, not by its parent? */
static int is_own_process(const xai_Engine *e) {
  return e->process == xai_process_id();
}

xai_Engine *xai_engine_new(void) {
  xai_Engine *e = (xai_Engine *)calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  e->refs = 1;
  e->interrupt = -1;
  e->curl_due_ms = e->calls_due_ms = e->wake_ms = XAI_NEVER;
  xai_random_init(&e->random);
  xai_buffer_init(&e->scratch, 0);
  if (open_multi(e) == 0) return e;
  xai_engine_unref(e);
  return NULL;
}

xai_Engine *xai_engine_ref(xai_Engine *e) {
  e->refs++;
  return e;
}

void xai_engine_unref(xai_Engine *e) {
  if (--e->refs > 0) return;
  xai_engine_close(e); /* the pool may have got handles since it was closed */
  if (e->news.first != NULL) xai_guard_forget(&e->news);
  xai_buffer_wipe(&e->scratch);
  free(e);
}

void xai_engine_close(xai_Engine *e) {
  CURLM *multi;
  if (e->multi != NULL && !is_own_process(e)) abandon_after_fork(e);
  xai_engine_listen(e, 0);
  multi = e->multi;
  e->multi = NULL; /* first, so that no call starts meanwhile */
  end_all_calls(e);
  xai_easy_pool_clear(&e->pool);
  if (multi != NULL) curl_multi_cleanup(multi);
  xai_conn_guard_forget(&e->guard);
  xai_poller_close(&e->poller);
}

void xai_engine_check_fork(xai_Engine *e) {
  if (e->multi == NULL || is_own_process(e)) return;
  abandon_after_fork(e);
  open_multi(e);
}

/* ----------------------------------------------------------- multi handle */

#define MAX_IDLE_CONNECTIONS 256L
#define MAX_STREAMS_PER_CONNECTION 1000L

/* libcurl's callback: watch a socket for 'what'.  'known' is NULL the first
** time, later what curl_multi_assign set. */
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

/* libcurl's callback: call it in 'wait_ms' milliseconds; -1: no longer. */
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

/*
** Programs that the host starts must not inherit the pair of sockets by which
** libcurl wakes a multi handle.  New descriptors get the lowest free numbers,
** so the pair is looked for there.  More than two are checked, as other threads
** may open descriptors at the same time.
*/
#define CHECKED 8
#define PAIR 2

static int find_free(int *fds) {
  int fd, n = 0;
  for (fd = 0; n < CHECKED && fd < FD_SETSIZE; fd++)
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
  int fds[CHECKED], i, found = 0;
  int n = xai_curl_leaks_wakeup_pair() ? find_free(fds) : 0;
  CURLM *multi = curl_multi_init();
  for (i = 0; i < n && found < PAIR; i++) {
    if (!is_unix_socket(fds[i])) continue;
    fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    found++;
  }
  return multi;
}

/* If the engine listens for Ctrl-C, watch the listener's descriptor, too. */
static void watch_interrupt(xai_Engine *e) {
  int fd = xai_interrupt_fd(e->interrupt);
  if (fd >= 0 && e->poller.fd >= 0) xai_poller_watch(&e->poller, fd, 1, 0, 0);
}

/* Open the multi handle and its poller for this process.  Returns 0, or -1
** without memory. */
static int open_multi(xai_Engine *e) {
  xai_poller_open(&e->poller);
  watch_interrupt(e);
  xai_conn_guard_init(&e->guard);
  e->process = xai_process_id();
  e->multi = new_multi();
  if (e->multi == NULL) return -1;
  set_options(e);
  return 0;
}

/* Replace a broken multi handle that has no transfers.  Without memory it stays
** broken, until the next try. */
static void replace_multi(xai_Engine *e) {
  CURLM *old = e->multi, *multi = new_multi();
  if (multi == NULL) return;
  e->multi = multi;
  curl_multi_cleanup(old);
  e->curl_due_ms = XAI_NEVER; /* it was the old handle's */
  e->multi_broken = 0;
  set_options(e);
}

/*
** Let libcurl serve a socket ('what' is of CURL_CSELECT_*) or its timer
** (CURL_SOCKET_TIMEOUT).  If libcurl runs out of memory, the handle is broken
** and is not used until it is rebuilt.
*/
static void drive(xai_Engine *e, curl_socket_t fd, int what) {
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

/* Let libcurl act on its timer if it has expired, or tell a server of a cut
** transfer.  Returns 1 when libcurl was called. */
static int drive_timer(xai_Engine *e) {
  if (!e->needs_drive && xai_clock_ms() < e->curl_due_ms) return 0;
  e->needs_drive = 0;
  e->curl_due_ms = XAI_NEVER; /* before the call, which sets the next one */
  drive(e, CURL_SOCKET_TIMEOUT, 0);
  return 1;
}

/* After so long between two steps, the host was busy elsewhere. */
#define BUSY_MS 50

/*
** Time that the host spent elsewhere does not count as server silence.  What
** the servers sent meanwhile is still unread.  Sockets are served in turn, so
** it is read within the next 'unread_backlog' steps.  No idle timeout strikes
** during these.
*/
static void note_absence(xai_Engine *e, int most) {
  int64_t now = xai_clock_ms();
  if (e->unread_backlog == 0 && now - e->served_ms > BUSY_MS)
    e->unread_backlog = 1 + e->active / most;
  e->served_ms = now;
}

/* The poller was asked: the backlog is smaller, or gone. */
static void reduce_backlog(xai_Engine *e) {
  if (!e->poller.full)
    e->unread_backlog = 0;
  else if (e->unread_backlog > 0)
    e->unread_backlog--;
}

/* Serve a socket, or the descriptor of the listener for Ctrl-C. */
static void serve_ready(xai_Engine *e, const xai_Ready *r, int interrupt) {
  int what = (r->readable ? CURL_CSELECT_IN : 0) |
             (r->writable ? CURL_CSELECT_OUT : 0) |
             (r->failed ? CURL_CSELECT_ERR : 0);
  if (r->fd == interrupt)
    xai_interrupt_drain(e->interrupt); /* the interrupt stays noted */
  else
    drive(e, r->fd, what);
}

/*
** Wait up to 'wait_ms' milliseconds (negative: without limit) for sockets, and
** serve at most 'most' of those that are ready (0: XAI_MAX_READY).  Returns 1
** when any was ready.
*/
static int serve_sockets(xai_Engine *e, int64_t wait_ms, int most) {
  xai_Ready ready[XAI_MAX_READY];
  int i, n, interrupt = xai_interrupt_fd(e->interrupt);
  if (most <= 0 || most > XAI_MAX_READY) most = XAI_MAX_READY;
  note_absence(e, most);
  n = xai_poller_wait(&e->poller, ready, most, wait_ms);
  reduce_backlog(e);
  for (i = 0; i < n && e->multi != NULL; i++)
    serve_ready(e, &ready[i], interrupt);
  return n > 0;
}

/* The same without a poller: libcurl looks at all its sockets itself. */
static void serve_all_sockets(xai_Engine *e, int64_t wait_ms) {
  int wait = wait_ms > 1000 || wait_ms < 0 ? 1000 : (int)wait_ms;
  if (wait > 0) curl_multi_poll(e->multi, NULL, 0, wait, NULL);
  drive(e, CURL_SOCKET_TIMEOUT, 0);
  e->unread_backlog = 0;
}

/* --------------------------------------------------------- lists of calls */

/* Append a call by its link; nothing happens when it is in the list. */
static void list_append(xai_CallList *list, xai_CallLink *link, xai_Call *c) {
  if (link->list != NULL) return;
  link->list = list;
  link->call = c;
  link->prev = list->last;
  link->next = NULL;
  if (list->last)
    list->last->next = link;
  else
    list->first = link;
  list->last = link;
}

/* Take a link out of its list; nothing happens when it is in none. */
static void list_remove(xai_CallLink *link) {
  xai_CallList *list = link->list;
  if (list == NULL) return;
  link->list = NULL;
  if (link->prev)
    link->prev->next = link->next;
  else
    list->first = link->next;
  if (link->next)
    link->next->prev = link->prev;
  else
    list->last = link->prev;
}

/* ------------------------------------------------------------ ready queue */

/* Queue a call, if it is watched. */
static void ready_queue_add(xai_Engine *e, xai_Call *c) {
  if (c->watched) list_append(&e->ready_queue, &c->in_ready_queue, c);
}

xai_Call *xai_engine_next_ready(xai_Engine *e) {
  xai_CallLink *link = e->ready_queue.first;
  if (link == NULL) return NULL;
  list_remove(link);
  return link->call;
}

void xai_engine_watch(xai_Engine *e, xai_Call *c) {
  c->watched = 1;
  if (xai_call_is_ready(c)) ready_queue_add(e, c);
}

void xai_engine_unwatch(xai_Engine *e, xai_Call *c) {
  if (!c->watched) return;
  c->watched = 0;
  list_remove(&c->in_ready_queue);
  xai_engine_free_finished(e, c);
}

/* --------------------------------------------- what follows from a change */

/* A call has something to read: this step does not wait any more. */
static void note_progress(xai_Engine *e, xai_Call *c) {
  e->progress = 1;
  ready_queue_add(e, c);
}

/* A call may be due earlier than all others now. */
static void note_due(xai_Engine *e, const xai_Call *c) {
  int64_t due = xai_call_due(c);
  if (due < e->calls_due_ms) e->calls_due_ms = due;
}

/* A call has ended. */
static void note_end(xai_Engine *e, const xai_Call *c) {
  e->active--;
  if (c->draining) e->resting--;
}

void xai_engine_settle(xai_Engine *e, xai_Call *c) {
  if (c->guard != NULL) xai_guard_list(&e->news, xai_call_settle(c));
}

/* List the news of a guarded call. */
static void note_guard(xai_Engine *e, xai_Call *c) {
  if (c->guard == NULL) return;
  if (c->guard->has_failure) xai_guard_list(&e->news, c->guard);
  if (xai_call_is_settled(c)) xai_engine_settle(e, c);
}

/* A call may have changed its state.  'was_active': it was not done before. */
static void note_change(xai_Engine *e, xai_Call *c, int was_active) {
  if (c->state != XAI_CALL_WAITING) list_remove(&c->in_start_queue);
  note_due(e, c);
  note_guard(e, c);
  if (was_active && c->state == XAI_CALL_DONE) {
    note_end(e, c);
    note_progress(e, c);
  } else if ((c->state == XAI_CALL_WAITING && !c->retry_told) ||
             c->answer_wanted) {
    note_progress(e, c);
  }
  if (e->active == 0) e->calls_due_ms = XAI_NEVER;
}

/* Queue the calls whose transfers received bytes. */
static void queue_received(xai_Engine *e) {
  xai_Transfer *t = e->received;
  e->received = NULL;
  while (t != NULL) {
    xai_Transfer *next = t->received_next;
    t->in_received = 0;
    note_due(e, t->call);
    note_progress(e, t->call);
    t = next;
  }
}

/* Set the poller's timer to the moment of the next step. */
static void arm_timer(xai_Engine *e) {
  int64_t wait = xai_engine_timeout(e), now;
  if (e->poller.timer < 0) return;
  now = xai_clock_ms();
  xai_poller_arm(&e->poller, wait < 0 ? XAI_NEVER : now + wait, now);
}

/* ---------------------------------------------------- ends of many calls */

static void end_all_calls(xai_Engine *e) {
  xai_CallLink *link;
  for (link = e->calls.last; link != NULL; link = link->prev) {
    xai_Call *c = link->call;
    if (c->state == XAI_CALL_DONE) continue;
    xai_call_abort(c, XAI_CAUSE_ENGINE_CLOSED);
    note_guard(e, c);
    note_end(e, c);
    ready_queue_add(e, c);
  }
}

/*
** After a fork, calls in flight belong to the parent.  Cleaning up the multi
** handle would send TLS goodbyes on the parent's connections, so it is leaked.
** Only this process's copies of the descriptors are closed.
*/
static void abandon_after_fork(xai_Engine *e) {
  xai_CallLink *link;
  for (link = e->calls.last; link != NULL; link = link->prev) {
    xai_Call *c = link->call;
    if (c->state != XAI_CALL_RUNNING && c->state != XAI_CALL_WAITING) continue;
    list_remove(&c->in_start_queue);
    xai_call_abandon_after_fork(c);
    if (c->guard != NULL) c->guard->forked = 1;
    note_guard(e, c);
    note_end(e, c);
    ready_queue_add(e, c);
  }
  e->curl_due_ms = e->calls_due_ms = XAI_NEVER;
  e->needs_drive = 0;
  e->multi = NULL;
  xai_conn_guard_abandon_after_fork(&e->guard);
  xai_poller_close(&e->poller);
}

/*
** Without memory to record a socket, libcurl's tables of sockets are wrong, and
** using them again would crash.  The handle is replaced; attempts in flight end
** for lack of memory.
*/
static void rebuild_multi(xai_Engine *e) {
  xai_CallLink *link;
  if (!e->multi_broken || e->multi == NULL) return;
  for (link = e->calls.last; link != NULL; link = link->prev) {
    if (link->call->state != XAI_CALL_RUNNING) continue;
    xai_call_abort(link->call, XAI_CAUSE_MEMORY);
    note_change(e, link->call, 1);
  }
  replace_multi(e);
}

/* ------------------------------------------------------------------ calls */

/* Attempts begun in one step: each may cost a connection, up to 0.5 ms. */
#define MAX_STARTS 4

int xai_engine_start(xai_Engine *e, xai_Call *c, const xai_Request *r) {
  int rc, held = c->guard != NULL;
  int later = !held && r->delay_ms <= 0 &&
              (e->starts >= MAX_STARTS || e->start_queue.first != NULL);
  xai_engine_check_fork(e);
  rebuild_multi(e);
  c->random = &e->random;
  c->pool = &e->pool;
  c->transfer.received = &e->received;
  c->transfer.conn.guard = &e->guard;
  list_append(&e->calls, &c->in_calls, c);
  e->active++;
  if (later) list_append(&e->start_queue, &c->in_start_queue, c);
  if (held) c->guard->id = ++e->guard_ids;
  rc = xai_call_begin(c, r, e->multi, later || held);
  if (!held) e->starts++;
  note_change(e, c, 1);
  arm_timer(e);
  return rc;
}

/* End a call.  Returns 1 when libcurl must tell the server. */
static int end_call(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  int was_running = c->state == XAI_CALL_RUNNING;
  xai_engine_check_fork(e);
  if (c->state == XAI_CALL_DONE || c->state == XAI_CALL_NEW) return 0;
  xai_call_abort(c, cause);
  note_change(e, c, 1);
  if (e->active == 0) e->needs_drive = 1; /* a watching loop may stop */
  return was_running;
}

/* A transfer was cut off: let libcurl tell the server. */
static void drive_once(xai_Engine *e) {
  if (e->multi != NULL) drive(e, CURL_SOCKET_TIMEOUT, 0);
  rebuild_multi(e);
}

void xai_engine_cancel(xai_Engine *e, xai_Call *c, xai_Cause cause) {
  if (end_call(e, c, cause)) drive_once(e);
  arm_timer(e);
}

void xai_engine_cancel_client(xai_Engine *e, unsigned long client_id) {
  xai_CallLink *link;
  for (link = e->calls.last; link != NULL; link = link->prev)
    if (link->call->request.client_id == client_id) {
      xai_engine_cancel(e, link->call, XAI_CAUSE_CLIENT_CLOSED);
      xai_call_end_key(link->call);
    }
  if (e->pool.client_id == client_id) xai_easy_pool_clear(&e->pool);
}

static void unlink_and_free(xai_Call *c) {
  list_remove(&c->in_ready_queue);
  list_remove(&c->in_start_queue);
  list_remove(&c->in_calls);
  xai_call_free(c);
}

void xai_engine_release(xai_Engine *e, xai_Call *c) {
  c->watched = 0;
  if (end_call(e, c, XAI_CAUSE_CANCELLED)) e->needs_drive = 1;
  xai_engine_settle(e, c);
  queue_received(e);
  unlink_and_free(c);
  arm_timer(e);
}

void xai_engine_free_finished(xai_Engine *e, xai_Call *c) {
  xai_CallHandle *h = c->handle;
  if (!c->at_rest || c->state != XAI_CALL_DONE || h == NULL || h->in_use)
    return;
  queue_received(e);
  if (c->in_ready_queue.list != NULL) return; /* its end is not reported yet */
  h->info = xai_call_info(c);
  h->call = NULL;
  unlink_and_free(c);
}

/* --------------------------------------------------- what readers ask for */

int xai_engine_consume(xai_Engine *e, xai_Call *c) {
  int rc, was_paused = c->transfer.paused;
  if (was_paused) xai_engine_check_fork(e);
  rc = xai_call_consume(c);
  if (was_paused) {
    note_due(e, c);
    arm_timer(e);
  }
  return rc;
}

void xai_engine_consume_bytes(xai_Engine *e, xai_Call *c, size_t n) {
  int was_paused = c->transfer.paused;
  if (was_paused) xai_engine_check_fork(e);
  xai_call_consume_bytes(c, n);
  if (!was_paused) return;
  note_due(e, c);
  arm_timer(e);
}

static int try_again(xai_Engine *e, xai_Call *c) {
  xai_engine_check_fork(e);
  if (!xai_call_try_again(c)) return 0;
  note_change(e, c, 1);
  drive_once(e);
  arm_timer(e);
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
  xai_engine_check_fork(e);
  if (xai_call_use_key(c, &e->scratch, key) != 0) return -1;
  note_change(e, c, 1);
  arm_timer(e);
  return 0;
}

void xai_engine_set_replay(xai_Engine *e, xai_Call *c, const xai_Replay *r) {
  xai_call_set_replay(c, r);
  note_change(e, c, 1);
  arm_timer(e);
}

static void drain_call(xai_Engine *e, xai_Call *c) {
  xai_engine_check_fork(e);
  if (c->state != XAI_CALL_RUNNING || c->draining) return;
  e->resting++;
  xai_call_drain(c);
  note_change(e, c, c->state != XAI_CALL_DONE);
  arm_timer(e);
}

void xai_engine_end_reading(xai_Engine *e, xai_Call *c) {
  drain_call(e, c);
  if (c->state != XAI_CALL_DONE) return;
  xai_call_end_well(c);
  xai_call_forget_key(c);
}

/* ------------------------------------------------------------------- step */

static xai_Call *call_of(CURL *easy) {
  void *p = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
  return (xai_Call *)p;
}

/* Tell the calls whose transfers have finished.  libcurl's count of running
** transfers is no guide: it may be late. */
static void collect_finished(xai_Engine *e) {
  CURLMsg *m;
  int left;
  while (e->multi != NULL &&
         (m = curl_multi_info_read(e->multi, &left)) != NULL) {
    xai_Call *c = call_of(m->easy_handle);
    CURLcode code = m->data.result; /* 'm' is freed with the easy handle */
    if (m->msg != CURLMSG_DONE || c == NULL) continue;
    xai_call_finish(c, code);
    note_change(e, c, 1);
    xai_engine_free_finished(e, c);
  }
}

/* Let a call act on the time; one that waits begins an attempt. */
static void tick(xai_Engine *e, xai_Call *c, int64_t now_ms) {
  if (c->state == XAI_CALL_WAITING) e->starts++;
  xai_call_tick(c, e->multi, now_ms, e->unread_backlog);
}

/* Begin delayed calls, as many as this step may. */
static void start_queued(xai_Engine *e) {
  while (e->start_queue.first != NULL && e->starts < MAX_STARTS) {
    xai_Call *c = e->start_queue.first->call;
    list_remove(&c->in_start_queue);
    tick(e, c, xai_clock_ms());
    note_change(e, c, 1);
  }
}

/* May this step act on the call's time?  Retries count as starts. */
static int may_tick(const xai_Engine *e, const xai_Call *c) {
  return c->state != XAI_CALL_WAITING || e->starts < MAX_STARTS;
}

/* Act on the calls that are due.  Without a change a call's time only moves
** later, so none is looked at before 'calls_due_ms'. */
static void tick_due_calls(xai_Engine *e) {
  int64_t now = xai_clock_ms();
  xai_CallLink *link, *next;
  if (now < e->calls_due_ms) return;
  e->calls_due_ms = XAI_NEVER;
  for (link = e->calls.first; link != NULL; link = next) {
    xai_Call *c = link->call;
    int was_active = c->state != XAI_CALL_DONE;
    next = link->next;
    if (now >= xai_call_due(c) && may_tick(e, c)) tick(e, c, now);
    note_change(e, c, was_active);
    xai_engine_free_finished(e, c);
  }
}

void xai_engine_admit(xai_Engine *e, xai_Call *c, int each_attempt) {
  xai_engine_check_fork(e);
  if (!xai_call_is_held(c)) return;
  xai_call_admit(c, each_attempt);
  list_append(&e->start_queue, &c->in_start_queue, c);
  start_queued(e);
  note_due(e, c);
  arm_timer(e);
}

void xai_engine_refuse(xai_Engine *e, xai_Call *c, const char *code,
                       const char *text) {
  xai_engine_check_fork(e);
  if (!xai_call_is_held(c)) return;
  xai_call_refuse(c, code, text);
  note_change(e, c, 1);
  arm_timer(e);
}

/* How long the step may wait, when its caller allows 'wait_ms'. */
static int64_t allowed_wait(const xai_Engine *e, int64_t wait_ms) {
  int64_t due = xai_engine_timeout(e);
  if (e->progress || e->received != NULL || e->ready_queue.first != NULL ||
      e->start_queue.first != NULL)
    return 0;
  if (due < 0) return wait_ms;
  return wait_ms < 0 || due < wait_ms ? due : wait_ms;
}

static int step_with_poller(xai_Engine *e, int64_t wait_ms, int most) {
  int moved = drive_timer(e);
  collect_finished(e);
  start_queued(e);
  /* Received bytes are read before timeouts are checked. */
  moved |= serve_sockets(e, allowed_wait(e, wait_ms), most);
  moved |= drive_timer(e);
  return moved;
}

static void step_without_poller(xai_Engine *e, int64_t wait_ms) {
  start_queued(e);
  serve_all_sockets(e, allowed_wait(e, wait_ms));
  e->needs_drive = 0;
}

int xai_engine_step(xai_Engine *e, int64_t wait_ms, int most) {
  int moved = 0;
  xai_engine_check_fork(e);
  if (e->multi == NULL) return 0;
  if (e->interrupt >= 0) xai_interrupt_hold();
  e->progress = e->starts = 0;
  if (e->poller.fd >= 0)
    moved = step_with_poller(e, wait_ms, most);
  else
    step_without_poller(e, wait_ms);
  collect_finished(e);
  tick_due_calls(e);
  rebuild_multi(e);
  queue_received(e);
  arm_timer(e);
  return moved || e->starts > 0;
}

/* ------------------------------------------------------ other event loops */

/* When libcurl or a call is due next. */
static int64_t next_due(const xai_Engine *e) {
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
  if (e->ready_queue.first != NULL || e->start_queue.first != NULL ||
      e->news.first != NULL || e->needs_drive)
    return 0;
  if (xai_interrupt_pending(e->interrupt)) return 0;
  due = next_due(e);
  if (e->wake_ms < due) due = e->wake_ms;
  if (due == XAI_NEVER) return -1;
  now = xai_clock_ms();
  return due > now ? due - now : 0;
}

void xai_engine_wake_at(xai_Engine *e, int64_t at_ms) {
  xai_engine_check_fork(e);
  e->wake_ms = at_ms;
  arm_timer(e);
}

int xai_engine_fd(xai_Engine *e) {
  int fd;
  xai_engine_check_fork(e);
  fd = e->multi ? xai_poller_show(&e->poller) : -1;
  arm_timer(e);
  return fd;
}

static void stop_listening(xai_Engine *e) {
  int fd = xai_interrupt_fd(e->interrupt);
  if (fd >= 0 && e->poller.fd >= 0) xai_poller_forget(&e->poller, fd);
  xai_interrupt_close(e->interrupt);
  e->interrupt = -1;
}

int xai_engine_listen(xai_Engine *e, int on) {
  if (on == (e->interrupt >= 0)) return 0;
  xai_engine_check_fork(e);
  if (!on) {
    stop_listening(e);
    return 0;
  }
  if (e->multi == NULL) return -1;
  e->interrupt = xai_interrupt_open();
  watch_interrupt(e);
  return e->interrupt >= 0 ? 0 : -1;
}

int xai_engine_interrupted(xai_Engine *e, int take) {
  return take ? xai_interrupt_take(e->interrupt)
              : xai_interrupt_pending(e->interrupt);
}
