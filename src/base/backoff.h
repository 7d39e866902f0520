/*
** backoff.h - how long to wait before the next attempt.
** The caller supplies chance and time.
*/
#ifndef XAI_BACKOFF_H
#define XAI_BACKOFF_H

#include <stdint.h>

#include "base/slice.h"

#pragma GCC visibility push(hidden)

/* A hint longer than this is not waited for (milliseconds). */
#define XAI_MAX_HINT_MS 120000

/*
** Milliseconds to wait before retry 'n' (1 is the first): 'first_ms' doubled
** each time up to 8 s, of which 'roll', in [0,1), takes off up to a half, so
** that clients do not come back in step.
*/
int64_t xai_backoff_delay(int64_t first_ms, int n, double roll);

#define XAI_FIRST_WAIT_MS 500
#define XAI_FIRST_WAIT_LIMITED_MS 1000 /* told to slow down, not how long */

/*
** A wait that the server asked for by a header's value in seconds ("1.5"),
** in milliseconds; -1 when the text is not such a number.  'scale' is 1000
** for Retry-After, 1 for retry-after-ms.
*/
int64_t xai_backoff_hint(xai_Slice text, int64_t scale);

#pragma GCC visibility pop

#endif
