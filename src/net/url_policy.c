/*
** url_policy.c - which servers and proxies a request may use.
*/
#include "net/url_policy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static int is_word(const char *s, size_t n, const char *word) {
  xai_Slice slice;
  slice.at = s;
  slice.len = n;
  return xai_slice_like(slice, word);
}

/* Is it "localhost", a name below it, in 127.0.0.0/8, or ::1? */
static int is_loopback(const char *host) {
  size_t n = strlen(host);
  static const char tail[] = ".localhost";
  if (is_word(host, n, "localhost") || strcmp(host, "[::1]") == 0) return 1;
  if (n > sizeof tail - 1 &&
      is_word(host + n - (sizeof tail - 1), sizeof tail - 1, tail))
    return 1;
  return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n;
}

/* ---------------------------------------------------------------- servers */

int xai_url_is_plain(const char *url) {
  return is_word(url, strcspn(url, ":"), "http");
}

const char xai_url_no_memory[] = "cannot be read: not enough memory";

/* A part of the URL, or NULL when it has none.  '*lack' is set when memory for
** it is short. */
static char *part(CURLU *u, CURLUPart what, int *lack) {
  char *s = NULL;
  CURLUcode rc = curl_url_get(u, what, &s, 0);
  if (rc == CURLUE_OUT_OF_MEMORY) *lack = 1;
  return rc == CURLUE_OK ? s : NULL;
}

static const char *check_parts(const char *scheme, const char *host,
                               int plain_ok) {
  if (scheme == NULL || host == NULL) return "is not an http or https URL";
  if (is_word(scheme, strlen(scheme), "https")) return NULL;
  if (!is_word(scheme, strlen(scheme), "http"))
    return "is not an http or https URL";
  if (plain_ok || is_loopback(host)) return NULL;
  return "is plain http to a host that is not loopback; set allow_http to "
         "send your key and prompts unencrypted";
}

static const char *check_url(CURLU *u, const char *url, int plain_ok) {
  char *scheme, *host, *user;
  const char *wrong;
  int lack = 0;
  CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, 0);
  if (rc == CURLUE_OUT_OF_MEMORY) return xai_url_no_memory;
  if (rc != CURLUE_OK) return "is not an http or https URL";
  scheme = part(u, CURLUPART_SCHEME, &lack);
  host = part(u, CURLUPART_HOST, &lack);
  user = part(u, CURLUPART_USER, &lack);
  wrong = check_parts(scheme, host, plain_ok);
  if (user != NULL) wrong = "carries a user name or password";
  if (strchr(url, '?') != NULL) wrong = "carries a query";
  if (strchr(url, '#') != NULL) wrong = "carries a fragment";
  if (lack) wrong = xai_url_no_memory;
  curl_free(scheme);
  curl_free(host);
  curl_free(user);
  return wrong;
}

const char *xai_url_check(const char *url, int plain_ok) {
  CURLU *u = curl_url();
  const char *wrong = u ? check_url(u, url, plain_ok) : xai_url_no_memory;
  curl_url_cleanup(u);
  return wrong;
}

/* -------------------------------------------------------------- downloads */

static const char *check_address(CURLU *u, const char *url, int plain_ok) {
  char *scheme, *host, *user;
  const char *wrong;
  int lack = 0;
  CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, 0);
  if (rc == CURLUE_OUT_OF_MEMORY) return xai_url_no_memory;
  if (rc != CURLUE_OK) return "is not an http or https URL";
  scheme = part(u, CURLUPART_SCHEME, &lack);
  host = part(u, CURLUPART_HOST, &lack);
  user = part(u, CURLUPART_USER, &lack);
  wrong = check_parts(scheme, host, 1);
  if (wrong == NULL && !plain_ok && check_parts(scheme, host, 0) != NULL)
    wrong = "is plain http to a host that is not loopback; set allow_http to "
            "fetch it unencrypted";
  if (user != NULL) wrong = "carries a user name or password";
  if (lack) wrong = xai_url_no_memory;
  curl_free(scheme);
  curl_free(host);
  curl_free(user);
  return wrong;
}

const char *xai_url_check_address(const char *url, int plain_ok) {
  CURLU *u = curl_url();
  const char *wrong = u ? check_address(u, url, plain_ok) : xai_url_no_memory;
  curl_url_cleanup(u);
  return wrong;
}

/* Have both URLs this part, and is it the same? */
static int has_same_part(CURLU *a, CURLU *b, CURLUPart what) {
  char *x = NULL, *y = NULL;
  int is_same = curl_url_get(a, what, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, what, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                is_word(x, strlen(x), y);
  curl_free(x);
  curl_free(y);
  return is_same;
}

int xai_url_has_same_origin(const char *a, const char *b) {
  CURLU *x = curl_url(), *y = curl_url();
  int is_same = x != NULL && y != NULL &&
                curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK &&
                has_same_part(x, y, CURLUPART_SCHEME) &&
                has_same_part(x, y, CURLUPART_HOST) &&
                has_same_part(x, y, CURLUPART_PORT);
  curl_url_cleanup(x);
  curl_url_cleanup(y);
  return is_same;
}

static const char *resolve(CURLU *u, const char *from, const char *to,
                           xai_Buffer *out) {
  char *url = NULL;
  int lack = 0;
  if (curl_url_set(u, CURLUPART_URL, from, 0) != CURLUE_OK ||
      curl_url_set(u, CURLUPART_URL, to, CURLU_URLENCODE) != CURLUE_OK)
    return "is not an http or https URL";
  url = part(u, CURLUPART_URL, &lack);
  if (url != NULL && xai_buffer_puts(out, url) != XAI_OK) lack = 1;
  curl_free(url);
  return lack || url == NULL ? xai_url_no_memory : NULL;
}

/* May a redirect lead from one address to the other? */
static const char *check_step(const char *from, const char *to) {
  int plain_ok = xai_url_check_address(from, 0) != NULL;
  if (xai_url_is_plain(to) && !xai_url_is_plain(from))
    return "leads from https to http";
  return xai_url_check_address(to, plain_ok);
}

const char *xai_url_resolve(const char *from, const char *to, xai_Buffer *out) {
  CURLU *u = curl_url();
  const char *wrong = u ? resolve(u, from, to, out) : xai_url_no_memory;
  curl_url_cleanup(u);
  if (wrong == NULL && xai_buffer_terminate(out) != XAI_OK)
    wrong = xai_url_no_memory;
  return wrong != NULL ? wrong : check_step(from, xai_buffer_data(out));
}

/* ---------------------------------------------------------------- proxies */

static int is_proxy_scheme(const char *scheme) {
  static const char *const known[] = {"http",    "https",  "socks4",
                                      "socks4a", "socks5", "socks5h"};
  size_t i;
  for (i = 0; i < sizeof known / sizeof *known; i++)
    if (is_word(scheme, strlen(scheme), known[i])) return 1;
  return 0;
}

static const char *check_proxy_parts(const char *scheme, const char *host,
                                     int elsewhere_ok) {
  if (scheme == NULL || host == NULL || !is_proxy_scheme(scheme))
    return "is no address of a proxy; scheme://host:port is, with http, https, "
           "socks4, socks4a, socks5, socks5h or no scheme";
  if (elsewhere_ok || is_loopback(host)) return NULL;
  return "would take plain http away from this machine; set allow_http to send "
         "your key and prompts unencrypted";
}

/* Parse the address of a proxy as libcurl does: when it has no scheme, libcurl
** guesses one from the name of the host. */
static CURLUcode parse_proxy(CURLU *u, const char *proxy) {
  return curl_url_set(u, CURLUPART_URL, proxy,
                      CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
}

static const char *check_proxy(CURLU *u, const char *proxy, int elsewhere_ok) {
  char *scheme, *host;
  const char *wrong;
  int lack = 0;
  CURLUcode rc = parse_proxy(u, proxy);
  if (rc == CURLUE_OUT_OF_MEMORY) return xai_url_no_memory;
  scheme = part(u, CURLUPART_SCHEME, &lack);
  host = part(u, CURLUPART_HOST, &lack);
  wrong = check_proxy_parts(scheme, host, elsewhere_ok);
  if (lack) wrong = xai_url_no_memory;
  curl_free(scheme);
  curl_free(host);
  return wrong;
}

const char *xai_url_check_proxy(const xai_Settings *set) {
  int elsewhere_ok = set->allow_http || !xai_url_is_plain(set->base_url);
  CURLU *u;
  const char *wrong;
  if (set->proxy == NULL) return NULL;
  u = curl_url();
  wrong = u ? check_proxy(u, set->proxy, elsewhere_ok) : xai_url_no_memory;
  curl_url_cleanup(u);
  return wrong;
}

const char *xai_url_no_proxy(const xai_Settings *set, const char *url) {
  int stays = !set->allow_http && set->proxy == NULL;
  return stays && xai_url_is_plain(url) ? "*" : set->no_proxy;
}

/* libcurl's default when the address of a proxy has no port. */
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

int xai_url_tunnel_port(const xai_Settings *set, const char *url) {
  CURLU *u;
  int port = 0;
  if (set->proxy == NULL || xai_url_is_plain(url)) return 0;
  u = curl_url();
  if (u == NULL) return 0;
  if (parse_proxy(u, set->proxy) == CURLUE_OK && speaks_http(u))
    port = port_of(u);
  curl_url_cleanup(u);
  return port;
}

int xai_url_proxy_is_https(const xai_Settings *set) {
  xai_Slice scheme;
  scheme.at = set->proxy ? set->proxy : "";
  scheme.len = strcspn(scheme.at, ":");
  return xai_slice_like(scheme, "https");
}
