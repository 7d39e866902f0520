/*
** easy_pool.h - easy handles: made, and kept for requests of the same kind.
**
** To make an easy handle and to give it its options costs a tenth of a small
** request.  One that did a POST goes to the next POST of the same client, with
** the same settings: so no option has to be put back to its default, which
** libcurl may fail to do without a word when memory is short.
*/
#ifndef XAI_NET_EASY_POOL_H
#define XAI_NET_EASY_POOL_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/endpoint.h"

#pragma GCC visibility push(hidden)

#define XAI_MAX_POOLED 4

#define XAI_MAX_ROUTES 32

/* Numbers that stand for a server and for the way to it: straight, or by which
** proxy. */
typedef struct xai_Route {
  uint32_t server, way;
  int several; /* requests to that server went by more than one way */
} xai_Route;

typedef struct xai_EasyPool {
  CURL *idle[XAI_MAX_POOLED];
  int count;
  unsigned long client_id;          /* whose settings all of them have */
  xai_Route routes[XAI_MAX_ROUTES]; /* of a few servers, the last ones */
} xai_EasyPool;

/*
** A new handle for requests to the server of 'url', with all options that do
** not change from request to request.  NULL, or '*rc' set: there was not
** enough memory, and the handle must not be used.
*/
CURL *xai_easy_pool_new(const xai_Settings *set, const char *url, CURLcode *rc);

/*
** Set an option that libcurl keeps a copy of.  Without memory for it '*rc' is
** CURLE_OUT_OF_MEMORY and the request must not go out: it would be another
** one, or go elsewhere.
*/
void xai_easy_pool_set_text(CURL *e, CURLoption what, const char *text,
                            CURLcode *rc);

/* The value of CURLOPT_HTTP_VERSION for requests to that server. */
long xai_easy_pool_http_version(const xai_Settings *set, const char *url);

/* A handle with the settings of that client, or NULL when none is at hand. */
CURL *xai_easy_pool_take(xai_EasyPool *h, unsigned long client_id);

/* The route of requests to the server of 'url'. */
xai_Route xai_easy_pool_route(const xai_Settings *set, const char *url);

/*
** The handle is to send a request by that route.  It does not wait for other
** connections to the server where there may be some by another way: they are
** none that it could share.
*/
void xai_easy_pool_send_by(xai_EasyPool *h, CURL *easy, const xai_Route *route);

/* Keep a handle with the settings of that client; those of others, and one too
** many, are given back. */
void xai_easy_pool_put(xai_EasyPool *h, unsigned long client_id, CURL *easy);

/* Give back all that are kept. */
void xai_easy_pool_drop(xai_EasyPool *h);

/* Take out of libcurl's words what xai_easy_pool_new put into a path. */
void xai_easy_pool_clean(char *text);

#pragma GCC visibility pop

#endif
