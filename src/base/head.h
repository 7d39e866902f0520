/*
** head.h - the head of an HTTP answer: its status line and headers.
*/
#ifndef XAI_HEAD_H
#define XAI_HEAD_H

#include "base/slice.h"

#pragma GCC visibility push(hidden)

/*
** Walk through the headers: '*at' is 0 at first.  1 with name and value
** (without blanks around it), or 0 after the last.
*/
int xai_head_next(xai_Slice head, size_t *at, xai_Slice *name,
                  xai_Slice *value);

/* The value of the first header of that name, in any case; length 0 when it
** is not there. */
xai_Slice xai_head_find(xai_Slice head, const char *name);

/* Do all headers of that name, and all members of their lists, say the same?
** Where there are none they do. */
int xai_head_agrees(xai_Slice head, const char *name);

#pragma GCC visibility pop

#endif
