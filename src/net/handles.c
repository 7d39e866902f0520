/*
** handles.c - easy handles that have done their work and can do the like.
*/
#include "net/handles.h"

CURL *xai_handles_take(xai_Handles *h, unsigned long owner) {
  if (h->count == 0 || h->owner != owner) return NULL;
  return h->idle[--h->count];
}

void xai_handles_put(xai_Handles *h, unsigned long owner, CURL *easy) {
  if (h->owner != owner) xai_handles_drop(h);
  h->owner = owner;
  if (h->count < XAI_MAX_HANDLES)
    h->idle[h->count++] = easy;
  else
    curl_easy_cleanup(easy);
}

void xai_handles_drop(xai_Handles *h) {
  while (h->count > 0) curl_easy_cleanup(h->idle[--h->count]);
}
