/*
** easy_pool.c - easy handles: made, and kept for requests of the same kind.
*/
#include "net/easy_pool.h"

#include <limits.h>
#include <string.h>

#include "base/buffer.h"
#include "base/platform.h"
#include "net/curl_facts.h"
#include "net/url_policy.h"

/* -------------------------------------------------------------- options */

void xai_easy_pool_set_text(CURL *e, CURLoption what, const char *text,
                            CURLcode *rc) {
  if (curl_easy_setopt(e, what, text) == CURLE_OUT_OF_MEMORY)
    *rc = CURLE_OUT_OF_MEMORY;
}

long xai_easy_pool_http_version(const xai_Settings *set, const char *url) {
  if (set->http_version == 1) return CURL_HTTP_VERSION_1_1;
  if (set->http_version == 2 && xai_url_is_plain(url))
    return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  return CURL_HTTP_VERSION_2TLS;
}

/* It holds the longest head that libcurl takes, and one read more. */
#define LARGE_BUFFER (160L << 10)

static void set_buffer(CURL *e) {
  if (xai_curl_loses_full_reads())
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, LARGE_BUFFER);
}

static void avoid_reuse(CURL *e, long version) {
  long fresh = version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE &&
               xai_curl_breaks_plain_http2();
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, fresh);
}

/*
** With HTTP/2 in sight, wait for a connection under way to learn whether it
** can be shared.  Plain http/1.1 must not: libcurl would have it wait until
** the first answer is complete.
*/
static void set_version(CURL *e, const xai_Settings *set, const char *url) {
  long version = xai_easy_pool_http_version(set, url);
  int plain = xai_url_is_plain(url) &&
              (version != CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE ||
               xai_curl_waits_for_lost_plain_http2());
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, version);
  avoid_reuse(e, version);
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, plain ? 0L : 1L);
  if (!plain && version != CURL_HTTP_VERSION_1_1) set_buffer(e);
}

/* A connection that was idle for longer is not trusted: boxes on the way
** forget it silently. */
#define MAX_IDLE_SECONDS 60L

/*
** Only http and https; redirects are never followed (they would hand the
** prompt to another host); no signals; a slow name look-up must not hold up
** a cancelled transfer.
*/
static void set_rules(CURL *e, CURLcode *rc) {
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  xai_easy_pool_set_text(e, CURLOPT_PROTOCOLS_STR, "https,http", rc);
#else
  curl_easy_setopt(e, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
  /* What a proxy says when it opens a tunnel is not the answer. */
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  /* Decode what comes compressed although it was not asked for. */
  xai_easy_pool_set_text(e, CURLOPT_ACCEPT_ENCODING, "", rc);
}

/*
** libcurl parses the CA bundle once per multi handle, unless a directory is
** set, as Debian's build does: then once per connection (14 ms).  Where the
** default file is there, the directory is not needed.
*/
static void set_ca(CURL *e, const xai_Settings *set, CURLcode *rc) {
  char *file = NULL;
  if (set->ca_file) xai_easy_pool_set_text(e, CURLOPT_CAINFO, set->ca_file, rc);
  if (set->ca_path) {
    xai_easy_pool_set_text(e, CURLOPT_CAPATH, set->ca_path, rc);
    return;
  }
#if LIBCURL_VERSION_NUM >= 0x075400
  if (!set->ca_file) curl_easy_getinfo(e, CURLINFO_CAINFO, &file);
#endif
  if (set->ca_file || file) curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

/* Whoever asks for it was warned. */
static void set_trust(CURL *e, const xai_Settings *set, CURLcode *rc) {
  set_ca(e, set, rc);
  if (!set->insecure) return;
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* --------------------------------------------------- client certificates */

#define MARKS 32 /* parts of a path that say nothing, each in one of two ways */

#define NO_HASH 2166136261u

static uint32_t hash(uint32_t h, const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 16777619u;
  return (h ^ 0xFF) * 16777619u;
}

static uint32_t hash_text(uint32_t h, const char *s) {
  if (s == NULL) s = "-";
  return hash(h, s, strlen(s));
}

/* A number for the key and its password, another one in each process. */
static uint32_t identity_of(const xai_Settings *set) {
  static char salt[XAI_UUID_SIZE];
  const char *const parts[] = {salt, set->key_file, set->key_password};
  uint32_t h = NO_HASH;
  size_t i;
  if (salt[0] == '\0') {
    xai_Random random;
    xai_random_init(&random);
    xai_random_uuid(&random, salt);
  }
  for (i = 0; i < sizeof parts / sizeof *parts; i++) h = hash_text(h, parts[i]);
  return h;
}

/*
** libcurl hands out a kept connection to whoever names the same certificate: it
** compares neither keys nor their passwords.  So the path of the certificate
** tells them apart: "/././/." leads where "/" does.
*/
static int mark_path(const xai_Settings *set, xai_Buffer *path) {
  uint32_t id = identity_of(set);
  int i, absolute = set->cert_file[0] == '/';
  int rc = absolute ? XAI_OK : xai_buffer_puts(path, ".");
  for (i = 0; i < MARKS && rc == XAI_OK; i++)
    rc = xai_buffer_puts(path, (id >> i) & 1 ? "/." : "//.");
  if (rc == XAI_OK && !absolute) rc = xai_buffer_puts(path, "/");
  if (rc == XAI_OK) rc = xai_buffer_puts(path, set->cert_file);
  return rc == XAI_OK ? xai_buffer_terminate(path) : rc;
}

/* Behind such marks, or NULL. */
static char *after_marks(char *p) {
  int i;
  for (i = 0; i < MARKS; i++) {
    if (p[0] != '/') return NULL;
    if (p[1] == '/') p++;
    if (p[1] != '.') return NULL;
    p += 2;
  }
  return p;
}

void xai_easy_pool_clean(char *text) {
  char *p, *rest = NULL;
  for (p = text; *p != '\0' && rest == NULL; p++) rest = after_marks(p);
  if (rest == NULL) return;
  p--;
  if (p > text && p[-1] == '.') p--, rest += *rest == '/'; /* relative */
  memmove(p, rest, strlen(rest) + 1);
}

static void set_certificate(CURL *e, const xai_Settings *set, CURLcode *rc) {
  xai_Buffer path;
  if (set->cert_file == NULL) return;
  xai_buffer_init(&path, 0);
  if (mark_path(set, &path) != XAI_OK)
    *rc = CURLE_OUT_OF_MEMORY;
  else
    xai_easy_pool_set_text(e, CURLOPT_SSLCERT, xai_buffer_data(&path), rc);
  xai_buffer_free(&path);
  if (set->key_file)
    xai_easy_pool_set_text(e, CURLOPT_SSLKEY, set->key_file, rc);
  /* Where there is none, OpenSSL would ask for it on the terminal. */
  xai_easy_pool_set_text(e, CURLOPT_KEYPASSWD,
                         set->key_password ? set->key_password : "", rc);
}

/* libcurl has 300 s of its own where none are set, and refuses more than an int
** holds: 24 days, which stand for no limit. */
static long connect_timeout(const xai_Settings *set) {
  int64_t ms = set->connect_timeout_ms;
  return ms > 0 && ms < INT_MAX ? (long)ms : INT_MAX;
}

static void set_peer(CURL *e, const xai_Settings *set, const char *url,
                     CURLcode *rc) {
  const char *no_proxy = xai_url_no_proxy(set, url);
  set_trust(e, set, rc);
  set_certificate(e, set, rc);
  if (set->proxy) xai_easy_pool_set_text(e, CURLOPT_PROXY, set->proxy, rc);
  if (no_proxy) xai_easy_pool_set_text(e, CURLOPT_NOPROXY, no_proxy, rc);
  if (set->unix_socket)
    xai_easy_pool_set_text(e, CURLOPT_UNIX_SOCKET_PATH, set->unix_socket, rc);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout(set));
}

CURL *xai_easy_pool_new(const xai_Settings *set, const char *url,
                        CURLcode *rc) {
  CURL *e = curl_easy_init();
  if (e == NULL) {
    *rc = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  set_rules(e, rc);
  set_peer(e, set, url, rc);
  set_version(e, set, url);
  return e;
}

/* ---------------------------------------------------------------- reuse */

CURL *xai_easy_pool_take(xai_EasyPool *h, unsigned long client_id) {
  if (h->count == 0 || h->client_id != client_id) return NULL;
  return h->idle[--h->count];
}

void xai_easy_pool_put(xai_EasyPool *h, unsigned long client_id, CURL *easy) {
  if (h->client_id != client_id) xai_easy_pool_drop(h);
  h->client_id = client_id;
  if (h->count < XAI_MAX_POOLED)
    h->idle[h->count++] = easy;
  else
    curl_easy_cleanup(easy);
}

void xai_easy_pool_drop(xai_EasyPool *h) {
  while (h->count > 0) curl_easy_cleanup(h->idle[--h->count]);
}

/* --------------------------------------------------------------- routes */

static uint32_t server_of(const char *url) {
  const char *host = strstr(url, "://");
  host = host != NULL ? host + 3 : url;
  return hash(NO_HASH, host, strcspn(host, "/?#"));
}

static uint32_t way_of(const xai_Settings *set) {
  return hash_text(hash_text(hash_text(NO_HASH, set->proxy), set->no_proxy),
                   set->unix_socket);
}

xai_Route xai_easy_pool_route(const xai_Settings *set, const char *url) {
  xai_Route route;
  route.server = server_of(url);
  route.way = way_of(set);
  route.several = 0;
  return route;
}

/*
** A request that waits for a connection under way (CURLOPT_PIPEWAIT) waits for
** any to its server's name, also one through another proxy, whose tunnel may
** never open.  Seen on 7.88, 8.14 and 8.23.
*/
void xai_easy_pool_send_by(xai_EasyPool *h, CURL *easy,
                           const xai_Route *route) {
  xai_Route *known = &h->routes[route->server % XAI_MAX_ROUTES];
  if (known->server != route->server) *known = *route;
  if (known->way != route->way) known->several = 1;
  if (known->several) curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
}
