/*
** server_timers.c - connections by the moment at which they are due: a heap.
*/
#include "server.h"

static struct conn **heap;
static int nheap, capheap;

static void hset(int i, struct conn *c) {
  heap[i] = c;
  c->heap_i = i;
}
static void hup(int i) {
  struct conn *c = heap[i];
  while (i && heap[(i - 1) / 2]->due > c->due) {
    hset(i, heap[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  hset(i, c);
}
static void hdown(int i) {
  struct conn *c = heap[i];
  for (;;) {
    int k = 2 * i + 1;
    if (k >= nheap) break;
    if (k + 1 < nheap && heap[k + 1]->due < heap[k]->due) k++;
    if (heap[k]->due >= c->due) break;
    hset(i, heap[k]);
    i = k;
  }
  hset(i, c);
}
void hpush(struct conn *c) {
  if (c->heap_i >= 0) return;
  if (nheap == capheap)
    heap = xr(heap, sizeof *heap * (capheap = capheap ? capheap * 2 : 64));
  nheap++;
  hset(nheap - 1, c);
  hup(nheap - 1);
}
void hdel(struct conn *c) {
  int i = c->heap_i;
  if (i < 0) return;
  c->heap_i = -1;
  nheap--;
  if (i != nheap) {
    struct conn *m = heap[nheap];
    hset(i, m);
    hup(i);
    hdown(m->heap_i);
  }
}

struct conn *first_due(void) {
  if (nheap == 0) return NULL;
  return heap[0];
}
