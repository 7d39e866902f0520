/*
** clock.h - time that never jumps.
*/
#ifndef XAI_CLOCK_H
#define XAI_CLOCK_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

#define XAI_NEVER INT64_MAX /* a moment that does not come */

/* Milliseconds since an arbitrary start, from the monotonic clock. */
int64_t xai_clock_ms(void);

/* The same clock in seconds, with all the digits that it has. */
double xai_clock_seconds(void);

/* 'now_ms' + 'wait_ms'; XAI_NEVER when 'wait_ms' is not positive. */
int64_t xai_clock_after(int64_t now_ms, int64_t wait_ms);

#pragma GCC visibility pop

#endif
