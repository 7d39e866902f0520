/*
** decimal.h - numbers with a point, whatever the locale.
** The C library writes and reads the decimal point of the program's locale,
** which the program may change at any time.
*/
#ifndef XAI_DECIMAL_H
#define XAI_DECIMAL_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

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

#pragma GCC visibility pop

#endif
