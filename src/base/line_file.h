/*
** line_file.h - a file of lines to which one process appends.
*/
#ifndef XAI_BASE_LINE_FILE_H
#define XAI_BASE_LINE_FILE_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef struct xai_LineFile {
  int fd;         /* -1 while it is closed */
  int is_regular; /* devices and pipes cannot be read, cut or locked */
  int64_t size;   /* of what was read and appended, in bytes */
} xai_LineFile;

#define XAI_LINE_FILE_IN_USE (-1)

void xai_line_file_init(xai_LineFile *f);

/*
** Opens a file, or makes an empty one, and locks it until it is closed or the
** process ends.  Where the file system knows no locks, it is open without one.
** Returns 0, XAI_LINE_FILE_IN_USE, or a value of errno.
*/
int xai_line_file_open(xai_LineFile *f, const char *path);

/* Reads the next bytes.  Stores their number: 0 at the end, and always where the
** file is not regular.  Returns 0 or a value of errno. */
int xai_line_file_read(xai_LineFile *f, char *s, size_t n, size_t *got);

/* Removes what follows the first 'size' bytes.  Returns 0 or a value of errno. */
int xai_line_file_cut(xai_LineFile *f, int64_t size);

/* Appends bytes, all of them: what a failure has left of them is removed.
** Returns 0 or a value of errno. */
int xai_line_file_append(xai_LineFile *f, const char *s, size_t n);

/* A second call does nothing. */
void xai_line_file_close(xai_LineFile *f);

#pragma GCC visibility pop

#endif
