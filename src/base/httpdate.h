/*
** httpdate.h - the dates of HTTP headers (RFC 9110, section 5.6.7).
*/
#ifndef XAI_HTTPDATE_H
#define XAI_HTTPDATE_H

#include <stdint.h>

#include "base/slice.h"

#pragma GCC visibility push(hidden)

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
