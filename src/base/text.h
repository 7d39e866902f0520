/*
** text.h - UTF-8, decimal numbers, and the nearest of known names.
*/
#ifndef XAI_BASE_TEXT_H
#define XAI_BASE_TEXT_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* --------------------------------------------------------- is a text UTF-8? */

/*
** The offset of the first byte that begins no whole UTF-8 character, or 'n'
** when all of the text is UTF-8.  Overlong forms, surrogates and characters
** beyond U+10FFFF are not UTF-8.
*/
size_t xai_utf8_check(const char *s, size_t n);

/* How many of 'n' bytes to keep: up to 'max', but no part of a character. */
size_t xai_utf8_cut(const char *s, size_t n, size_t max);

/* Overwrite each byte that is no part of a UTF-8 character with '?'. */
void xai_utf8_mark(char *s, size_t n);

/* -------------------------------- numbers with a point, whatever the locale */

/*
** The C library writes and reads the decimal point of the program's locale,
** which the program may change at any time.
*/

#define XAI_DECIMAL_SIZE 64       /* holds what xai_decimal_write writes */
#define XAI_DECIMAL_POINT_SIZE 16 /* holds a decimal point */

/* The decimal point of the locale at this moment. */
void xai_decimal_point(char point[XAI_DECIMAL_POINT_SIZE]);

/* Does the locale write numbers with something else than a point? */
int xai_decimal_is_foreign(void);

/* Write 'v' with 'digits' significant digits, at most 17, and a point. */
void xai_decimal_write(char out[XAI_DECIMAL_SIZE], double v, int digits);

/*
** The number nearest to the text, a JSON number.  'scratch' has room for
** XAI_DECIMAL_POINT_SIZE bytes more than the text has.
*/
double xai_decimal_read(const char *s, size_t n, char *scratch);

/* ----------------------- the known name that an unknown one was meant to be */

/*
** Plain C: no Lua, no libcurl; nothing is allocated.
*/

typedef struct xai_Nearest {
  const char *wrong;
  const char *name; /* the best so far; NULL: none is near enough */
  size_t cost;
} xai_Nearest;

/* Look for what 'wrong', which must outlive the search, was meant to be. */
void xai_nearest_begin(xai_Nearest *n, const char *wrong);

/* Is this known name nearer?  Of two that are equally near, the first in the
** order of the alphabet is. */
void xai_nearest_consider(xai_Nearest *n, const char *name);

#pragma GCC visibility pop

#endif
