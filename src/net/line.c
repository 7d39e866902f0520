/*
** line.c - calls that wait for their turn to begin.
*/
#include "net/line.h"

void xai_line_join(xai_Engine *e, xai_Call *c) {
  c->in_line = 1;
  c->line_prev = e->line_last;
  c->line_next = NULL;
  if (e->line_last)
    e->line_last->line_next = c;
  else
    e->line_first = c;
  e->line_last = c;
}

void xai_line_leave(xai_Engine *e, xai_Call *c) {
  if (!c->in_line) return;
  c->in_line = 0;
  if (c->line_prev)
    c->line_prev->line_next = c->line_next;
  else
    e->line_first = c->line_next;
  if (c->line_next)
    c->line_next->line_prev = c->line_prev;
  else
    e->line_last = c->line_prev;
}
