/*
** news.c - watched calls that have news, in the order in which it came.
*/
#include "net/news.h"

void xai_engine_queue(xai_Engine *e, xai_Call *c) {
  if (!c->watched || c->queued) return;
  c->queued = 1;
  c->ready_next = NULL;
  if (e->ready_last)
    e->ready_last->ready_next = c;
  else
    e->ready_first = c;
  e->ready_last = c;
}

xai_Call *xai_engine_ready(xai_Engine *e) {
  xai_Call *c = e->ready_first;
  if (c == NULL) return NULL;
  e->ready_first = c->ready_next;
  if (e->ready_first == NULL) e->ready_last = NULL;
  c->ready_next = NULL;
  c->queued = 0;
  return c;
}

void xai_news_forget(xai_Engine *e, xai_Call *c) {
  xai_Call **at = &e->ready_first, *before = NULL;
  if (!c->queued) return;
  while (*at != c) {
    before = *at;
    at = &(*at)->ready_next;
  }
  *at = c->ready_next;
  if (e->ready_last == c) e->ready_last = before;
  c->queued = 0;
}
