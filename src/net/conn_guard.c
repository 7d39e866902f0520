/*
** conn_guard.c - decides whether a connection may be reused.
*/
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_DEFAULT */
#endif

#include "net/conn_guard.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/http_head.h"
#include "net/curl_facts.h"
#include "net/transfer.h"

/* ----------------------------------- the sockets of an engine's connections */

void xai_conn_guard_init(xai_ConnGuard *s) {
  memset(s, 0, sizeof *s);
  s->plain_ahead = xai_curl_reads_ahead(0);
  s->tls_ahead = xai_curl_reads_ahead(1);
}

/* Room for that descriptor.  Without memory it stays unknown, which is no
** failure: its connection is not kept where it had to be looked at. */
static void note(xai_ConnGuard *s, int fd) {
  size_t size = s->size ? s->size : 16;
  struct stat facts;
  while ((size_t)fd >= size) size *= 2;
  if (size > s->size) {
    xai_Socket *at = (xai_Socket *)realloc(s->at, size * sizeof *at);
    if (at == NULL) return;
    memset(at + s->size, 0, (size - s->size) * sizeof *at);
    s->at = at;
    s->size = size;
  }
  memset(&s->at[fd], 0, sizeof s->at[fd]);
  s->at[fd].open = 1;
  s->at[fd].serial = ++s->made;
  if (fstat(fd, &facts) == 0) s->at[fd].inode = facts.st_ino;
}

static xai_Socket *known(const xai_ConnGuard *s, int fd) {
  int is = fd >= 0 && (size_t)fd < s->size && s->at[fd].open;
  return is ? &s->at[fd] : NULL;
}

/*
** A program that the host starts must not keep the connection open, nor one
** that another thread starts at this very moment.  Kernels that do not know the
** flag refuse it.
*/
static int open_closed_on_exec(int family, int type, int protocol) {
  int fd = -1;
#ifdef SOCK_CLOEXEC
  fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0 || errno != EINVAL) return fd;
#endif
  fd = socket(family, type, protocol);
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

curl_socket_t xai_conn_guard_open(xai_ConnGuard *s,
                                  const struct curl_sockaddr *a,
                                  const void *maker) {
  int fd = open_closed_on_exec(a->family, a->socktype, a->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  note(s, fd);
  if (known(s, fd) != NULL) s->at[fd].maker = maker;
  return fd;
}

/* One end of a connection. */
typedef union xai_End {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_storage room;
} xai_End;

static int is_connected(int fd) {
  xai_End e;
  socklen_t n = sizeof e;
  return getpeername(fd, &e.any, &n) == 0;
}

static int on_close(void *ud, curl_socket_t fd) {
  xai_Socket *it = known((xai_ConnGuard *)ud, fd);
  if (it != NULL) {
    it->was_connected = is_connected(fd);
    it->open = 0;
  }
  return close(fd);
}

int xai_conn_guard_connected(const xai_ConnGuard *s, const void *maker) {
  size_t i;
  for (i = 0; i < s->size; i++) {
    const xai_Socket *it = &s->at[i];
    if (it->maker != maker) continue;
    if (it->open ? is_connected((int)i) : it->was_connected) return 1;
  }
  return 0;
}

void xai_conn_guard_forget_maker(xai_ConnGuard *s, const void *maker) {
  size_t i;
  for (i = 0; i < s->size; i++)
    if (s->at[i].maker == maker) s->at[i].maker = NULL;
}

void xai_conn_guard_attach(xai_ConnGuard *s, CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, (void *)s);
}

static int port_of(const xai_End *e) {
  if (e->any.sa_family == AF_INET) return ntohs(e->v4.sin_port);
  if (e->any.sa_family == AF_INET6) return ntohs(e->v6.sin6_port);
  return 0;
}

int xai_conn_guard_port(const struct sockaddr *a) {
  xai_End e;
  memset(&e, 0, sizeof e);
  if (a->sa_family == AF_INET) memcpy(&e.v4, a, sizeof e.v4);
  if (a->sa_family == AF_INET6) memcpy(&e.v6, a, sizeof e.v6);
  return port_of(&e);
}

/* -1: it is no socket any more; libcurl closes by itself those that it did not
** come to use. */
static int local_port_of(int fd) {
  xai_End e;
  socklen_t n = sizeof e;
  return getsockname(fd, &e.any, &n) == 0 ? port_of(&e) : -1;
}

static int is_connected_to(int fd, const char *ip, int port) {
  xai_End e;
  socklen_t n = sizeof e;
  char text[INET6_ADDRSTRLEN];
  const void *address = &e.v4.sin_addr;
  if (getpeername(fd, &e.any, &n) != 0 || port_of(&e) != port) return 0;
  if (e.any.sa_family == AF_INET6) address = &e.v6.sin6_addr;
  return inet_ntop(e.any.sa_family, address, text, sizeof text) != NULL &&
         strcmp(text, ip) == 0;
}

/* The socket that is connected from 'local_port' to 'ip' and 'port', or -1:
** it is not known. */
static int guard_find(xai_ConnGuard *s, int local_port, const char *ip,
                      int port) {
  size_t i;
  if (local_port <= 0 || ip == NULL) return -1;
  for (i = 0; i < s->size; i++) {
    xai_Socket *it = &s->at[i];
    if (!it->open) continue;
    if (it->port == 0 || it->port == local_port)
      it->port = local_port_of((int)i);
    if (it->port < 0) it->open = 0;
    if (it->port == local_port && is_connected_to((int)i, ip, port))
      return (int)i;
  }
  return -1;
}

/* Its serial number; 0: it is not known. */
static unsigned long guard_serial(const xai_ConnGuard *s, int fd) {
  const xai_Socket *it = known(s, fd);
  return it ? it->serial : 0;
}

void xai_conn_guard_end(const xai_ConnGuard *s, int fd, unsigned long serial) {
  if (serial != 0 && guard_serial(s, fd) == serial) shutdown(fd, SHUT_RDWR);
}

void xai_conn_guard_answered(xai_ConnGuard *s, int fd) {
  xai_Socket *it = known(s, fd);
  if (it != NULL) it->answered = 1;
}

/* Did one come by it? */
static int guard_has_answered(const xai_ConnGuard *s, int fd) {
  const xai_Socket *it = known(s, fd);
  return it != NULL && it->answered;
}

/*
** Has something come, or an end, although nothing is asked for yet?  The rest
** of an answer that was longer than its Content-Length comes so, and would be
** read as the next answer.
*/
static int guard_is_broken(const xai_ConnGuard *s, int fd) {
  const xai_Socket *it = known(s, fd);
  char byte;
  if (it == NULL || !it->answered) return 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
         (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* libcurl closes some by itself, and the program may have others in their
** place. */
void xai_conn_guard_abandon_after_fork(xai_ConnGuard *s) {
  struct stat facts;
  size_t i;
  for (i = 0; i < s->size; i++)
    if (s->at[i].open && fstat((int)i, &facts) == 0 &&
        S_ISSOCK(facts.st_mode) && facts.st_ino == s->at[i].inode)
      close((int)i);
  xai_conn_guard_forget(s);
}

void xai_conn_guard_forget(xai_ConnGuard *s) {
  free(s->at);
  s->at = NULL;
  s->size = 0;
}

/* ---------------- may the connection that an answer comes by be used again? */

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
  if (has_pending == NULL || t->over_two_tls || t->guard->plain_ahead ||
      curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
      tls == NULL || tls->backend != CURLSSLBACKEND_OPENSSL ||
      tls->internals == NULL)
    return -1;
  return has_pending(tls->internals);
}

static void keep(xai_Transfer *t, int yes) {
  t->no_reuse = !yes;
  curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, yes ? 0L : 1L);
}

/* The length of a body that libcurl will not read beyond; 0: there is none. */
static size_t body_length(const xai_Transfer *t) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(t), "content-length");
  size_t i, n = 0;
  if (t->bodiless || t->status == 204 || t->status == 304) return 0;
  for (i = 0; i < v.len && v.at[i] >= '0' && v.at[i] <= '9'; i++)
    n = n * 10 + (size_t)(v.at[i] - '0');
  return n;
}

/* Can what is behind the answer be anywhere but in the socket, and unseen? */
static int is_hidden(const xai_Transfer *t) {
  return t->socket < 0 ||
         (t->tls ? t->guard->tls_ahead : t->guard->plain_ahead);
}

/*
** What came behind an answer is looked for before the next request is sent
** (xai_conn_guard_may_send).  It cannot be seen where the socket is not known.
** Unless TLS tells what it holds, it cannot be seen, either, where more was read
** from the socket than was asked for, nor where TLS may have brought it in one
** record with the body: libcurl takes no more of that than the length allows,
** and OpenSSL holds the rest.
*/
void xai_conn_guard_on_head(xai_Transfer *t) {
  t->head_turn = t->guard->turn;
  if (t->shared || (t->tls_tells && t->socket >= 0)) return;
  if (is_hidden(t) || (t->tls && body_length(t) > 0)) keep(t, 0);
}

/* All of the body came in one read with its head.  That read was not bounded by
** the length: libcurl has seen what is behind, and closes the connection. */
void xai_conn_guard_on_body(xai_Transfer *t, size_t n) {
  if (t->no_reuse && !is_hidden(t) && t->head_turn == t->guard->turn &&
      n == body_length(t))
    keep(t, 1);
}

void xai_conn_guard_forbid(xai_Transfer *t) { keep(t, 0); }

void xai_conn_guard_reset(xai_Transfer *t) {
  if (t->no_reuse && t->easy != NULL) keep(t, 1);
}

int xai_conn_guard_may_send(xai_Transfer *t, int local_port, const char *ip,
                            int port) {
  int held;
  t->socket = guard_find(t->guard, local_port, ip, port);
  t->serial = guard_serial(t->guard, t->socket);
  held = t->tls ? holds_bytes(t) : -1;
  t->tls_tells = held >= 0;
  if (held > 0 && guard_has_answered(t->guard, t->socket)) return 0;
  return !guard_is_broken(t->guard, t->socket);
}
