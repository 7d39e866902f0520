/*
** secret.h - the key in the header lines of a request, kept out of all that is
** shown.
*/
#ifndef XAI_NET_SECRET_H
#define XAI_NET_SECRET_H

#include <curl/curl.h>
#include <stddef.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/*
** Overwrite with stars, in the 'n' bytes at 's', each occurrence of a key that
** one of the header lines carries.  A key that is cut off at the end counts.
** Keys of less than 8 characters are left: masking them spoils words.
*/
void xai_secret_mask(const struct curl_slist *headers, char *s, size_t n);
void xai_secret_mask_buffer(const struct curl_slist *headers, xai_Buffer *b);

/* Overwrite the header lines, free them, and set '*headers' to NULL. */
void xai_secret_wipe(struct curl_slist **headers);

#pragma GCC visibility pop

#endif
