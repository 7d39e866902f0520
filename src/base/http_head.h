/*
** http_head.h - the head of an HTTP answer, and its dates.
*/
#ifndef XAI_BASE_HTTP_HEAD_H
#define XAI_BASE_HTTP_HEAD_H

#include <stdint.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* ------------------ the head of an HTTP answer: its status line and headers */

/*
** Walk through the headers: '*at' is 0 at first.  1 with name and value
** (without blanks around it), or 0 after the last.
*/
int xai_http_head_next(xai_Slice head, size_t *at, xai_Slice *name,
                       xai_Slice *value);

/* The value of the first header of that name, in any case; length 0 when it
** is not there. */
xai_Slice xai_http_head_find(xai_Slice head, const char *name);

/* Do all headers of that name, and all members of their lists, say the same?
** Where there are none they do. */
int xai_http_head_agrees(xai_Slice head, const char *name);

/* ---------------------- the dates of HTTP headers (RFC 9110, section 5.6.7) */

/*
** Seconds since 1970 for a date in one of the three forms that recipients
** must read; -1 when the text is none of them to the letter:
**   Sun, 06 Nov 1994 08:49:37 GMT
**   Sunday, 06-Nov-94 08:49:37 GMT
**   Sun Nov  6 08:49:37 1994
** A year of two digits is one that lies at most 50 years after 'now'.
*/
int64_t xai_http_date(xai_Slice text, int64_t now);

#pragma GCC visibility pop

#endif
