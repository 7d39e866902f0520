/*
** usage.h - what an answer says of its model and of what it used.
*/
#ifndef XAI_BASE_USAGE_H
#define XAI_BASE_USAGE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* Texts of the answer, each empty if it did not come.  Memory that is missing
** makes them empty, too. */
typedef struct xai_Usage {
  xai_Buffer model; /* contents of a JSON string */
  xai_Buffer id;    /* of an answer that comes later: likewise */
  xai_Buffer first; /* the usage with which a stream begins: a JSON object */
  xai_Buffer last;  /* the usage that counts: a JSON object */
} xai_Usage;

/* Makes it empty.  Nothing is acquired. */
void xai_usage_init(xai_Usage *u);

/* Releases the memory; it is empty afterwards. */
void xai_usage_free(xai_Usage *u);

/* Reads a whole answer, or an event of any stream.  Text that is no JSON object
** says nothing. */
void xai_usage_read(xai_Usage *u, xai_Slice json);

#pragma GCC visibility pop

#endif
