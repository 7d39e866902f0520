/*
** headers.h - the header lines of a call, and its key.
*/
#ifndef XAI_HEADERS_H
#define XAI_HEADERS_H

#include "bind/start.h"

#pragma GCC visibility push(hidden)

/* Push the user's headers, or nil: those of the call over the client's. */
void xai_headers_push(const xai_Start *s);

/* Does the header table on top (or nil) name this header, in any case? */
int xai_headers_has(lua_State *L, const char *name);

/* Add the user's headers, which are on top of the stack, to the call's. */
void xai_headers_add_user(const xai_Start *s, xai_Call *call);

/* Add those that the service needs, unless the user's take their place. */
void xai_headers_add_own(xai_Start *s, xai_Call *call);

/* Push the key that is not the client's own, checked, and note where it, and
** the function that gave it, are.  Raises when there is no key at all. */
void xai_headers_push_key(xai_Start *s);

/* Add the key. */
void xai_headers_add_key(const xai_Start *s, xai_Call *call, const char *key,
                         size_t n);

#pragma GCC visibility pop

#endif
