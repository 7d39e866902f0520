/*
** handles.h - easy handles that have done their work and can do the like.
**
** To make an easy handle and to give it its options costs a tenth of a small
** request.  One that did a POST goes to the next POST of the same client, with
** the same settings: so no option has to be put back to its default, which
** libcurl may fail to do without a word when memory is short.
*/
#ifndef XAI_HANDLES_H
#define XAI_HANDLES_H

#include <curl/curl.h>

#define XAI_MAX_HANDLES 4

typedef struct xai_Handles {
  CURL *idle[XAI_MAX_HANDLES];
  int count;
  unsigned long owner; /* whose settings all of them have */
} xai_Handles;

/* A handle with the settings of 'owner', or NULL when none is at hand. */
CURL *xai_handles_take(xai_Handles *h, unsigned long owner);

/* Keep a handle with the settings of 'owner'; those of others, and one too
** many, are given back. */
void xai_handles_put(xai_Handles *h, unsigned long owner, CURL *easy);

/* Give back all that are kept. */
void xai_handles_drop(xai_Handles *h);

#endif
