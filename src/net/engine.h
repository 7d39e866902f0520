/*
** engine.h - all calls of one Lua state on one multi handle.
**
** An engine is driven by xai_engine_step; no other function waits.  Calls that
** have something for their reader come out of xai_engine_next_ready.
*/
#ifndef XAI_NET_ENGINE_H
#define XAI_NET_ENGINE_H

#include "base/platform.h"
#include "net/call.h"
#include "net/conn_guard.h"
#include "net/easy_pool.h"
#include "net/guard.h"
#include "net/poller.h"

#pragma GCC visibility push(hidden)

/* A list of calls, doubly linked; see xai_CallLink in call_private.h. */
typedef struct xai_CallList {
  struct xai_CallLink *first, *last;
} xai_CallList;

typedef struct xai_Engine {
  int refs;
  long process; /* the process that opened the multi handle */

  /* The multi handle and what watches its sockets. */
  CURLM *multi; /* NULL once closed */
  xai_Poller poller;
  xai_ConnGuard guard;
  xai_EasyPool pool;
  int interrupt;    /* listener for Ctrl-C, or -1 */
  int multi_broken; /* libcurl ran out of memory: rebuild_multi comes next */
  int needs_drive;  /* libcurl has yet to tell a server of a cut transfer */

  /* The calls. */
  xai_CallList calls;       /* all of them, oldest first */
  xai_CallList start_queue; /* those whose first attempt is delayed */
  xai_CallList ready_queue; /* watched ones that have something to read */
  xai_Transfer *received;   /* transfers that received bytes in this step */
  int active;               /* calls that are not done */
  int resting;              /* active ones whose reader is done */
  xai_GuardNews news;       /* guards of which something is to be told */
  int guards_all;           /* every call is guarded */
  unsigned long guard_ids;  /* the last id given to a guard */

  /* Moments of xai_clock_ms, or XAI_NEVER. */
  int64_t curl_due_ms;  /* libcurl's timer */
  int64_t calls_due_ms; /* no call is due earlier */
  int64_t wake_ms;      /* set by xai_engine_wake_at */
  int64_t served_ms;    /* when sockets were last served */

  /* The current step. */
  int progress; /* a call got something to read */
  int starts;   /* attempts begun */

  /* So many more steps may leave received bytes unread, see note_absence. */
  int unread_backlog;

  /* Shared by all calls; scratch's contents are undefined between uses. */
  xai_Random random;
  xai_Buffer scratch;

  /* Counted by bind. */
  long live;                /* objects held by Lua: calls, clients */
  unsigned long client_ids; /* the last id given to a client */
} xai_Engine;

/* --------------------------------------------------------------- lifetime */

/* A new engine with one reference, or NULL without memory. */
xai_Engine *xai_engine_new(void);

/* Add a reference; returns 'e'. */
xai_Engine *xai_engine_ref(xai_Engine *e);

/* Drop a reference.  The last one closes and frees the engine. */
void xai_engine_unref(xai_Engine *e);

/* End all calls (kind 'closed') and close the connections.  A second call does
** nothing. */
void xai_engine_close(xai_Engine *e);

/*
** Must be called before any other use of the engine whenever Lua calls C.
** After a fork, calls in flight belong to the parent.  In the child they end
** with XAI_CAUSE_FORKED, nothing is sent, and a new multi handle is opened.
*/
void xai_engine_check_fork(xai_Engine *e);

/* ------------------------------------------------------------------ calls */

/* Start a new call; the engine lists it from here on.  Returns 0, or -1: then
** the call is done with its error. */
int xai_engine_start(xai_Engine *e, xai_Call *c, const xai_Request *r);

/* Let a held call go on, or end it; see call.h.  Other calls stay as they are. */
void xai_engine_admit(xai_Engine *e, xai_Call *c, int each_attempt);
void xai_engine_refuse(xai_Engine *e, xai_Call *c, const char *code,
                       const char *text);

/* A guarded call is settled; nothing happens when it is not guarded, or was
** settled before. */
void xai_engine_settle(xai_Engine *e, xai_Call *c);

/* End a call now, for that cause, and tell the server.  A call that is done
** stays as it is. */
void xai_engine_cancel(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* End all calls of one client and wipe their keys. */
void xai_engine_cancel_client(xai_Engine *e, unsigned long client_id);

/* Take a call out of all lists, end it and free it.  Finalizers may call it: no
** other transfer moves.  The next step tells the server. */
void xai_engine_release(xai_Engine *e, xai_Call *c);

/* Free a call that is done, at rest, not in use and not in the ready queue.
** Its facts go to its reader's handle.  Otherwise nothing happens. */
void xai_engine_free_finished(xai_Engine *e, xai_Call *c);

/* Have the call enter the ready queue whenever something comes for it, at once
** when something is there already; or have it stay out. */
void xai_engine_watch(xai_Engine *e, xai_Call *c);
void xai_engine_unwatch(xai_Engine *e, xai_Call *c);

/* Go past the event that the call shows; a paused transfer may go on.  Returns
** XAI_OK or the error of xai_call_consume. */
int xai_engine_consume(xai_Engine *e, xai_Call *c);

/* Go past 'n' bytes of a stream of bytes; a paused transfer may go on. */
void xai_engine_consume_bytes(xai_Engine *e, xai_Call *c, size_t n);

/* The stream was read to its proven end.  The connection comes to rest for
** reuse; in a call that is done, a failure after that end is forgotten. */
void xai_engine_end_reading(xai_Engine *e, xai_Call *c);

/* The shown event reports a failure.  Returns 0 when it is transient and
** another attempt follows; 1 when the call ended with it. */
int xai_engine_fail_by_event(xai_Engine *e, xai_Call *c);

/* End a call whose reader could not read on, with the reader's cause. */
void xai_engine_fail_reading(xai_Engine *e, xai_Call *c);

/* End a call for 'cause' because its shown event cannot be used. */
void xai_engine_refuse_event(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* End a call for 'cause', which replaces the error it may have already. */
void xai_engine_stop(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* Give the next attempt its key; see xai_call_use_key.  Returns 0, or -1
** without memory. */
int xai_engine_use_key(xai_Engine *e, xai_Call *c, const char *key);

/* Give an attempt of a replay the answer that it waits for. */
void xai_engine_set_replay(xai_Engine *e, xai_Call *c, const xai_Replay *r);

/* ------------------------------------------------------------------- step */

/*
** Do all work that is due, and wait for sockets up to 'wait_ms' milliseconds
** (negative: without limit).  A due time, a signal or something to read ends
** the wait earlier.  At most 'most' sockets are served (0: XAI_MAX_READY).
** Returns 1 when anything happened, else 0.
*/
int xai_engine_step(xai_Engine *e, int64_t wait_ms, int most);

/*
** The most sockets that a step serves before their calls are read.  With 64 the
** first event of a burst waits for the 63 others.  With 256 and 1,000 streams
** the delay was twice as long, and all took a tenth more time, as the events
** were no longer in the processor's cache.
*/
#define XAI_MAX_READY 16

/* Take the next call out of the ready queue; NULL when it is empty. */
xai_Call *xai_engine_next_ready(xai_Engine *e);

/* ----------------------------------------------------- other event loops */

/* Milliseconds until the next step is due, whatever the descriptor says; -1:
** never. */
int64_t xai_engine_timeout(const xai_Engine *e);

/* Count 'at_ms', a moment of xai_clock_ms, as due, too; XAI_NEVER: none. */
void xai_engine_wake_at(xai_Engine *e, int64_t at_ms);

/* The descriptor to watch, or -1.  It is readable when a step is due. */
int xai_engine_fd(xai_Engine *e);

/* Note Ctrl-C for this engine ('on' is 1), or no longer.  Returns 0, or -1 when
** that is impossible. */
int xai_engine_listen(xai_Engine *e, int on);

/* Was Ctrl-C pressed since it was last taken?  'take': forget it. */
int xai_engine_interrupted(xai_Engine *e, int take);

#pragma GCC visibility pop

#endif
