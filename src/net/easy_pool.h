/*
** easy_pool.h - creates easy handles and keeps some of them for reuse.
**
** Creating an easy handle and setting its options costs a tenth of a small
** request.  A handle that did a POST is reused for the next POST of the same
** client with the same settings.  So no option has to be reset, which libcurl
** may silently fail to do when memory is short.
*/
#ifndef XAI_NET_EASY_POOL_H
#define XAI_NET_EASY_POOL_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/endpoint.h"

#pragma GCC visibility push(hidden)

#define XAI_MAX_POOLED 4

#define XAI_MAX_ROUTES 32

/* A server and the way to it (direct, or through a proxy), as hashes. */
typedef struct xai_Route {
  uint32_t server, way;
  int several; /* requests to that server took more than one way */
} xai_Route;

/* A pool; all bytes zero: empty. */
typedef struct xai_EasyPool {
  CURL *idle[XAI_MAX_POOLED];
  int count;
  unsigned long client_id;          /* the client of all idle handles */
  xai_Route routes[XAI_MAX_ROUTES]; /* by hash: the last known of each server */
} xai_EasyPool;

/* ---------------------------------------------------------------- handles */

/*
** Create a handle for requests to the server of 'url' and set all options that
** are the same for each request.  Without memory it returns NULL or sets '*rc'
** to CURLE_OUT_OF_MEMORY; then the handle must not be used.
*/
CURL *xai_easy_pool_new_handle(const xai_Settings *set, const char *url,
                               CURLcode *rc);

/*
** Set an option whose string libcurl copies.  Without memory '*rc' becomes
** CURLE_OUT_OF_MEMORY.  The request must not be sent then: without the option
** it would be another request, or go elsewhere.
*/
void xai_easy_pool_set_string(CURL *e, CURLoption what, const char *text,
                              CURLcode *rc);

/* The value of CURLOPT_HTTP_VERSION for requests to the server of 'url'. */
long xai_easy_pool_http_version(const xai_Settings *set, const char *url);

/* Remove from libcurl's error text, in place, the marks that
** xai_easy_pool_new_handle adds to the path of a client certificate. */
void xai_easy_pool_unmark(char *text);

/* ------------------------------------------------------------------- pool */

/* Take an idle handle of that client; NULL when there is none. */
CURL *xai_easy_pool_take(xai_EasyPool *pool, unsigned long client_id);

/* Keep a handle of that client for reuse, in place of those of another client.
** A full pool frees it. */
void xai_easy_pool_put(xai_EasyPool *pool, unsigned long client_id, CURL *easy);

/* Free all idle handles. */
void xai_easy_pool_clear(xai_EasyPool *pool);

/* ----------------------------------------------------------------- routes */

/* The route of requests to the server of 'url' with these settings. */
xai_Route xai_easy_pool_route(const xai_Settings *set, const char *url);

/*
** Note that the handle's next request takes that route.  If requests to the
** server take several ways, it must not wait for a connection being opened
** (CURLOPT_PIPEWAIT): it might wait for one that it cannot share.
*/
void xai_easy_pool_use_route(xai_EasyPool *pool, CURL *easy,
                             const xai_Route *route);

#pragma GCC visibility pop

#endif
