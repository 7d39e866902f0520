/*
** call.h - one call of the user: its attempts, its times, its outcome.
*/
#ifndef XAI_NET_CALL_H
#define XAI_NET_CALL_H

#include "base/platform.h"
#include "base/endpoint.h"
#include "base/error_body.h"
#include "base/event_reader.h"
#include "net/outcome.h"
#include "net/easy_pool.h"
#include "net/transfer.h"

#pragma GCC visibility push(hidden)

typedef enum xai_CallState {
  XAI_CALL_NEW,
  XAI_CALL_RUNNING, /* an attempt is under way */
  XAI_CALL_WAITING, /* for the moment of the next attempt */
  XAI_CALL_DONE     /* the outcome stands (kind NONE: success) */
} xai_CallState;

typedef struct xai_Call {
  xai_Transfer transfer;
  xai_EventReader reader;
  xai_Settings set; /* its strings are only valid while it is opened */
  /* From here on all is zero at first. */
  struct xai_Call *prev, *next;             /* the engine's list */
  struct xai_Call *ready_prev, *ready_next; /* the engine's queue of news */
  struct xai_Call *start_prev, *start_next; /* of those that are to begin */
  int in_start_queue;                       /* it is one of them */
  int queued;                               /* it is in that queue */
  int watched;                              /* its news go into that queue */
  unsigned long client_id;                  /* number of whose call it is */
  CURLM *multi;                             /* while an attempt is under way */
  struct curl_slist *headers;               /* filled before it begins */
  xai_Random *random;
  xai_EasyPool *pool;
  xai_Route route;
  xai_CallState state;
  int default_settings; /* its settings are those of its client */
  int posts;            /* the method is POST, with a body */
  int cut_off;          /* its handle is to leave no connection for others */
  int heads;            /* the method is HEAD */
  int free_form;        /* nothing is known of what the answer will be */
  int deletes;          /* the method is DELETE */
  int repeatable;       /* the method is one that may always be repeated */
  int pending_ok;       /* an empty 202 means: not ready yet */
  int read_once;        /* a success can be read once: what was lost stays so */
  int draining;         /* the reader is done; the connection is to be kept */
  int at_rest;          /* its reader needs no more than what 'hold' keeps */
  int in_use;           /* somebody works with it */
  struct xai_Hold *hold; /* NULL once its reader is no more */
  int retry_told;        /* the wait for the next attempt was told of */
  int key_changes;       /* the key may be another one for each attempt */
  int key_wanted;        /* the next attempt waits for its key */
  int key_refused; /* a new key was asked for because the old one failed */
  int attempts;    /* begun so far */
  int resends;     /* requests that libcurl sent again by itself */
  int timed;       /* the times are wanted */
  xai_Times times; /* of the last attempt */
  int64_t began_ms, attempt_ms, retry_ms, ended_ms, drain_ms;
  int64_t quiet_ms, nudge_ms; /* when bytes last came; when to look again */
  xai_Outcome outcome;
} xai_Call;

/* What there is still to know of a call that is over and at rest. */
typedef struct xai_CallSummary {
  xai_Kind kind;
  xai_Phase phase, phase_reached;
  xai_Api api;
  xai_Content content;
  int status;
  int attempts;
  int resends;
  int raw;
  int events;
  int may_be_done;
  size_t last; /* offset of the journal's last entry */
  int64_t began_ms, ended_ms, retry_after_ms;
  xai_Times times;
} xai_CallSummary;

/* How its reader holds a call.  The call is given back when it is over and at
** rest; then 'call' is NULL, and 'ended' is what is left of it. */
typedef struct xai_Hold {
  struct xai_Engine *engine; /* NULL: it was released */
  xai_Call *call;
  int recalled; /* 'call' is made of 'ended' again, in memory of the reader's */
  xai_CallSummary ended;
} xai_Hold;

/* Make the caller's memory a call in state NEW; nothing is acquired. */
void xai_call_init(xai_Call *c, const xai_Settings *set, xai_Api api, int raw);

/* Give back what it holds; it must not be RUNNING. */
void xai_call_close(xai_Call *c);

/* Nobody reads on: give back what was for its reader. */
void xai_call_rest(xai_Call *c);

/* What is to be known of it when it is over. */
void xai_call_summarize(const xai_Call *c, xai_CallSummary *ended);

/* The reverse: make the caller's memory a call that is over, was read, and
** holds nothing. */
void xai_call_restore(xai_Call *c, const xai_CallSummary *ended);

/* Start the first attempt, with the headers in 'headers'; with 'later' it is
** due at the next tick.  0, or -1: then the call is done. */
int xai_call_begin(xai_Call *c, const xai_Request *r, CURLM *multi, int later);

/* libcurl's verdict on the attempt: done, or another attempt later. */
void xai_call_finish(xai_Call *c, CURLcode code);

/* The next moment at which xai_call_tick has something to do. */
int64_t xai_call_due(const xai_Call *c);

/* Act on the time: give up, or start the next attempt on 'multi'.  'behind':
** something may have come for it that is not read yet, so that its silence
** proves nothing. */
void xai_call_tick(xai_Call *c, CURLM *multi, int64_t now_ms,
                   int unread_backlog);

/* End it now for that cause.  Nothing happens when it is done. */
void xai_call_abort(xai_Call *c, xai_Cause cause);

/* End it in a process that was forked while it was under way.  Its handle
** is the other process's: it is lost here. */
void xai_call_abandon_after_fork(xai_Call *c);

/* The head of a streamed success is in, or the call is done. */
int xai_call_opened(const xai_Call *c);

/* Did it bring an answer that is no stream? */
int xai_call_is_whole(const xai_Call *c);

/* Is there something for its reader? */
int xai_call_is_ready(const xai_Call *c);

/*
** The key.  A call that is done keeps its header lines until everything that
** came was read, so that an echo of the key can be masked.
*/

/* Overwrite with stars each occurrence of a key that the call sends. */
void xai_call_mask(const xai_Call *c, char *s, size_t n);
void xai_call_mask_buffer(const xai_Call *c, xai_Buffer *b);

/* Wipe and release the header lines. */
void xai_call_forget_key(xai_Call *c);

/* The same, after masking all that was not read yet. */
void xai_call_end_key(xai_Call *c);

/* The headers, with another key, for the next attempt, which waits for it. */
void xai_call_set_key(xai_Call *c, struct curl_slist *headers);

/* There is no other key: if the old one was refused, that is the end. */
void xai_call_keep_key(xai_Call *c);

/* If all that the stream shows is a failure that passes, make another attempt
** (or be done, with that failure): 1 where that was so. */
int xai_call_try_again(xai_Call *c);

/* Make the failure that the shown event reports the call's. */
void xai_call_read_event_error(xai_Call *c);

/* The stream could not be read on: make that the call's failure, unless the
** transfer failed in another way. */
void xai_call_take_read_error(xai_Call *c);

/* Make 'cause' the call's failure, in place of what it had. */
void xai_call_replace_error(xai_Call *c, xai_Cause cause);

/* The next event of its stream; see stream.h. */
xai_ReadState xai_call_peek(xai_Call *c);
int xai_call_consume(xai_Call *c);

/* The reader needs no more: let the connection come to rest for reuse. */
void xai_call_drain(xai_Call *c);

/* The call is done, and its stream was read to its proven end: what went wrong
** behind that does not count. */
void xai_call_end_well(xai_Call *c);

#pragma GCC visibility pop

#endif
