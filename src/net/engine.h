/*
** engine.h - all calls of one Lua state on one multi handle.
*/
#ifndef XAI_NET_ENGINE_H
#define XAI_NET_ENGINE_H

#include "base/platform.h"
#include "net/call.h"
#include "net/conn_guard.h"
#include "net/easy_pool.h"
#include "net/poller.h"

#pragma GCC visibility push(hidden)

/* --------------------------- all calls of one Lua state on one multi handle */

/*
** Nothing here waits but xai_engine_step.
*/

typedef struct xai_Engine {
  CURLM *multi; /* NULL once closed */
  long process; /* which it was made by */
  xai_Poller poller;
  xai_ConnGuard guard;
  xai_Random random;
  xai_EasyPool pool;  /* for reuse */
  xai_Buffer scratch; /* for short use; what is in it is nobody's */
  xai_Call *calls, *oldest;
  xai_Transfer *fed; /* those that got something in this step */
  xai_Call *ready_first, *ready_last; /* watched calls with news */
  xai_Call *start_first, *start_last; /* calls that are to begin */
  int64_t curl_due_ms;                /* when libcurl wants to be called */
  int64_t calls_due_ms; /* no call's time comes before this moment */
  int64_t wake_ms;      /* when the outside wants to be woken */
  int progress;         /* something came since the step began */
  int starts;           /* attempts begun since then */
  int64_t served_ms;    /* when sockets last had a turn */
  int unread_backlog; /* steps in which there may be unread answers of calls */
  int interrupt;      /* its listener for Ctrl-C, or -1 */
  int multi_broken;   /* libcurl must not be asked again: see mend */
  int needs_drive;    /* a transfer was cut off: libcurl needs a turn */
  int active;         /* calls that are not done */
  int resting;        /* of them, those whose connection is coming to rest */
  long live;          /* objects that others hold: calls, clients */
  unsigned long client_ids; /* numbers given to owners of calls so far */
  int refs;
} xai_Engine;

/* An engine with one reference, or NULL. */
xai_Engine *xai_engine_new(void);
xai_Engine *xai_engine_ref(xai_Engine *e);
void xai_engine_unref(xai_Engine *e);

/*
** To be called before anything else of the engine is, whenever Lua comes in:
** in a process that was forked, what was under way is the other process's, and
** neither its calls nor its descriptors are touched.
*/
void xai_engine_enter(xai_Engine *e);

/* End all calls (kind 'closed') and release the connections.  A second call
** does nothing. */
void xai_engine_close(xai_Engine *e);

/* Start a new call; it is in the engine's list from here on.  0, or -1: then
** the call is done with its error. */
int xai_engine_start(xai_Engine *e, xai_Call *c, const xai_Request *r);

/* End a call now and tell the server.  Nothing happens when it is done. */
void xai_engine_cancel(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* The same for all calls of one client, whose key is to be forgotten. */
void xai_engine_cancel_client(xai_Engine *e, unsigned long client_id);

/* Go past the event that the call shows; a paused transfer may go on. */
int xai_engine_consume(xai_Engine *e, xai_Call *c);

/* The stream was read to its proven end: let the connection come to rest, or,
** in a call that is done, forget what failed after that end. */
void xai_engine_end_reading(xai_Engine *e, xai_Call *c);

/* If all that the stream shows is a failure that passes, make another attempt:
** 0.  Else the call ends with the failure that the shown event tells of: 1. */
int xai_engine_fail_by_event(xai_Engine *e, xai_Call *c);

/* End a call whose reader could not read on, with its reader's error. */
void xai_engine_fail_reading(xai_Engine *e, xai_Call *c);

/* End a call whose shown event is useless for that cause. */
void xai_engine_refuse_event(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* End a call whose reader wants nothing more, whatever has come. */
void xai_engine_stop(xai_Engine *e, xai_Call *c, xai_Cause cause);

/* See xai_call_use_key. */
int xai_engine_use_key(xai_Engine *e, xai_Call *c, const char *key);

/* Take a call out of all lists, ending it, and free it. */
void xai_engine_release(xai_Engine *e, xai_Call *c);

/* Free a call that is done, at rest and not in use, and sum it up in its
** reader's handle. */
void xai_engine_let_go(xai_Engine *e, xai_Call *c);

/* Does the call enter the ready queue when something came for it?  What is
** here already counts, when that begins. */
void xai_engine_watch(xai_Engine *e, xai_Call *c);
void xai_engine_unwatch(xai_Engine *e, xai_Call *c);

/*
** Move everything that can be moved.  Waits up to 'wait_ms' (negative:
** until something happens), less when news come, a time is due or a signal
** arrives.  With 'most' above 0 no more sockets than that are served.  Was
** anything moved?
*/
int xai_engine_step(xai_Engine *e, int64_t wait_ms, int most);

/* The next watched call that has news, or NULL. */
xai_Call *xai_engine_ready(xai_Engine *e);

/* Milliseconds until a step is needed whatever the descriptor says; -1:
** never. */
int64_t xai_engine_timeout(const xai_Engine *e);

/* Let timeout and descriptor tell of this moment, too; XAI_NEVER: none. */
void xai_engine_wake_at(xai_Engine *e, int64_t at_ms);

/* The one descriptor to watch, or -1. */
int xai_engine_fd(xai_Engine *e);

/* Note Ctrl-C for this engine, or let it be again.  0, or -1: that cannot be. */
int xai_engine_listen(xai_Engine *e, int on);

/* Was it pressed since the last time?  With 'take' it is forgotten then. */
int xai_engine_interrupted(xai_Engine *e, int take);

/* So many sockets are served before what they brought is handed out: with 64
** the first event of a burst waits for the 63 others (measured with 256 and
** 1,000 streams: twice the delay, and a tenth more time for all, as the events
** are no longer in the processor's cache). */
#define XAI_MAX_READY 16

#pragma GCC visibility pop

#endif
