/*
** secret.h - the key that a call sends: kept out of all that is shown.
*/
#ifndef XAI_NET_SECRET_H
#define XAI_NET_SECRET_H

#include "net/call.h"

#pragma GCC visibility push(hidden)

/* Overwrite with stars each occurrence of a key that the call sends. */
void xai_secret_hide(const xai_Call *c, char *s, size_t n);
void xai_secret_hide_in(const xai_Call *c, xai_Buffer *b);

/* The same in all that a call that is done may show. */
void xai_secret_scrub(xai_Call *c);

/* Overwrite and release the headers, which hold the key. */
void xai_secret_forget(xai_Call *c);

/* The same when the key is to be nowhere any more: what was not read yet is
** masked, as it cannot be later. */
void xai_secret_end(xai_Call *c);

#pragma GCC visibility pop

#endif
