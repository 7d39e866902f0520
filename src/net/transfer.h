/*
** transfer.h - one HTTP exchange on one easy handle.
**
** libcurl's callbacks only store what they get.  The engine and the call read
** it after libcurl has returned.
*/
#ifndef XAI_NET_TRANSFER_H
#define XAI_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/endpoint.h"
#include "base/output.h"
#include "base/recording.h"
#include "base/sse.h"
#include "net/conn_guard.h"

#pragma GCC visibility push(hidden)

/* A call of the user, see call.h. */
typedef struct xai_Call xai_Call;

/* What a call knows of its request from the start to the end. */
typedef struct xai_RequestSpec {
  int posts;               /* the method is POST, with a body */
  int heads;               /* the method is HEAD */
  int deletes;             /* the method is DELETE */
  int repeatable;          /* repeating it cannot repeat its effect */
  int free_form;           /* the answer may be of any form */
  int pending_ok;          /* an empty 202 means: not ready yet */
  int is_job;              /* it asks for a job, see XAI_JOB */
  int read_once;           /* the service gives a successful answer only once */
  int key_changes;         /* each attempt may have another key */
  int own_request_id;      /* x-client-request-id is not the user's */
  int default_settings;    /* the settings are those of the client */
  unsigned long client_id; /* of the client that makes the request */
} xai_RequestSpec;

/* What is sent.  Strings must live until xai_transfer_open returns; 'body'
** and 'patches' until the transfer is closed. */
typedef struct xai_Request {
  const char *method;
  const char *url;
  const char *body; /* NULL: none */
  size_t body_len;
  int stream;        /* an answer that is an event stream is parsed as such */
  int raw;           /* the answer's type alone tells whether it is a stream */
  int may_stream;    /* the answer may be a stream though none was asked for */
  int takes_bytes;   /* the answer may be a stream of bytes */
  xai_Slice patches; /* a JSON list of what makes other bodies; empty: none */
  int record;        /* the answer is recorded */
  xai_Replay replay; /* the answer, if it does not come from a server */
  int64_t delay_ms;  /* until the first attempt */
  xai_RequestSpec spec; /* xai_call_begin adds what the method tells */
} xai_Request;

/* 1 if repeating the request cannot repeat its effect: for the methods GET, HEAD
** and DELETE, and where the request says so. */
int xai_request_is_repeatable(const xai_Request *r);

/* What the body of the answer is. */
typedef enum xai_Content {
  XAI_CONTENT_UNKNOWN, /* its first bytes have not come */
  XAI_CONTENT_PLAIN,   /* collected in 'body' */
  XAI_CONTENT_EVENTS,  /* parsed by 'sse' */
  XAI_CONTENT_BYTES    /* read from 'body' while it comes */
} xai_Content;

/* Bytes of an error answer's body that are kept; the rest is not read. */
#define XAI_MAX_ERROR ((size_t)1 << 20)

typedef struct xai_Transfer {
  xai_Connection conn; /* and the easy handle */

  /* Facts about the request. */
  int wants_events;  /* it asked for an event stream */
  int may_stream;    /* the answer may be a stream all the same */
  int raw;           /* the answer's type alone tells whether it is a stream */
  int takes_bytes;   /* the answer may be a stream of bytes */
  int no_body;       /* the method is HEAD */
  int may_share;     /* HTTP/2 is possible */
  int tunnel_port;   /* of the proxy that must open a tunnel, or 0 */
  int max_resends;   /* requests that libcurl may send again by itself */
  size_t max_buffer; /* unread bytes of a stream before it is paused */
  size_t max_error;  /* bytes of an error answer that are kept */
  int is_replay;     /* the answer is given by xai_transfer_deliver */

  /* The answer. */
  xai_Buffer head;    /* the last status line and its headers */
  xai_Buffer body;    /* unless it is known to be an event stream */
  xai_Sse sse;        /* when it is an event stream */
  xai_Output *output; /* where a body of success goes instead; NULL: nowhere */
  int status;         /* 0 until a status line came */
  int in_head;        /* a head has begun and is not complete */
  int head_done; /* the final head is complete; heads of 1xx do not count */
  int type_is_events; /* its Content-Type is that of event streams */
  int type_is_other;  /* its Content-Type is JSON or HTML */
  int type_is_json;   /* it is JSON, or missing */
  int body_begun;     /* bytes of the body came */
  int content_known;  /* it is decided what the body is */
  xai_Content content;
  size_t other_head;       /* bytes of earlier heads and of trailers */
  xai_Recording recording; /* of the body, if it is wanted */

  /* The exchange. */
  int paused;          /* the buffer is full: libcurl delivers no body */
  int discard;         /* what comes is not wanted any more */
  int stale;           /* nothing was sent: the connection cannot be used */
  int reports_sends;   /* libcurl tells when it sends the request */
  int sends;           /* how often it was sent in this attempt */
  int opens;           /* sockets that were opened for it */
  int opens_late;      /* one of them after it was sent */
  int opened_port;     /* the remote port of the last of them */
  curl_off_t uploaded; /* bytes of the request's body */
  int64_t last_ms;     /* xai_clock_ms of the last byte in either direction */
  xai_Cause cause;     /* why a callback stopped it, or XAI_CAUSE_NONE */
  char curl_error[CURL_ERROR_SIZE];

  /* The engine's list of transfers that received bytes. */
  struct xai_Transfer **received;
  struct xai_Transfer *received_next;
  int in_received; /* it is in the list */
  xai_Call *call;  /* whose transfer it is */
} xai_Transfer;

/* Make it empty.  Nothing is acquired.  'guard' and 'received' must be set
** before it is opened. */
void xai_transfer_init(xai_Transfer *t, const xai_Settings *set);

/*
** Prepare an easy handle that can be added to a multi handle.  'headers' must
** live as long as the transfer.  'used' is NULL or a handle from the pool, when
** both requests are POSTs with the same settings.  Returns CURLE_OK, or why the
** request cannot be made.
*/
CURLcode xai_transfer_open(xai_Transfer *t, CURL *used, const xai_Request *r,
                           struct curl_slist *headers, const xai_Settings *set);

/* Is the answer an event stream, or may it turn out to be one at its end? */
int xai_transfer_may_be_events(const xai_Transfer *t);

/*
** Does the answer's head say how its end is known?  Without a length, a
** connection that is cut looks like the end; so does compressed text that is cut.
*/
int xai_transfer_has_known_end(const xai_Transfer *t);

/* The length of the body that the head tells; -1: it does not. */
int64_t xai_transfer_length(const xai_Transfer *t);

/* The body has ended: decide what it is, unless that is decided. */
void xai_transfer_end_body(xai_Transfer *t);

/* Forget the answer, before another attempt. */
void xai_transfer_clear(xai_Transfer *t);

/* Free the easy handle; the answer stays.  It must not be in a multi handle. */
void xai_transfer_free_easy(xai_Transfer *t);

/* Send this body with the next attempt.  It must live until the transfer is
** closed. */
void xai_transfer_set_body(xai_Transfer *t, const char *body, size_t n);

/* Take the easy handle out, for another request with the same settings.
** Nothing in it refers to this transfer any more. */
CURL *xai_transfer_take_easy(xai_Transfer *t);

/* Free everything. */
void xai_transfer_close(xai_Transfer *t);

/* Take a whole head, or a piece of a body, as if libcurl had brought it.  Returns
** CURLE_OK, or CURLE_WRITE_ERROR when the transfer stops. */
CURLcode xai_transfer_deliver_head(xai_Transfer *t, xai_Slice head);
CURLcode xai_transfer_deliver(xai_Transfer *t, xai_Slice piece);

/* Let a paused transfer go on.  It may deliver at once, so it must not be
** called by a callback. */
void xai_transfer_resume(xai_Transfer *t);

/* Drop 'n' bytes of a stream of bytes that were read.  The same. */
void xai_transfer_consume(xai_Transfer *t, size_t n);

/* Make libcurl deliver bytes that it may have kept.  See transfer.c. */
void xai_transfer_nudge(xai_Transfer *t);

/* Throw away what comes from now on.  A paused transfer goes on. */
void xai_transfer_discard(xai_Transfer *t);

/* The head of the answer as it came; valid until more of it comes. */
xai_Slice xai_transfer_head(const xai_Transfer *t);

#pragma GCC visibility pop

#endif
