/*
** utf8.h - is a text UTF-8?
*/
#ifndef XAI_UTF8_H
#define XAI_UTF8_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

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

#pragma GCC visibility pop

#endif
