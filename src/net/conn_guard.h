/*
** conn_guard.h - decides whether a connection may be reused.
**
** If an HTTP/1 answer is longer than its Content-Length, libcurl would read the
** rest as the next answer.  No libcurl notices all such bytes.  Before 8.1 it
** does not check an idle connection; from 8.22 on it does so once a second; it
** never checks the buffers of TLS.
**
** The guard checks before each request (xai_connection_check).  Where it
** could not see such bytes, it has libcurl close the connection after the
** answer (xai_connection_on_head).
*/
#ifndef XAI_NET_CONN_GUARD_H
#define XAI_NET_CONN_GUARD_H

#include <curl/curl.h>
#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

/* ----------------------------------- the sockets of an engine's connections */

/*
** libcurl opens and closes its sockets by callbacks that lead here.  It does
** not tell which socket a request is about to be sent on, so that one is found
** by its two addresses.
*/

typedef struct xai_Socket {
  int open;
  int port;          /* the local one; 0: not known yet, -1: closed */
  int answered;      /* an HTTP/1 answer came: bytes before the next request are
                   wrong */
  int was_connected; /* when it was closed */
  unsigned long serial; /* unique, unlike the descriptor */
  ino_t inode;          /* distinguishes it from a later file of that number */
  const void *maker; /* the transfer that opened it; NULL once that is done */
} xai_Socket;

typedef struct xai_ConnGuard {
  xai_Socket *at; /* the index is the descriptor */
  size_t size;
  unsigned long turn; /* counts the calls of libcurl, by the engine */
  unsigned long made; /* counts the sockets: the last serial number */
  int plain_ahead;    /* libcurl reads ahead without TLS */
  int tls_ahead;      /* libcurl or TLS reads ahead with TLS */
} xai_ConnGuard;

/* Make a guard that knows no socket.  Nothing is acquired. */
void xai_conn_guard_init(xai_ConnGuard *g);

/* Open a socket.  'maker' identifies whose request it is for; it is only
** compared.  Returns the descriptor, or CURL_SOCKET_BAD.  Without memory the
** socket is opened, but the guard does not know it. */
curl_socket_t xai_conn_guard_open(xai_ConnGuard *g,
                                  const struct curl_sockaddr *a,
                                  const void *maker);

/* Is a socket of 'maker' connected, or was it when it was closed? */
int xai_conn_guard_connected(const xai_ConnGuard *g, const void *maker);

/* Remove that maker from all sockets, before its memory is reused. */
void xai_conn_guard_forget_maker(xai_ConnGuard *g, const void *maker);

/* The port of an address; 0: it has none. */
int xai_conn_guard_port(const struct sockaddr *a);

/* Have the easy handle close its sockets by the guard, which must outlive
** all of the handle's connections. */
void xai_conn_guard_attach(xai_ConnGuard *g, CURL *easy);

/* Shut the connection of a socket down, so that it is not reused.  Nothing
** happens when the descriptor has another serial number by now. */
void xai_conn_guard_end(const xai_ConnGuard *g, int fd, unsigned long serial);

/* Note that the head of an HTTP/1 answer came on this socket. */
void xai_conn_guard_answered(xai_ConnGuard *g, int fd);

/* In a forked child: close its copies of the descriptors, so that the parent
** can still end its connections.  Nothing is sent. */
void xai_conn_guard_abandon_after_fork(xai_ConnGuard *g);

/* Free the list; no socket is closed. */
void xai_conn_guard_forget(xai_ConnGuard *g);

/* ------------------------------------------- the connection of one transfer */

typedef struct xai_Connection {
  xai_ConnGuard *guard; /* of the engine */
  CURL *easy;
  int socket;              /* which the request was sent on; -1: not known */
  unsigned long serial;    /* of that socket */
  int tls;                 /* TLS may hold bytes that follow an answer */
  int over_two_tls;        /* TLS within TLS: an https:// proxy */
  int tls_tells;           /* TLS can say whether it holds unread bytes */
  int shared;              /* HTTP/2: several requests use it at once */
  int no_reuse;            /* libcurl was told to close it */
  size_t body_length;      /* of the answer; 0: no body, or not known */
  unsigned long head_turn; /* the guard's turn when the head was complete */
} xai_Connection;

/* Call when a head is complete.  'body_length' is Content-Length, or 0 for an
** answer without a body.  It may tell libcurl to close the connection. */
void xai_connection_on_head(xai_Connection *c, size_t body_length);

/* Call when the first 'n' bytes of the body have come.  It may allow reuse
** again. */
void xai_connection_on_body(xai_Connection *c, size_t n);

/* Have libcurl close the connection after this answer. */
void xai_connection_forbid_reuse(xai_Connection *c);

/* Allow reuse again, before another request on the same easy handle. */
void xai_connection_reset(xai_Connection *c);

/* Find the socket between these two ends.  Returns 1 when a request may be sent
** on it; 0 when bytes came after its last answer, or its end. */
int xai_connection_check(xai_Connection *c, int local_port, const char *ip,
                         int port);

#pragma GCC visibility pop

#endif
