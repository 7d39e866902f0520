/*
** easy_pool.c - creates easy handles and keeps some of them for reuse.
*/
#include "net/easy_pool.h"

#include <limits.h>
#include <string.h>

#include "base/buffer.h"
#include "base/platform.h"
#include "net/curl_library.h"
#include "net/url_policy.h"

/* -------------------------------------------------------------- options */

void xai_easy_pool_set_string(CURL *e, CURLoption what, const char *text,
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

/* Room for the longest head that libcurl accepts and one more read. */
#define LARGE_BUFFER (160L << 10)

static void set_buffer(CURL *e) {
  if (xai_curl_loses_full_reads())
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, LARGE_BUFFER);
}

/* Where a second request would fail, open a connection for each. */
static void avoid_broken_reuse(CURL *e, long version) {
  long fresh = version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE &&
               xai_curl_breaks_plain_http2();
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, fresh);
}

/*
** If HTTP/2 is possible, a request waits for a connection that is being opened,
** as it may be able to share it.  Over HTTP/1.1 it would wait until the first
** answer is complete, so it must not.
*/
static void set_version(CURL *e, const xai_Settings *set, const char *url) {
  long version = xai_easy_pool_http_version(set, url);
  int plain = xai_url_is_plain(url) &&
              (version != CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE ||
               xai_curl_waits_for_lost_plain_http2());
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, version);
  avoid_broken_reuse(e, version);
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, plain ? 0L : 1L);
  if (!plain && version != CURL_HTTP_VERSION_1_1) set_buffer(e);
}

/* Before 7.85, libcurl takes a number of bits in place of names. */
static void set_protocols(CURL *e, CURLcode *rc) {
  CURLcode set = curl_easy_setopt(e, XAI_CURLOPT_PROTOCOLS_STR, "https,http");
  if (set == CURLE_OUT_OF_MEMORY) *rc = set;
  if (set == CURLE_OK) return;
  curl_easy_setopt(e, XAI_CURLOPT_PROTOCOLS,
                   (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
}

/* After a longer idle time a router may have dropped the connection. */
#define MAX_IDLE_SECONDS 60L

/*
** Options that no setting changes.  Only http and https are allowed.  Redirects
** are not followed: they would send the prompt to another host.  libcurl uses
** no signals.  A slow name look-up does not delay the end of a cancelled
** transfer.
*/
static void set_fixed_options(CURL *e, CURLcode *rc) {
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  set_protocols(e, rc);
  curl_easy_setopt(e, XAI_CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
  /* The head of a proxy's answer to CONNECT is not the answer's head. */
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  /* Decode all encodings, also those that were not asked for. */
  xai_easy_pool_set_string(e, CURLOPT_ACCEPT_ENCODING, "", rc);
}

/*
** libcurl parses the CA bundle once per multi handle.  When a CA directory is
** set, as Debian's build does, it parses it for each connection (14 ms).  If
** there is a default file, the directory is not needed.
*/
static void set_ca(CURL *e, const xai_Settings *set, CURLcode *rc) {
  char *file = NULL;
  if (set->ca_file)
    xai_easy_pool_set_string(e, CURLOPT_CAINFO, set->ca_file, rc);
  if (set->ca_path) {
    xai_easy_pool_set_string(e, CURLOPT_CAPATH, set->ca_path, rc);
    return;
  }
  if (!set->ca_file) curl_easy_getinfo(e, XAI_CURLINFO_CAINFO, &file);
  if (set->ca_file || file) curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

/* How the server's certificate is verified. */
static void set_verification(CURL *e, const xai_Settings *set, CURLcode *rc) {
  set_ca(e, set, rc);
  if (!set->insecure) return;
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* --------------------------------------------------- client certificates */

/* Marks in a path: each is "/." or "//." for one bit of a number. */
#define MARKS 32

/* FNV-1a; 0xFF separates the parts. */
#define HASH_START 2166136261u

static uint32_t hash(uint32_t h, const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 16777619u;
  return (h ^ 0xFF) * 16777619u;
}

static uint32_t hash_text(uint32_t h, const char *s) {
  if (s == NULL) s = "-";
  return hash(h, s, strlen(s));
}

/* A hash of the key file's name and password, different in each process. */
static uint32_t identity_of(const xai_Settings *set) {
  static char salt[XAI_UUID_SIZE];
  const char *const parts[] = {salt, set->key_file, set->key_password};
  uint32_t h = HASH_START;
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
** libcurl reuses a connection for any request with the same certificate file:
** it compares neither the key file nor its password.  So the path of the
** certificate gets marks that depend on these.  "/././/." leads where "/" does.
** Returns XAI_OK or XAI_ENOMEM.
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

/* What follows the marks at 'p', or NULL when there are none. */
static char *skip_marks(char *p) {
  int i;
  for (i = 0; i < MARKS; i++) {
    if (p[0] != '/') return NULL;
    if (p[1] == '/') p++;
    if (p[1] != '.') return NULL;
    p += 2;
  }
  return p;
}

void xai_easy_pool_unmark(char *text) {
  char *p, *rest = NULL;
  for (p = text; *p != '\0' && rest == NULL; p++) rest = skip_marks(p);
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
    xai_easy_pool_set_string(e, CURLOPT_SSLCERT, xai_buffer_data(&path), rc);
  xai_buffer_free(&path);
  if (set->key_file)
    xai_easy_pool_set_string(e, CURLOPT_SSLKEY, set->key_file, rc);
  /* Without a password OpenSSL would ask for one on the terminal. */
  xai_easy_pool_set_string(e, CURLOPT_KEYPASSWD,
                           set->key_password ? set->key_password : "", rc);
}

/* libcurl has a default of 300 s, and refuses values above INT_MAX (24 days),
** which stands for no limit. */
static long connect_timeout(const xai_Settings *set) {
  int64_t ms = set->connect_timeout_ms;
  return ms > 0 && ms < INT_MAX ? (long)ms : INT_MAX;
}

/* Options of the connection: its ends, its certificates, its time limit. */
static void set_peer(CURL *e, const xai_Settings *set, const char *url,
                     CURLcode *rc) {
  const char *no_proxy = xai_url_no_proxy(set, url);
  set_verification(e, set, rc);
  set_certificate(e, set, rc);
  if (set->proxy) xai_easy_pool_set_string(e, CURLOPT_PROXY, set->proxy, rc);
  if (no_proxy) xai_easy_pool_set_string(e, CURLOPT_NOPROXY, no_proxy, rc);
  if (set->unix_socket)
    xai_easy_pool_set_string(e, CURLOPT_UNIX_SOCKET_PATH, set->unix_socket, rc);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout(set));
}

CURL *xai_easy_pool_new_handle(const xai_Settings *set, const char *url,
                               CURLcode *rc) {
  CURL *e = curl_easy_init();
  if (e == NULL) {
    *rc = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  set_fixed_options(e, rc);
  set_peer(e, set, url, rc);
  set_version(e, set, url);
  return e;
}

/* ----------------------------------------------------------------- pool */

CURL *xai_easy_pool_take(xai_EasyPool *pool, unsigned long client_id) {
  if (pool->count == 0 || pool->client_id != client_id) return NULL;
  return pool->idle[--pool->count];
}

void xai_easy_pool_put(xai_EasyPool *pool, unsigned long client_id,
                       CURL *easy) {
  if (pool->client_id != client_id) xai_easy_pool_clear(pool);
  pool->client_id = client_id;
  if (pool->count < XAI_MAX_POOLED)
    pool->idle[pool->count++] = easy;
  else
    curl_easy_cleanup(easy);
}

void xai_easy_pool_clear(xai_EasyPool *pool) {
  while (pool->count > 0) curl_easy_cleanup(pool->idle[--pool->count]);
}

/* --------------------------------------------------------------- routes */

static uint32_t server_of(const char *url) {
  const char *host = strstr(url, "://");
  host = host != NULL ? host + 3 : url;
  return hash(HASH_START, host, strcspn(host, "/?#"));
}

static uint32_t way_of(const xai_Settings *set) {
  return hash_text(hash_text(hash_text(HASH_START, set->proxy), set->no_proxy),
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
** With CURLOPT_PIPEWAIT a request waits for any connection to its server that
** is being opened.  That may be one through another proxy, whose tunnel may
** never open.  Seen on 7.88, 8.14 and 8.23.
*/
void xai_easy_pool_use_route(xai_EasyPool *pool, CURL *easy,
                             const xai_Route *route) {
  xai_Route *known = &pool->routes[route->server % XAI_MAX_ROUTES];
  if (known->server != route->server) *known = *route;
  if (known->way != route->way) known->several = 1;
  if (known->several) curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
}
