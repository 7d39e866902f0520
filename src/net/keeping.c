/*
** keeping.c - may the connection that an answer comes by be used again?
*/
#include "net/keeping.h"

#include "base/head.h"

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
** (xai_keeping_may_send).  It cannot be seen where the socket is not known, nor
** where more was read from it than was asked for, nor where TLS may have
** brought it in one record with the body: libcurl takes no more of that than
** the length allows, and OpenSSL holds the rest.
*/
void xai_keeping_head(xai_Transfer *t) {
  t->head_turn = t->sockets->turn;
  if (t->shared) return;
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
  t->socket = xai_sockets_find(t->sockets, local_port, ip, port);
  t->serial = xai_sockets_serial(t->sockets, t->socket);
  return !xai_sockets_is_spoiled(t->sockets, t->socket);
}
