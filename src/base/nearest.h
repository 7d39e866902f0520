/*
** nearest.h - the known name that an unknown one was meant to be.
** Plain C: no Lua, no libcurl; nothing is allocated.
*/
#ifndef XAI_NEAREST_H
#define XAI_NEAREST_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

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
