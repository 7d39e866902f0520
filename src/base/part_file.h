/*
** part_file.h - a file that gets its name once it is whole.
**
** It is written as PATH.part beside the file that it will be, and renamed at the
** end.  A process that is killed leaves that file, never half a file under the
** final name.  Where PATH is there and no regular file, as /dev/null, it is
** written itself.
**
** Writing blocks, as files always do.  Callers write small pieces.
*/
#ifndef XAI_BASE_PART_FILE_H
#define XAI_BASE_PART_FILE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/media_type.h"

#pragma GCC visibility push(hidden)

/* Is there something at the path that no file can replace: a device, a pipe, a
** folder? */
int xai_path_is_fixed(const char *path);

typedef struct xai_PartFile {
  xai_Buffer part;  /* its path while it is written, with a NUL */
  int fd;           /* -1: closed */
  int is_itself;    /* 'part' is the final path: nothing to rename or remove */
  int is_owned;     /* no other call writes it */
  uint64_t written; /* bytes */
  char first[XAI_MEDIA_BYTES]; /* the first of them */
  char problem[280];           /* what failed, or "" */
} xai_PartFile;

/* Make it closed.  Nothing is acquired. */
void xai_part_file_init(xai_PartFile *f);

/*
** Open PATH.part for PATH.  Returns 0, or -1: then 'problem' says why, naming
** the path.  Another open file of that name, of any process, is a reason.
*/
int xai_part_file_open(xai_PartFile *f, const char *path);

/* Append bytes.  Returns 0, or -1 with 'problem'. */
int xai_part_file_write(xai_PartFile *f, const char *s, size_t n);

/* Throw away what was written.  Returns 0, or -1 with 'problem': not every
** device can. */
int xai_part_file_restart(xai_PartFile *f);

/*
** Close it and give it its final name.  With 'adds' that is 'path' and the
** extension of its type, where the path has none and the type is known; 'path'
** changes then, and has a NUL behind it.  A device keeps the path that it was opened
** by, which 'path' is then.  Returns 0, or -1 with 'problem'.
*/
int xai_part_file_commit(xai_PartFile *f, xai_Buffer *path, int adds);

/* Close and remove it, unless it has its final name. */
void xai_part_file_discard(xai_PartFile *f);

/* After a fork, in the child: close it, and leave the parent its file. */
void xai_part_file_leave(xai_PartFile *f);

#pragma GCC visibility pop

#endif
