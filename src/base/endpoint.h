/*
** endpoint.h - the endpoints of the service, and the default settings of a
** call.
*/
#ifndef XAI_BASE_ENDPOINT_H
#define XAI_BASE_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/event_schema.h"

#pragma GCC visibility push(hidden)

/* --------------- how calls are to be made.  Times in milliseconds, sizes in */

/*
** bytes; the strings belong to whoever filled the structure.
*/

/* Which failed attempts may be made again. */
typedef enum xai_Retry {
  XAI_RETRY_DEFAULT, /* where chances are good that nothing was billed */
  XAI_RETRY_SAFE     /* where nothing can have been begun */
} xai_Retry;

typedef struct xai_Settings {
  int64_t timeout_ms; /* one attempt; 0 or less: none (so for all times) */
  int64_t connect_timeout_ms;
  int64_t idle_timeout_ms; /* not one byte from the server */
  int64_t deadline_ms;     /* all attempts, waits and the stream */
  int max_retries;
  xai_Retry retry;
  int retry_timeouts; /* also what was sent and took too long */
  size_t max_body;
  size_t max_event;
  size_t max_buffer; /* unread stream bytes before the transfer pauses */
  int http_version;  /* 0: the best both sides know; 1; 2 */
  int insecure;      /* any certificate is good enough */
  int allow_http;    /* plain http:// to hosts that are not loopback */
  const char *base_url;
  const char *proxy;
  const char *no_proxy;
  const char *ca_file;
  const char *ca_path;
  const char *cert_file; /* the client's own certificate */
  const char *key_file;  /* its key; NULL: in cert_file, too */
  const char *key_password;
  const char *user_agent;
  const char *unix_socket;
} xai_Settings;

void xai_settings_init(xai_Settings *s);

/*
** A number of bytes, at least 1, as a size that is at most 'most'.  Nothing can
** be larger than what can be addressed, so a larger number says: no limit.
*/
size_t xai_settings_bytes(double n, size_t most);

/* ------------------------------ the operations of the service, one row each */

/*
** Adding an endpoint is adding a row.
*/

typedef struct xai_Endpoint {
  const char *name; /* of the Lua function */
  const char *method;
  const char *path; /* below "/v1"; "{}" stands for an id */
  const char *id;   /* the id's name in messages; NULL when there is none */
  xai_Api api;      /* what its streams look like */
  int pending;      /* an empty 202 means: not ready yet */
} xai_Endpoint;

/* Row 'i', or NULL behind the last. */
const xai_Endpoint *xai_endpoint_at(size_t i);

/* The row of that name, or NULL. */
const xai_Endpoint *xai_endpoint_find(const char *name);

/* Does the operation take a body? */
int xai_endpoint_has_body(const xai_Endpoint *e);

/*
** Append the path below "/v1", with the percent-encoded id.  XAI_OK or
** XAI_ENOMEM.
*/
int xai_endpoint_path(const xai_Endpoint *e, const char *id, size_t n,
                      xai_Buffer *out);

/* Append 's' with all bytes but RFC 3986's unreserved ones encoded. */
int xai_percent_encode(const char *s, size_t n, xai_Buffer *out);

/* Is the id of use?  Empty ones and those of dots or slashes alone are not:
** they would name another path. */
int xai_endpoint_id_ok(const char *id, size_t n);

#pragma GCC visibility pop

#endif
