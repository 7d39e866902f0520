/*
** guard.c - what is told of a call that a budget or a limiter guards.
*/
#include "net/guard.h"

#include <stdlib.h>

xai_Guard *xai_guard_new(void) {
  xai_Guard *g = (xai_Guard *)calloc(1, sizeof *g);
  if (g == NULL) return NULL;
  xai_usage_init(&g->usage);
  xai_buffer_init(&g->head, 0);
  return g;
}

void xai_guard_free(xai_Guard *g) {
  if (g == NULL) return;
  xai_usage_free(&g->usage);
  xai_buffer_free(&g->head);
  free(g);
}

void xai_guard_note_failure(xai_Guard *g, xai_Kind kind, int64_t wait_ms,
                            int64_t hint_ms) {
  g->has_failure = 1;
  g->failure = kind;
  g->wait_ms = wait_ms;
  g->hint_ms = hint_ms;
}

void xai_guard_list(xai_GuardNews *news, xai_Guard *g) {
  if (g->listed) return;
  g->listed = 1;
  g->next = NULL;
  if (news->last != NULL)
    news->last->next = g;
  else
    news->first = g;
  news->last = g;
}

xai_Guard *xai_guard_take(xai_GuardNews *news) {
  xai_Guard *g = news->first;
  if (g == NULL) return NULL;
  news->first = g->next;
  if (news->first == NULL) news->last = NULL;
  g->listed = 0;
  return g;
}

void xai_guard_forget(xai_GuardNews *news) {
  xai_Guard *g;
  while ((g = xai_guard_take(news)) != NULL)
    if (g->settled) xai_guard_free(g);
}
