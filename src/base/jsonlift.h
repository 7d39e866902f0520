/*
** jsonlift.h - long strings taken out of JSON text before it is decoded.
**
** A picture in an answer is one string of megabytes.  Decoders read strings a
** byte at a time into memory of their own and copy them again; a string that
** needs no unescaping can be copied once instead (measured: 0.4 of the time,
** and two thirds of the memory).
*/
#ifndef XAI_JSONLIFT_H
#define XAI_JSONLIFT_H

#include "base/slice.h"

#pragma GCC visibility push(hidden)

#define XAI_LIFT_MIN ((size_t)64 << 10) /* shorter ones stay */

/*
** Find the next string value of XAI_LIFT_MIN bytes or more, without escapes
** and control characters, at or behind '*at' (0 at first).  1, with what is
** between its quotes in '*found' and '*at' behind it; 0: there is none.
*/
int xai_jsonlift(xai_Slice text, size_t *at, xai_Slice *found);

#pragma GCC visibility pop

#endif
