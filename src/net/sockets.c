/*
** sockets.c - the sockets of an engine's connections.
*/
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "net/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/curl_facts.h"

void xai_sockets_init(xai_Sockets *s) {
  memset(s, 0, sizeof *s);
  s->plain_ahead = xai_curl_reads_ahead(0);
  s->tls_ahead = xai_curl_reads_ahead(1);
}

/* Room for that descriptor.  Without memory it stays unknown, which is no
** failure: its connection is not kept where it had to be looked at. */
static void note(xai_Sockets *s, int fd) {
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

static xai_Socket *known(const xai_Sockets *s, int fd) {
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

curl_socket_t xai_sockets_open(xai_Sockets *s, const struct curl_sockaddr *a,
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
  xai_Socket *it = known((xai_Sockets *)ud, fd);
  if (it != NULL) {
    it->was_connected = is_connected(fd);
    it->open = 0;
  }
  return close(fd);
}

int xai_sockets_connected(const xai_Sockets *s, const void *maker) {
  size_t i;
  for (i = 0; i < s->size; i++) {
    const xai_Socket *it = &s->at[i];
    if (it->maker != maker) continue;
    if (it->open ? is_connected((int)i) : it->was_connected) return 1;
  }
  return 0;
}

void xai_sockets_disown(xai_Sockets *s, const void *maker) {
  size_t i;
  for (i = 0; i < s->size; i++)
    if (s->at[i].maker == maker) s->at[i].maker = NULL;
}

void xai_sockets_lend(xai_Sockets *s, CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, (void *)s);
}

static int port_of(const xai_End *e) {
  if (e->any.sa_family == AF_INET) return ntohs(e->v4.sin_port);
  if (e->any.sa_family == AF_INET6) return ntohs(e->v6.sin6_port);
  return 0;
}

int xai_sockets_port(const struct sockaddr *a) {
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

int xai_sockets_find(xai_Sockets *s, int local_port, const char *ip, int port) {
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

unsigned long xai_sockets_serial(const xai_Sockets *s, int fd) {
  const xai_Socket *it = known(s, fd);
  return it ? it->serial : 0;
}

void xai_sockets_end(const xai_Sockets *s, int fd, unsigned long serial) {
  if (serial != 0 && xai_sockets_serial(s, fd) == serial)
    shutdown(fd, SHUT_RDWR);
}

void xai_sockets_note_answer(xai_Sockets *s, int fd) {
  xai_Socket *it = known(s, fd);
  if (it != NULL) it->answered = 1;
}

int xai_sockets_has_answered(const xai_Sockets *s, int fd) {
  const xai_Socket *it = known(s, fd);
  return it != NULL && it->answered;
}

int xai_sockets_is_spoiled(const xai_Sockets *s, int fd) {
  const xai_Socket *it = known(s, fd);
  char byte;
  if (it == NULL || !it->answered) return 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
         (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* libcurl closes some by itself, and the program may have others in their
** place. */
void xai_sockets_leave(xai_Sockets *s) {
  struct stat facts;
  size_t i;
  for (i = 0; i < s->size; i++)
    if (s->at[i].open && fstat((int)i, &facts) == 0 &&
        S_ISSOCK(facts.st_mode) && facts.st_ino == s->at[i].inode)
      close((int)i);
  xai_sockets_forget(s);
}

void xai_sockets_forget(xai_Sockets *s) {
  free(s->at);
  s->at = NULL;
  s->size = 0;
}
