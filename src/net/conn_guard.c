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

#include "net/curl_facts.h"

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

/* Does TLS hold unread bytes of the connection?  -1: it cannot say. */
static int holds_bytes(const xai_Connection *c) {
  struct curl_tlssessioninfo *tls = NULL;
  HasPending *has_pending = find_has_pending();
  if (has_pending == NULL || c->over_two_tls || c->guard->plain_ahead ||
      curl_easy_getinfo(c->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
      tls == NULL || tls->backend != CURLSSLBACKEND_OPENSSL ||
      tls->internals == NULL)
    return -1;
  return has_pending(tls->internals);
}

static void allow_reuse(xai_Connection *c, int yes) {
  c->no_reuse = !yes;
  curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, yes ? 0L : 1L);
}

/* Can bytes behind the answer be anywhere but in the socket, unseen? */
static int is_hidden(const xai_Connection *c) {
  return c->socket < 0 ||
         (c->tls ? c->guard->tls_ahead : c->guard->plain_ahead);
}

/*
** Bytes behind an answer are looked for before the next request is sent
** (xai_connection_may_send).  They cannot be seen when the socket is not known.
** Unless TLS says what it holds, they cannot be seen either when libcurl read
** more from the socket than was asked for, or when TLS brought them in one
** record with the body: libcurl takes only the length, OpenSSL holds the rest.
*/
void xai_connection_on_head(xai_Connection *c, size_t body_length) {
  c->head_turn = c->guard->turn;
  c->body_length = body_length;
  if (c->shared || (c->tls_tells && c->socket >= 0)) return;
  if (is_hidden(c) || (c->tls && body_length > 0)) allow_reuse(c, 0);
}

/* All of the body came in one read with its head.  That read was not bounded by
** the length: libcurl has seen what is behind, and closes the connection. */
void xai_connection_on_body(xai_Connection *c, size_t n) {
  if (c->no_reuse && !is_hidden(c) && c->head_turn == c->guard->turn &&
      n == c->body_length)
    allow_reuse(c, 1);
}

void xai_connection_forbid_reuse(xai_Connection *c) { allow_reuse(c, 0); }

void xai_connection_reset(xai_Connection *c) {
  if (c->no_reuse && c->easy != NULL) allow_reuse(c, 1);
}

int xai_connection_may_send(xai_Connection *c, int local_port, const char *ip,
                            int port) {
  int held;
  c->socket = guard_find(c->guard, local_port, ip, port);
  c->serial = guard_serial(c->guard, c->socket);
  held = c->tls ? holds_bytes(c) : -1;
  c->tls_tells = held >= 0;
  if (held > 0 && guard_has_answered(c->guard, c->socket)) return 0;
  return !guard_is_broken(c->guard, c->socket);
}
