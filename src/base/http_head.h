/*
** http_head.h - the head of an HTTP answer: headers, status codes, dates.
*/
#ifndef XAI_BASE_HTTP_HEAD_H
#define XAI_BASE_HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/*
** Walks through the headers of 'head', the status line and all header lines.
** '*at' is 0 before the first call.  1: '*name' and '*value' are set, without
** blanks around them; 0: there are no more headers.
*/
int xai_http_head_next(xai_Slice head, size_t *at, xai_Slice *name,
                       xai_Slice *value);

/* The value of the first header of that name, in any case; an empty slice if
** the head has no such header. */
xai_Slice xai_http_head_find(xai_Slice head, const char *name);

/* 1 if all headers of that name, and all members of their lists, have the same
** value, or if there is no such header. */
int xai_http_head_agrees(xai_Slice head, const char *name);

/* The standard phrase of a status code, or a general phrase for an unknown one.
** Never NULL. */
const char *xai_http_status_phrase(int status);

/* 1 if this status tells of a failure that passes by itself, such as 503. */
int xai_http_status_is_transient(int status);

/*
** Seconds since 1970 for a date of RFC 9110, section 5.6.7; -1 if the text is
** not exactly in one of its three forms:
**   Sun, 06 Nov 1994 08:49:37 GMT
**   Sunday, 06-Nov-94 08:49:37 GMT
**   Sun Nov  6 08:49:37 1994
** 'now', in the same unit, completes a year of two digits: the result is at
** most 50 years later.
*/
int64_t xai_http_date(xai_Slice text, int64_t now);

#pragma GCC visibility pop

#endif
