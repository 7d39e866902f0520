/*
** proxy.c - what a proxy between us and the server does.
*/
#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "net/address.h"

/* libcurl's own where the address of a proxy has none. */
#define DEFAULT_PORT 1080

static int port_of(CURLU *u) {
  char *port = NULL;
  int n;
  if (curl_url_get(u, CURLUPART_PORT, &port, 0) != CURLUE_OK)
    return DEFAULT_PORT;
  n = atoi(port);
  curl_free(port);
  return n;
}

static int speaks_http(CURLU *u) {
  char *scheme = NULL;
  int yes;
  if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return 0;
  yes = strncmp(scheme, "http", 4) == 0;
  curl_free(scheme);
  return yes;
}

int xai_proxy_tunnel_port(const xai_Settings *set, const char *url) {
  CURLU *u;
  int port = 0;
  if (set->proxy == NULL || xai_address_is_plain(url)) return 0;
  u = curl_url();
  if (u == NULL) return 0;
  if (curl_url_set(u, CURLUPART_URL, set->proxy,
                   CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) ==
          CURLUE_OK &&
      speaks_http(u))
    port = port_of(u);
  curl_url_cleanup(u);
  return port;
}

static int connect_status(CURL *e) {
  long status = 0;
  curl_easy_getinfo(e, CURLINFO_HTTP_CONNECTCODE, &status);
  return (int)status;
}

int xai_proxy_opened(CURL *e) { return connect_status(e) / 100 == 2; }

int xai_proxy_is_https(const xai_Settings *set) {
  xai_Slice scheme;
  scheme.at = set->proxy ? set->proxy : "";
  scheme.len = strcspn(scheme.at, ":");
  return xai_slice_like(scheme, "https");
}

/* What went wrong at a SOCKS proxy (CURLPX_*); 0: nothing, or libcurl is too
** old to tell. */
static long socks_error(CURL *e) {
  long code = 0;
#if LIBCURL_VERSION_NUM >= 0x074900
  curl_easy_getinfo(e, CURLINFO_PROXY_ERROR, &code);
#else
  (void)e;
#endif
  return code;
}

int xai_proxy_failed(CURL *e) { return socks_error(e) != 0; }

/* An answer of a SOCKS proxy that says no, and will say it again. */
static int socks_refused(CURL *e) {
#if LIBCURL_VERSION_NUM >= 0x074900
  switch (socks_error(e)) {
    case CURLPX_IDENTD:
    case CURLPX_IDENTD_DIFFER:
    case CURLPX_NO_AUTH:
    case CURLPX_GSSAPI_PERMSG:
    case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED:
    case CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
    case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
    case CURLPX_REPLY_NOT_ALLOWED:
    case CURLPX_REPLY_UNASSIGNED:
    case CURLPX_REQUEST_FAILED:
    case CURLPX_UNKNOWN_FAIL:
    case CURLPX_USER_REJECTED: return 1;
    default: return 0; /* it failed, or did not reach the server */
  }
#else
  (void)e;
  return 0;
#endif
}

int xai_proxy_refused(CURL *e) {
  int status = connect_status(e);
  if (status >= 300) return !xai_status_passes(status);
  return socks_refused(e);
}
