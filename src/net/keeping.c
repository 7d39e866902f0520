/*
** keeping.c - may the connection that an answer comes by be used again?
*/
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_DEFAULT */
#endif

#include "net/keeping.h"

#include <dlfcn.h>
#include <string.h>

#include "base/head.h"

/*
** OpenSSL tells whether it holds bytes that nobody has read.  It is found in
** this process, as libcurl has loaded it.  Several may be there: one of the
** same version as libcurl's has the same structures.
*/
typedef int HasPending(const void *ssl);
typedef const char *Version(int what);

static int is_curls_openssl(Version *version) {
  const char *curls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  const char *here = version(0); /* "OpenSSL 3.0.17 1 Jul 2025" */
  size_t n = curls ? strlen(curls) : 0;
  return n > 8 && strncmp(curls, "OpenSSL/", 8) == 0 &&
         strncmp(here, "OpenSSL ", 8) == 0 && strlen(here) > n &&
         memcmp(here + 8, curls + 8, n - 8) == 0 && here[n] == ' ';
}

static HasPending *find_has_pending(void) {
  void *version = dlsym(RTLD_DEFAULT, "OpenSSL_version");
  void *pending = dlsym(RTLD_DEFAULT, "SSL_has_pending");
  Version *v;
  HasPending *f = NULL;
  if (version == NULL || pending == NULL) return NULL;
  memcpy(&v, &version, sizeof v);
  if (is_curls_openssl(v)) memcpy(&f, &pending, sizeof f);
  return f;
}

/* Does TLS hold bytes that came by the transfer's connection?  -1: it does not
** tell. */
static int holds_bytes(const xai_Transfer *t) {
  struct curl_tlssessioninfo *tls = NULL;
  HasPending *has_pending = find_has_pending();
  if (has_pending == NULL || t->over_two_tls || t->sockets->plain_ahead ||
      curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
      tls == NULL || tls->backend != CURLSSLBACKEND_OPENSSL ||
      tls->internals == NULL)
    return -1;
  return has_pending(tls->internals);
}

static void keep(xai_Transfer *t, int yes) {
  t->unkept = !yes;
  curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, yes ? 0L : 1L);
}

/* The length of a body that libcurl will not read beyond; 0: there is none. */
static size_t body_length(const xai_Transfer *t) {
  xai_Slice v = xai_head_find(xai_transfer_head(t), "content-length");
  size_t i, n = 0;
  if (t->bodiless || t->status == 204 || t->status == 304) return 0;
  for (i = 0; i < v.len && v.at[i] >= '0' && v.at[i] <= '9'; i++)
    n = n * 10 + (size_t)(v.at[i] - '0');
  return n;
}

/* Can what is behind the answer be anywhere but in the socket, and unseen? */
static int is_hidden(const xai_Transfer *t) {
  return t->socket < 0 ||
         (t->sealed ? t->sockets->tls_ahead : t->sockets->plain_ahead);
}

/*
** What came behind an answer is looked for before the next request is sent
** (xai_keeping_may_send).  It cannot be seen where the socket is not known.
** Unless TLS tells what it holds, it cannot be seen, either, where more was read
** from the socket than was asked for, nor where TLS may have brought it in one
** record with the body: libcurl takes no more of that than the length allows,
** and OpenSSL holds the rest.
*/
void xai_keeping_head(xai_Transfer *t) {
  t->head_turn = t->sockets->turn;
  if (t->shared || (t->tls_tells && t->socket >= 0)) return;
  if (is_hidden(t) || (t->sealed && body_length(t) > 0)) keep(t, 0);
}

/* All of the body came in one read with its head.  That read was not bounded by
** the length: libcurl has seen what is behind, and closes the connection. */
void xai_keeping_body(xai_Transfer *t, size_t n) {
  if (t->unkept && !is_hidden(t) && t->head_turn == t->sockets->turn &&
      n == body_length(t))
    keep(t, 1);
}

void xai_keeping_refuse(xai_Transfer *t) { keep(t, 0); }

void xai_keeping_reset(xai_Transfer *t) {
  if (t->unkept && t->easy != NULL) keep(t, 1);
}

int xai_keeping_may_send(xai_Transfer *t, int local_port, const char *ip,
                         int port) {
  int held;
  t->socket = xai_sockets_find(t->sockets, local_port, ip, port);
  t->serial = xai_sockets_serial(t->sockets, t->socket);
  held = t->sealed ? holds_bytes(t) : -1;
  t->tls_tells = held >= 0;
  if (held > 0 && xai_sockets_has_answered(t->sockets, t->socket)) return 0;
  return !xai_sockets_is_spoiled(t->sockets, t->socket);
}
