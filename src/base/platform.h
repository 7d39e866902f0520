/*
** platform.h - clock, process and random bytes of the operating system.
*/
#ifndef XAI_BASE_PLATFORM_H
#define XAI_BASE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* ---------------------------------------------------- time that never jumps */

#define XAI_NEVER INT64_MAX /* a moment that does not come */

/* Milliseconds since an arbitrary start, from the monotonic clock. */
int64_t xai_clock_ms(void);

/* The same clock in seconds, with all the digits that it has. */
double xai_clock_seconds(void);

/*
** For tests alone: both clocks go on from 'ms' milliseconds later, so that a
** pause need not be waited for.  libcurl has a clock of its own, and an armed
** timer of the operating system keeps its moment.
*/
void xai_clock_skip(int64_t ms);

/* 'now_ms' + 'wait_ms'; XAI_NEVER when 'wait_ms' is not positive. */
int64_t xai_clock_after(int64_t now_ms, int64_t wait_ms);

/* --------------------------------------------------- which process is this? */

/*
** The number of this process.  Asked for with each event, to notice a fork, so
** the operating system is asked only where the answer may have changed.
*/
long xai_process_id(void);

/* ----------------- random bytes from the operating system, read in portions */

typedef struct xai_Random {
  unsigned char pool[240];
  size_t left; /* unused bytes at the end of the pool */
  long pid;    /* a forked child must not repeat its parent's bytes */
} xai_Random;

void xai_random_init(xai_Random *c);

/* Fill 's' with 'n' random bytes. */
void xai_random_bytes(xai_Random *c, void *s, size_t n);

/* A number in [0,1). */
double xai_random_unit(xai_Random *c);

#define XAI_UUID_SIZE 37

/* Write a random UUID (version 4): 36 characters and a NUL. */
void xai_random_uuid(xai_Random *c, char out[XAI_UUID_SIZE]);

/* ------------------------- the allocator's housekeeping, a little at a time */

/*
** Have the allocator put together the small pieces that were freed since the
** last time, now: it takes about as long as freeing them did.  glibc does that
** by itself when somebody asks for a large piece, for all there are: after a
** whole cycle of a collector it takes up to 7 ms.  Elsewhere nothing happens.
*/
void xai_heap_tidy(void);

#pragma GCC visibility pop

#endif
