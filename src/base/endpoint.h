/*
** endpoint.h - the operations of the service, one row each.
** Adding an endpoint is adding a row.
*/
#ifndef XAI_ENDPOINT_H
#define XAI_ENDPOINT_H

#include "base/buffer.h"
#include "base/dialect.h"

#pragma GCC visibility push(hidden)

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
