/*
** conn_guard.h - decides whether a connection may be reused.
*/
#ifndef XAI_NET_CONN_GUARD_H
#define XAI_NET_CONN_GUARD_H

#include <curl/curl.h>
#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

/* ----------------------------------- the sockets of an engine's connections */

/*
** libcurl makes and closes them here: it does not tell which of them a request
** is about to be sent on, so that is found out by their addresses.
*/

typedef struct xai_Socket {
  int open;
  int port;          /* the local one; 0: not known yet, or it has none */
  int answered;      /* by HTTP/1, so that nothing may come before a request */
  int was_connected; /* when it was closed */
  unsigned long serial; /* of all that were made: numbers are used again */
  ino_t inode;          /* what else tells it from a file with its number */
  const void *maker;    /* who made it, while that one cares */
} xai_Socket;

typedef struct xai_ConnGuard {
  xai_Socket *at; /* the index is the descriptor */
  size_t size;
  unsigned long turn; /* how often libcurl was let at them */
  unsigned long made; /* how many sockets */
  int plain_ahead;    /* see xai_curl_reads_ahead */
  int tls_ahead;
} xai_ConnGuard;

/* Which libcurl is it? */
void xai_conn_guard_init(xai_ConnGuard *s);

/* A new socket of this list, made by 'maker', or CURL_SOCKET_BAD. */
curl_socket_t xai_conn_guard_open(xai_ConnGuard *s,
                                  const struct curl_sockaddr *a,
                                  const void *maker);

/* Is, or was when it was closed, a socket that 'maker' made connected? */
int xai_conn_guard_connected(const xai_ConnGuard *s, const void *maker);

/* Forget who made them. */
void xai_conn_guard_forget_maker(xai_ConnGuard *s, const void *maker);

/* The port of an address; 0: it has none. */
int xai_conn_guard_port(const struct sockaddr *a);

/* Have the easy handle's connections close sockets of this list, which must
** live until the last of them is closed. */
void xai_conn_guard_attach(xai_ConnGuard *s, CURL *easy);

/* End the connection of a socket with that serial number, so that it is not
** used again. */
void xai_conn_guard_end(const xai_ConnGuard *s, int fd, unsigned long serial);

/* The head of an HTTP/1 answer came by it. */
void xai_conn_guard_answered(xai_ConnGuard *s, int fd);

/* In a process that was forked: close its descriptors of them, so that the
** server hears when the other process closes its own.  Nothing is sent. */
void xai_conn_guard_abandon_after_fork(xai_ConnGuard *s);

/* Forget all of them; none is closed. */
void xai_conn_guard_forget(xai_ConnGuard *s);

/* ---------------- may the connection that an answer comes by be used again? */

/*
** What is behind an HTTP/1 answer whose length is too short would be read as
** the next one.  No libcurl sees all of it: before 8.1 it does not look at a
** kept connection, from 8.22 on once a second at most, and never into TLS.
*/

struct xai_Transfer;

/* A head is complete: is the connection one that can be looked at later? */
void xai_conn_guard_on_head(struct xai_Transfer *t);

/* The first 'n' bytes of its body have come. */
void xai_conn_guard_on_body(struct xai_Transfer *t, size_t n);

/* The rest of the answer is not waited for: the connection is not reused. */
void xai_conn_guard_forbid(struct xai_Transfer *t);

/* Forget what was said of the last answer's connection. */
void xai_conn_guard_reset(struct xai_Transfer *t);

/* A request is about to be sent by the connection with these ends: has nothing
** come there since the last answer? */
int xai_conn_guard_may_send(struct xai_Transfer *t, int local_port,
                            const char *ip, int port);

#pragma GCC visibility pop

#endif
