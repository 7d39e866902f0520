/*
** text.h - UTF-8, decimal numbers, and the nearest of known names.
*/
#ifndef XAI_BASE_TEXT_H
#define XAI_BASE_TEXT_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* -------------------------------------------------------------------- UTF-8 */

/*
** The offset of the first byte that begins no whole UTF-8 character, or 'n' if
** the text is UTF-8.  Overlong forms, surrogates and characters beyond U+10FFFF
** are not UTF-8.
*/
size_t xai_utf8_check(const char *s, size_t n);

/*
** The length of the wrong bytes at 's' that one U+FFFD stands for: the longest
** beginning of a character that is not whole, else 1.  'n' is at least 1, and no
** whole character begins at 's'.  (The "maximal subpart" of Unicode, 3.9; the
** decoder of the WHATWG Encoding Standard replaces the same bytes.)
*/
size_t xai_utf8_wrong(const char *s, size_t n);

/* The length of the longest beginning of at most 'max' bytes that ends between
** two characters. */
size_t xai_utf8_cut(const char *s, size_t n, size_t max);

/* Overwrites each byte that is no part of a UTF-8 character with '?'. */
void xai_utf8_mark(char *s, size_t n);

/* ---------------------------------------------------------- decimal numbers */

/*
** The C library writes and reads the decimal point of the program's locale,
** which the program may change at any time.  These functions always use a
** point.
*/

#define XAI_DECIMAL_SIZE 64       /* bytes that xai_decimal_write may need */
#define XAI_DECIMAL_POINT_SIZE 16 /* bytes that a decimal point may need */

/* Writes the decimal point of the current locale and a NUL. */
void xai_decimal_point(char point[XAI_DECIMAL_POINT_SIZE]);

/* 1 if the decimal point of the current locale is not ".". */
int xai_decimal_is_foreign(void);

/* Writes 'v' with 'digits' significant digits (at most 17) and a NUL. */
void xai_decimal_write(char out[XAI_DECIMAL_SIZE], double v, int digits);

/* The double nearest to a JSON number.  'scratch' has room for 'n' +
** XAI_DECIMAL_POINT_SIZE bytes. */
double xai_decimal_read(const char *s, size_t n, char *scratch);

/* ------------------------------------------------------------- nearest name */

/* A search for the known name that a misspelt one was meant to be. */
typedef struct xai_Nearest {
  const char *wrong;
  const char *name; /* the best name so far; NULL: none is near enough */
  size_t cost;
} xai_Nearest;

/* Begins a search.  'wrong' must outlive it. */
void xai_nearest_begin(xai_Nearest *n, const char *wrong);

/* Makes 'name' the best one if it is nearer.  Of two equally near names the
** first in alphabetical order is the best. */
void xai_nearest_consider(xai_Nearest *n, const char *name);

#pragma GCC visibility pop

#endif
