/*
** secret.h - masks the keys of a request's header lines, and wipes them.
*/
#ifndef XAI_NET_SECRET_H
#define XAI_NET_SECRET_H

#include <curl/curl.h>
#include <stddef.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/*
** Overwrite each key that a header line carries with stars, in the 'n' bytes at
** 's'.  The beginning of a key at the end of the text is overwritten, too.  A
** key of less than 8 characters stays: masking it would spoil ordinary words.
** 'headers' may be NULL.
*/
void xai_secret_mask(const struct curl_slist *headers, char *s, size_t n);

/* The same for what a buffer holds. */
void xai_secret_mask_buffer(const struct curl_slist *headers, xai_Buffer *b);

/* Returns 1 when the value of the header of that name must not be shown: it may
** be a key, a cookie or the like. */
int xai_secret_is_header(xai_Slice name);

/* Overwrite the header lines with zeros, free them and set '*headers' to NULL.
** It may be NULL already. */
void xai_secret_wipe(struct curl_slist **headers);

#pragma GCC visibility pop

#endif
