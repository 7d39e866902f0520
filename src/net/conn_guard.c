/*
** conn_guard.c - decides whether a connection may be reused.
*/
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "net/conn_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/curl_library.h"

/* ----------------------------------- the sockets of an engine's connections */

void xai_conn_guard_init(xai_ConnGuard *g) {
  memset(g, 0, sizeof *g);
  g->plain_ahead = xai_curl_reads_ahead(0);
  g->tls_ahead = xai_curl_reads_ahead(1);
}

/* List a new socket.  Without memory it stays unknown, which is no failure: if
** its connection would need a check, it is not reused. */
static void add_socket(xai_ConnGuard *g, int fd) {
  size_t size = g->size ? g->size : 16;
  struct stat facts;
  while ((size_t)fd >= size) size *= 2;
  if (size > g->size) {
    xai_Socket *at = (xai_Socket *)realloc(g->at, size * sizeof *at);
    if (at == NULL) return;
    memset(at + g->size, 0, (size - g->size) * sizeof *at);
    g->at = at;
    g->size = size;
  }
  memset(&g->at[fd], 0, sizeof g->at[fd]);
  g->at[fd].open = 1;
  g->at[fd].serial = ++g->made;
  if (fstat(fd, &facts) == 0) g->at[fd].inode = facts.st_ino;
}

/* The entry of an open socket, or NULL. */
static xai_Socket *find_socket(const xai_ConnGuard *g, int fd) {
  int is = fd >= 0 && (size_t)fd < g->size && g->at[fd].open;
  return is ? &g->at[fd] : NULL;
}

/*
** Programs that the host starts must not inherit the socket, not even one that
** another thread starts right now.  Old kernels refuse the flag.
*/
static int open_cloexec(int family, int type, int protocol) {
  int fd = -1;
#ifdef SOCK_CLOEXEC
  fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0 || errno != EINVAL) return fd;
#endif
  fd = socket(family, type, protocol);
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

curl_socket_t xai_conn_guard_open(xai_ConnGuard *g,
                                  const struct curl_sockaddr *a,
                                  const void *maker) {
  int fd = open_cloexec(a->family, a->socktype, a->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  add_socket(g, fd);
  if (find_socket(g, fd) != NULL) g->at[fd].maker = maker;
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

/* libcurl's callback: close a socket. */
static int on_close(void *ud, curl_socket_t fd) {
  xai_Socket *it = find_socket((xai_ConnGuard *)ud, fd);
  if (it != NULL) {
    it->was_connected = is_connected(fd);
    it->open = 0;
  }
  return close(fd);
}

int xai_conn_guard_connected(const xai_ConnGuard *g, const void *maker) {
  size_t i;
  for (i = 0; i < g->size; i++) {
    const xai_Socket *it = &g->at[i];
    if (it->maker != maker) continue;
    if (it->open ? is_connected((int)i) : it->was_connected) return 1;
  }
  return 0;
}

void xai_conn_guard_forget_maker(xai_ConnGuard *g, const void *maker) {
  size_t i;
  for (i = 0; i < g->size; i++)
    if (g->at[i].maker == maker) g->at[i].maker = NULL;
}

void xai_conn_guard_attach(xai_ConnGuard *g, CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, (void *)g);
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

/* The local port, or -1 when the descriptor is no socket any more: libcurl does
** not use the callback for sockets that it never used. */
static int local_port_of(int fd) {
  xai_End e;
  socklen_t n = sizeof e;
  return getsockname(fd, &e.any, &n) == 0 ? port_of(&e) : -1;
}

/* Is the other end of the socket at this address? */
static int is_connected_to(int fd, const char *ip, int port) {
  xai_End e;
  socklen_t n = sizeof e;
  struct in6_addr v6;
  struct in_addr v4;
  if (getpeername(fd, &e.any, &n) != 0 || port_of(&e) != port) return 0;
  if (e.any.sa_family == AF_INET6)
    return inet_pton(AF_INET6, ip, &v6) == 1 &&
           memcmp(&v6, &e.v6.sin6_addr, sizeof v6) == 0;
  return e.any.sa_family == AF_INET && inet_pton(AF_INET, ip, &v4) == 1 &&
         memcmp(&v4, &e.v4.sin_addr, sizeof v4) == 0;
}

/* The socket that connects 'local_port' with 'ip' and 'port'; -1: not known. */
static int find_by_ends(xai_ConnGuard *g, int local_port, const char *ip,
                        int port) {
  size_t i;
  if (local_port <= 0 || ip == NULL) return -1;
  for (i = 0; i < g->size; i++) {
    xai_Socket *it = &g->at[i];
    if (!it->open) continue;
    if (it->port == 0 || it->port == local_port)
      it->port = local_port_of((int)i);
    if (it->port < 0) it->open = 0;
    if (it->port == local_port && is_connected_to((int)i, ip, port))
      return (int)i;
  }
  return -1;
}

/* The serial number of a socket; 0: it is not known. */
static unsigned long serial_of(const xai_ConnGuard *g, int fd) {
  const xai_Socket *it = find_socket(g, fd);
  return it ? it->serial : 0;
}

void xai_conn_guard_end(const xai_ConnGuard *g, int fd, unsigned long serial) {
  if (serial != 0 && serial_of(g, fd) == serial) shutdown(fd, SHUT_RDWR);
}

void xai_conn_guard_answered(xai_ConnGuard *g, int fd) {
  xai_Socket *it = find_socket(g, fd);
  if (it != NULL) it->answered = 1;
}

/* Did the head of an HTTP/1 answer come on this socket? */
static int has_answered(const xai_ConnGuard *g, int fd) {
  const xai_Socket *it = find_socket(g, fd);
  return it != NULL && it->answered;
}

/*
** Did bytes or an end come on an idle HTTP/1 connection?  Such bytes are the
** rest of an answer that is longer than its Content-Length.
*/
static int is_unusable(const xai_ConnGuard *g, int fd) {
  const xai_Socket *it = find_socket(g, fd);
  char byte;
  if (it == NULL || !it->answered) return 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
         (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* libcurl may have closed a socket without the callback, and the program may
** use its number for another file: the inode tells. */
void xai_conn_guard_abandon_after_fork(xai_ConnGuard *g) {
  struct stat facts;
  size_t i;
  for (i = 0; i < g->size; i++)
    if (g->at[i].open && fstat((int)i, &facts) == 0 &&
        S_ISSOCK(facts.st_mode) && facts.st_ino == g->at[i].inode)
      close((int)i);
  xai_conn_guard_forget(g);
}

void xai_conn_guard_forget(xai_ConnGuard *g) {
  free(g->at);
  g->at = NULL;
  g->size = 0;
}

/* ------------------------------------------- the connection of one transfer */

/*
** OpenSSL can tell whether it holds unread bytes.  libcurl has loaded it into
** this process.  Several versions may be loaded: only one of libcurl's version
** has the same structures.
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

/* OpenSSL's SSL_has_pending, or NULL. */
static HasPending *find_has_pending(void) {
  void *version = xai_curl_library_symbol("OpenSSL_version");
  void *pending = xai_curl_library_symbol("SSL_has_pending");
  Version *v;
  HasPending *f = NULL;
  if (version == NULL || pending == NULL) return NULL;
  memcpy(&v, &version, sizeof v);
  if (is_curls_openssl(v)) memcpy(&f, &pending, sizeof f);
  return f;
}

/* The same.  It is looked for once, as that takes longer than a short answer. */
static HasPending *known_has_pending(void) {
  static HasPending *found;
  static int looked;
  if (!looked) found = find_has_pending();
  looked = 1;
  return found;
}

/* Does TLS hold unread bytes of the connection?  -1: not known. */
static int holds_bytes(const xai_Connection *c) {
  struct curl_tlssessioninfo *tls = NULL;
  HasPending *has_pending = known_has_pending();
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

/* May bytes after the answer be where the guard cannot see them? */
static int may_hide_bytes(const xai_Connection *c) {
  return c->socket < 0 ||
         (c->tls ? c->guard->tls_ahead : c->guard->plain_ahead);
}

/*
** Bytes after an answer are seen before the next request, by
** xai_connection_check, unless
** - the socket is not known;
** - libcurl or TLS reads ahead from the socket;
** - TLS got them in one record with the body: libcurl takes only the body, and
**   OpenSSL holds the rest.
** In the last two cases TLS may be able to tell.
*/
void xai_connection_on_head(xai_Connection *c, size_t body_length) {
  c->head_turn = c->guard->turn;
  c->body_length = body_length;
  if (c->shared || (c->tls_tells && c->socket >= 0)) return;
  if (may_hide_bytes(c) || (c->tls && body_length > 0)) allow_reuse(c, 0);
}

/* If head and body came in one read, that read was not limited to the body.
** Then libcurl has seen any bytes after it, and closes the connection. */
void xai_connection_on_body(xai_Connection *c, size_t n) {
  if (c->no_reuse && !may_hide_bytes(c) && c->head_turn == c->guard->turn &&
      n == c->body_length)
    allow_reuse(c, 1);
}

void xai_connection_forbid_reuse(xai_Connection *c) { allow_reuse(c, 0); }

void xai_connection_reset(xai_Connection *c) {
  if (c->no_reuse && c->easy != NULL) allow_reuse(c, 1);
}

int xai_connection_check(xai_Connection *c, int local_port, const char *ip,
                         int port) {
  int held;
  c->socket = find_by_ends(c->guard, local_port, ip, port);
  c->serial = serial_of(c->guard, c->socket);
  held = c->tls ? holds_bytes(c) : -1;
  c->tls_tells = held >= 0;
  if (held > 0 && has_answered(c->guard, c->socket)) return 0;
  return !is_unusable(c->guard, c->socket);
}
