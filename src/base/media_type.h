/*
** media_type.h - what kind of file bytes are, told from the first of them.
*/
#ifndef XAI_BASE_MEDIA_TYPE_H
#define XAI_BASE_MEDIA_TYPE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* So many first bytes are enough. */
#define XAI_MEDIA_BYTES 16

typedef struct xai_MediaType {
  const char *name;      /* "image/png" */
  const char *extension; /* "png" */
} xai_MediaType;

/* The type of the bytes; NULL where it is none of those that the service takes
** or makes. */
const xai_MediaType *xai_media_type(xai_Slice bytes);

/* Does the last part of a path have an extension?  That of a hidden file is its
** name. */
int xai_path_has_extension(const char *path);

#pragma GCC visibility pop

#endif
