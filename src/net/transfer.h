/*
** transfer.h - one HTTP exchange on one easy handle.
** The callbacks of libcurl only store; whoever drives the multi handle looks
** at the stored things afterwards.
*/
#ifndef XAI_NET_TRANSFER_H
#define XAI_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/endpoint.h"
#include "base/sse.h"
#include "net/conn_guard.h"

#pragma GCC visibility push(hidden)

/* A call of the user, see call.h. */
typedef struct xai_Call xai_Call;

/* What is sent, and what its answer may be.  Strings must live until
** xai_transfer_open returns; 'body' until the transfer is closed. */
typedef struct xai_Request {
  const char *method;
  const char *url;
  const char *body; /* NULL: none */
  size_t body_len;
  int stream;      /* an answer that is an event stream is parsed as such */
  int raw;         /* the answer's type alone tells whether it is a stream */
  int may_stream;  /* the answer may be a stream though none was asked for */
  int free_form;   /* the answer may be of any form */
  int pending_ok;  /* an empty 202 means: not ready yet */
  int read_once;   /* the service gives a successful answer only once */
  int key_changes; /* each attempt may have another key */
  int default_settings;    /* the settings are those of the client */
  unsigned long client_id; /* of the client that makes the request */
} xai_Request;

/* What the body of the answer is. */
typedef enum xai_Content {
  XAI_CONTENT_UNKNOWN, /* not known before its first byte */
  XAI_CONTENT_PLAIN,   /* collected in 'body' */
  XAI_CONTENT_EVENTS   /* parsed by 'sse' */
} xai_Content;

/* The most that is kept of an error answer's body: more is not waited for. */
#define XAI_MAX_ERROR ((size_t)1 << 20)

typedef struct xai_Transfer {
  xai_Connection conn; /* and the easy handle */
  xai_Buffer head;     /* the last answer's status line and headers */
  xai_Buffer body;     /* an answer that is no event stream, or may be none */
  xai_Sse sse;         /* an answer that is */
  int status;          /* 0 until a status line came */
  int head_done;       /* the answer's head is complete */
  int in_head;         /* a head has begun, and is not complete */
  int may_share;       /* HTTP/2 is possible */
  int tunnel_port;     /* of the proxy that is to open a tunnel, or 0 */
  int bodiless;        /* the method is HEAD */
  int wants_events;    /* the request asked for a stream */
  int raw;             /* what is called a stream is one */
  int may_stream;      /* a stream may come all the same */
  int called;          /* the answer's type is that of event streams */
  int otherwise;       /* its type is another one that is well known */
  int begun;           /* some of the body has come */
  int sniffed;         /* it is known what the body is */
  xai_Content content;
  int paused;
  int stale;           /* nothing was sent: the connection is not to be used */
  int tells_sends;     /* libcurl says when it sends the request */
  int sends;           /* how often libcurl sent the request in this attempt */
  int opens;           /* how many sockets it made for it */
  int opens_late;      /* one of them after it had sent it */
  int opened_port;     /* which port the last one is for */
  int resends;         /* how often more it may, on its own */
  size_t extra;        /* bytes of heads before the last, and of trailers */
  curl_off_t uploaded; /* bytes of the request's body */
  int discard;         /* nobody wants the rest */
  int in_received;     /* it is in the list '*received' */
  xai_Call *call;      /* whose transfer it is */
  struct xai_Transfer *received_next;
  struct xai_Transfer *
      *received;   /* the engine's list of transfers that received bytes */
  int64_t last_ms; /* when the last byte came or went */
  size_t max_buffer;
  size_t max_error; /* so much of an error answer is kept */
  xai_Cause cause;  /* why a callback stopped it */
  char curl_error[CURL_ERROR_SIZE];
} xai_Transfer;

/* Complete and empty; nothing is acquired. */
void xai_transfer_init(xai_Transfer *t, const xai_Settings *set);

/* Make the easy handle ready to be added to a multi; 'headers' must live as
** long as the transfer.  'used': NULL, or a handle that did a POST with the
** same settings, for another POST.  CURLE_OK, or why it cannot be. */
CURLcode xai_transfer_open(xai_Transfer *t, CURL *used, const xai_Request *r,
                           struct curl_slist *headers, const xai_Settings *set);

/* The body has ended: settle what it is, if its bytes have not, and whether it
** is a stream though none was asked for. */
void xai_transfer_end_body(xai_Transfer *t);

/* Forget the last attempt's answer, before another attempt. */
void xai_transfer_clear(xai_Transfer *t);

/* Give the easy handle back; what was received stays. */
void xai_transfer_retire(xai_Transfer *t);

/* The easy handle, ready for another request like this one.  It holds nothing
** that belongs to this one. */
CURL *xai_transfer_yield(xai_Transfer *t);

void xai_transfer_close(xai_Transfer *t);

/* Let a paused transfer go on.  Not from within a callback. */
void xai_transfer_resume(xai_Transfer *t);

/* Let libcurl look at what it may hold for this transfer. */
void xai_transfer_nudge(xai_Transfer *t);

/* From now on nobody wants what comes. */
void xai_transfer_discard(xai_Transfer *t);

/* The head of the answer, as it came. */
xai_Slice xai_transfer_head(const xai_Transfer *t);

#pragma GCC visibility pop

#endif
