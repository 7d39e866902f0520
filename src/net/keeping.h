/*
** keeping.h - may the connection that an answer comes by be used again?
** What is behind an HTTP/1 answer whose length is too short would be read as
** the next one.  No libcurl sees all of it: before 8.1 it does not look at a
** kept connection, from 8.22 on once a second at most, and never into TLS.
*/
#ifndef XAI_KEEPING_H
#define XAI_KEEPING_H

#include "net/transfer.h"

#pragma GCC visibility push(hidden)

/* A head is complete: is the connection one that can be looked at later? */
void xai_keeping_head(xai_Transfer *t);

/* The first 'n' bytes of its body have come. */
void xai_keeping_body(xai_Transfer *t, size_t n);

/* The rest of the answer is not waited for: the connection is not reused. */
void xai_keeping_refuse(xai_Transfer *t);

/* Forget what was said of the last answer's connection. */
void xai_keeping_reset(xai_Transfer *t);

/* A request is about to be sent by the connection with these ends: has nothing
** come there since the last answer? */
int xai_keeping_may_send(xai_Transfer *t, int local_port, const char *ip,
                         int port);

#pragma GCC visibility pop

#endif
