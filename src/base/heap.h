/*
** heap.h - the allocator's housekeeping, a little at a time.
*/
#ifndef XAI_HEAP_H
#define XAI_HEAP_H

#pragma GCC visibility push(hidden)

/*
** Have the allocator put together the small pieces that were freed since the
** last time, now: it takes about as long as freeing them did.  glibc does that
** by itself when somebody asks for a large piece, for all there are: after a
** whole cycle of a collector it takes up to 7 ms.  Elsewhere nothing happens.
*/
void xai_heap_tidy(void);

#pragma GCC visibility pop

#endif
