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

/* -------------------------------------------- the connection of one transfer */

/*
** Bytes behind an HTTP/1 answer whose length is too short would be read as the
** next answer.  No libcurl sees all of them: before 8.1 it does not look at a
** kept connection, from 8.22 on once a second at most, and never into TLS.
*/
typedef struct xai_Connection {
  xai_ConnGuard *guard; /* of the engine */
  CURL *easy;
  int socket;              /* the request was sent on it; -1: not known */
  unsigned long serial;    /* of that socket */
  int tls;                 /* libcurl may hold bytes that no answer owns */
  int over_two_tls;        /* TLS within TLS: an https:// proxy */
  int tls_tells;           /* TLS can say whether it holds unread bytes */
  int shared;              /* HTTP/2: other requests may use it */
  int no_reuse;            /* libcurl was told to close it */
  size_t body_length;      /* libcurl does not read beyond it; 0: no body */
  unsigned long head_turn; /* the guard's turn when the head was complete */
} xai_Connection;

/* Call when a head is complete.  'body_length' is Content-Length, or 0 for an
** answer without a body. */
void xai_connection_on_head(xai_Connection *c, size_t body_length);

/* Call when the first 'n' bytes of the body have come. */
void xai_connection_on_body(xai_Connection *c, size_t n);

/* Close the connection after this answer: its rest is not read. */
void xai_connection_forbid_reuse(xai_Connection *c);

/* Allow reuse again, before another request on the same easy handle. */
void xai_connection_reset(xai_Connection *c);

/* May a request be sent by the connection with these ends?  0 when bytes came
** there since its last answer. */
int xai_connection_may_send(xai_Connection *c, int local_port, const char *ip,
                            int port);

#pragma GCC visibility pop

#endif
