/*
** jsonclose.h - the beginning of a JSON text, closed where it breaks off.
*/
#ifndef XAI_JSONCLOSE_H
#define XAI_JSONCLOSE_H

#include "base/buffer.h"
#include "base/slice.h"

#pragma GCC visibility push(hidden)

/*
** Append 's' without what is not whole at its end, with the quote and brackets
** that it lacks: a string is closed where it is cut, as a value; a name without
** a value, and a number that may go on, are left out.  Nothing is appended where
** it is plain that this is no JSON.  XAI_OK or XAI_ENOMEM.
*/
int xai_json_close(xai_Slice s, xai_Buffer *out);

#pragma GCC visibility pop

#endif
