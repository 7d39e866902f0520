/*
** output.h - where the body of an answer goes instead of memory: to a file, or,
** with its pictures taken out, to several.
*/
#ifndef XAI_BASE_OUTPUT_H
#define XAI_BASE_OUTPUT_H

#include "base/picture_answer.h"

#pragma GCC visibility push(hidden)

typedef enum xai_OutputKind {
  XAI_OUTPUT_NONE,
  XAI_OUTPUT_FILE,     /* the body goes to the file of that path */
  XAI_OUTPUT_NAMED,    /* the same; the path may lack its extension */
  XAI_OUTPUT_PICTURES, /* its pictures go to files; see picture_answer.h */
} xai_OutputKind;

/* Does the whole body go to one file? */
int xai_output_is_file(xai_OutputKind kind);

typedef struct xai_Output {
  xai_OutputKind kind;
  xai_Buffer path;   /* the final one, with a NUL; not of pictures */
  xai_PartFile file; /* likewise */
  xai_PictureAnswer pictures;
  xai_Cause cause; /* what failed, or XAI_CAUSE_NONE */
} xai_Output;

/* Make it empty, of no kind.  Nothing is acquired. */
void xai_output_init(xai_Output *o);

/* Open the file.  Returns 0, or -1 with 'cause'. */
int xai_output_open(xai_Output *o, xai_OutputKind kind, const char *path);

/* Take more bytes.  What is no picture goes to 'json' where they are an answer
** with pictures.  Returns 0, or -1 with 'cause'. */
int xai_output_write(xai_Output *o, const char *s, size_t n, xai_Buffer *json);

/* Forget what came, before another attempt.  Returns 0, or -1 with 'cause'. */
int xai_output_restart(xai_Output *o);

/* The whole body has come: give the file its name, which 'path' has then.
** Returns 0, or -1 with 'cause'.  Pictures are named by their reader. */
int xai_output_commit(xai_Output *o);

/* Give the n-th picture its name, 'path', and the extension of its type where
** the path has none.  'path' changes then.  Returns 1; 0: there is no such
** picture; -1 with 'cause'. */
int xai_output_name_picture(xai_Output *o, int n, xai_Buffer *path);

/* The bytes that were written. */
uint64_t xai_output_written(const xai_Output *o);

/* Is some of it where it cannot be taken back from? */
int xai_output_is_out(const xai_Output *o);

/* What failed, in words. */
const char *xai_output_problem(const xai_Output *o);

/* Remove the files that have no final name, and free everything. */
void xai_output_close(xai_Output *o);

/* After a fork, in the child: leave the parent its files. */
void xai_output_leave(xai_Output *o);

#pragma GCC visibility pop

#endif
