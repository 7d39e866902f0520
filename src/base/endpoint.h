/*
** endpoint.h - the endpoints of the service, and the settings of a call.
*/
#ifndef XAI_BASE_ENDPOINT_H
#define XAI_BASE_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/event_schema.h"

#pragma GCC visibility push(hidden)

/* ----------------------------------------------------------------- settings */

/* Which failed attempts may be repeated. */
typedef enum xai_Retry {
  XAI_RETRY_DEFAULT, /* those that probably were not billed */
  XAI_RETRY_SAFE     /* those that the service cannot have begun */
} xai_Retry;

/* How calls are made.  Sizes are in bytes.  Strings belong to the owner of the
** structure; NULL: not set. */
typedef struct xai_Settings {
  int64_t timeout_ms; /* of one attempt; 0 or less: none (so for all times) */
  int64_t connect_timeout_ms;
  int64_t idle_timeout_ms; /* without a byte from the server */
  int64_t deadline_ms;     /* of all attempts, waits and the stream */
  int max_retries;
  xai_Retry retry;
  int retry_timeouts; /* also repeat generations that timed out */
  size_t max_body;
  size_t max_event;
  size_t max_buffer; /* unread bytes of a stream; then the transfer pauses */
  int http_version;  /* 1, 2, or 0: the best that both sides know */
  int insecure;      /* accept any certificate */
  int allow_http;    /* allow plain http:// to hosts that are not loopback */
  int guarded;       /* Lua is asked before a call begins, and told its end */
  const char *base_url;
  const char *proxy;
  const char *no_proxy;
  const char *ca_file;
  const char *ca_path;
  const char *cert_file; /* the client's own certificate */
  const char *key_file;  /* its private key; NULL: it is in cert_file */
  const char *key_password;
  const char *user_agent;
  const char *unix_socket;
} xai_Settings;

/* Fills in the default settings. */
void xai_settings_init(xai_Settings *s);

/* A number of bytes, at least 1, as a size of at most 'most'.  Nothing can be
** larger than the address space, so a larger number means: no limit. */
size_t xai_settings_bytes(double n, size_t most);

/* ---------------------------------------------------------------- endpoints */

/* What an operation has that most have not. */
typedef enum xai_Trait {
  XAI_PENDING = 1,       /* an empty answer 202 means: not ready yet */
  XAI_READ_ONCE = 2,     /* a successful answer is given only once */
  XAI_QUERY = 4,         /* it takes a query */
  XAI_NO_BODY = 8,       /* a POST without a body */
  XAI_MAY_BE_EMPTY = 16, /* a success may have an empty answer */
  XAI_REPEATABLE = 32,   /* repeating it cannot repeat its effect */
  /* What it starts goes on when the connection breaks.  An attempt that may
  ** have begun is not repeated. */
  XAI_STARTS_WORK = 64,
  /* Repeating it cannot repeat its effect if all entries of the body's
  ** 'batch_requests' have an id of the user's. */
  XAI_OWN_IDS = 128,
  XAI_PICTURES = 256, /* its answer has pictures in data[].b64_json */
  /* It asks for a job of the service: 202 means that the job runs, whatever the
  ** body, and status "failed" that it has failed, which no repeat changes. */
  XAI_JOB = 512
} xai_Trait;

/* One operation of the service.  To add an endpoint, add a row in
** endpoint.c. */
typedef struct xai_Endpoint {
  const char *name; /* of the Lua function */
  const char *method;
  const char *path;    /* below "/v1"; "{}" stands for an id */
  const char *id;      /* the id's name in messages; NULL: the path has none */
  xai_Api api;         /* the events of its streams */
  unsigned int traits; /* of xai_Trait, combined */
} xai_Endpoint;

/* Row 'i', or NULL after the last. */
const xai_Endpoint *xai_endpoint_at(size_t i);

/* The row of that name, or NULL. */
const xai_Endpoint *xai_endpoint_find(const char *name);

/* 1 if requests of the operation have a body. */
int xai_endpoint_has_body(const xai_Endpoint *e);

/* 1 if the id may stand in a path.  An empty id, or one of dots and slashes
** only, would name another path. */
int xai_endpoint_id_ok(const char *id, size_t n);

/* Appends the path below "/v1", with the id percent-encoded.  XAI_OK or
** XAI_ENOMEM. */
int xai_endpoint_path(const xai_Endpoint *e, const char *id, size_t n,
                      xai_Buffer *out);

/* Appends 's' with all bytes percent-encoded except RFC 3986's unreserved ones.
** XAI_OK or XAI_ENOMEM. */
int xai_percent_encode(const char *s, size_t n, xai_Buffer *out);

#pragma GCC visibility pop

#endif
