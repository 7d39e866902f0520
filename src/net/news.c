/*
** news.c - watched calls that have news, in the order in which it came.
*/
#include "net/news.h"

void xai_engine_queue(xai_Engine *e, xai_Call *c) {
  if (!c->watched || c->queued) return;
  c->queued = 1;
  c->ready_prev = e->ready_last;
  c->ready_next = NULL;
  if (e->ready_last)
    e->ready_last->ready_next = c;
  else
    e->ready_first = c;
  e->ready_last = c;
}

void xai_news_forget(xai_Engine *e, xai_Call *c) {
  if (!c->queued) return;
  c->queued = 0;
  if (c->ready_prev)
    c->ready_prev->ready_next = c->ready_next;
  else
    e->ready_first = c->ready_next;
  if (c->ready_next)
    c->ready_next->ready_prev = c->ready_prev;
  else
    e->ready_last = c->ready_prev;
}

xai_Call *xai_engine_ready(xai_Engine *e) {
  xai_Call *c = e->ready_first;
  if (c != NULL) xai_news_forget(e, c);
  return c;
}
