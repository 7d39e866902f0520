/*
** call_private.h - the parts of a call.  Only net includes this header; others
** use the functions of call.h.
*/
#ifndef XAI_NET_CALL_PRIVATE_H
#define XAI_NET_CALL_PRIVATE_H

#include "base/endpoint.h"
#include "base/event_reader.h"
#include "base/platform.h"
#include "net/bodies.h"
#include "net/easy_pool.h"
#include "net/outcome.h"
#include "net/transfer.h"

#pragma GCC visibility push(hidden)

typedef enum xai_CallState {
  XAI_CALL_NEW,
  XAI_CALL_RUNNING, /* an attempt is under way */
  XAI_CALL_WAITING, /* the next attempt has a moment at which it begins */
  XAI_CALL_DONE     /* the outcome stands (kind NONE: success) */
} xai_CallState;

/* A place in one of the engine's lists of calls, see engine.h. */
typedef struct xai_CallLink {
  struct xai_CallList *list; /* NULL: in none */
  struct xai_CallLink *prev, *next;
  xai_Call *call; /* the call that this link is part of */
} xai_CallLink;

struct xai_Call {
  xai_Transfer transfer;
  xai_EventReader reader; /* valid if 'has_reader' */
  xai_Api api;            /* of its stream, if its answer is one */
  int raw;                /* events of its stream are taken as they come */
  xai_Settings set; /* Its strings are valid only until the call is opened. */
  /* Everything from here on is zero at first. */
  xai_CallLink in_calls, in_start_queue, in_ready_queue; /* of the engine */
  int watched;  /* it enters the ready queue when something comes */
  CURLM *multi; /* while an attempt is under way */
  struct curl_slist *headers; /* filled before the first attempt */
  xai_Random *random;
  xai_EasyPool *pool;
  xai_Route route;
  xai_RequestSpec request; /* set by xai_call_begin, then constant */
  xai_Replay replay;       /* the answer, if no server gives it */
  xai_CallState state;
  int has_reader; /* the answer is a stream */
  int cut_off;    /* its handle must leave no connection for others */
  int draining;   /* the reader is done; the connection is kept */
  int at_rest;    /* the reader needs no more than its handle keeps */
  struct xai_CallHandle *handle; /* the reader's, or NULL */
  int retry_told;    /* the reader knows of the wait for the next attempt */
  int key_wanted;    /* the next attempt waits for its key */
  int key_refused;   /* the service refused the last key */
  int answer_wanted; /* the attempt, another one of a replay, waits for it */
  int held;          /* the next attempt waits to be admitted */
  struct xai_Guard *guard; /* until the call is settled; NULL: it has none */
  int attempts;            /* begun so far */
  xai_Bodies bodies;
  int resends;        /* requests that libcurl sent again by itself */
  int64_t told_bytes; /* of the last progress that was told */
  int64_t told_ms;    /* when that was */
  int timed;          /* the times are wanted */
  xai_Times times;    /* of the last attempt */
  int64_t began_ms, attempt_ms, retry_ms, ended_ms, drain_ms;
  int64_t quiet_ms, nudge_ms; /* when bytes last came; when to look again */
  xai_Outcome outcome;
};

#pragma GCC visibility pop

#endif
