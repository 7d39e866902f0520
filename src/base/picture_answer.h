/*
** picture_answer.h - the answer of a function that makes pictures, with its
** pictures taken out while it arrives.
**
** The answer is JSON, {"data":[{"b64_json":"..."}, ...], ...}, and nearly all of
** it is base64.  Each picture is decoded as it comes, straight into a file of its
** own.  The rest of the JSON goes to a buffer, with the picture's number, from
** 1, in its place.  Members may come in any order and be written with escapes.
*/
#ifndef XAI_BASE_PICTURE_ANSWER_H
#define XAI_BASE_PICTURE_ANSWER_H

#include "base/base64.h"
#include "base/error.h"
#include "base/part_file.h"

#pragma GCC visibility push(hidden)

/* More pictures than the service makes in one call. */
#define XAI_MAX_PICTURES 64

/* Levels of brackets whose kind is known; pictures are on the last of them. */
#define XAI_PICTURE_DEPTH 3

typedef struct xai_PictureAnswer {
  xai_Buffer path;  /* what the files' names begin with */
  int is_itself;    /* no: it is written itself, as /dev/null */
  xai_Buffer files; /* an xai_PartFile for each picture, and one for the next */
  int count;        /* pictures that have begun */
  xai_Cause cause;  /* what failed, or XAI_CAUSE_NONE */
  char problem[280];

  /* Where in the JSON text the reader is. */
  int depth;                            /* of brackets */
  int is_object[XAI_PICTURE_DEPTH + 1]; /* the kind of each level */
  char last;                            /* the last mark outside of strings */
  int in_data, in_entry; /* within "data", within one of its objects */
  int state;             /* see picture_answer.c */
  int escape;            /* within an escape of a string */
  unsigned code;         /* the number of a \u escape so far */
  char key[12];          /* the last member's name, cut */
  size_t key_length;     /* of the whole name */

  /* The picture under way. */
  size_t lead; /* bytes of "data:" that were found at its beginning */
  xai_Base64 decoder;
} xai_PictureAnswer;

/* Make it empty.  Nothing is acquired. */
void xai_picture_answer_init(xai_PictureAnswer *p);

/* Set the path, and open the file of the first picture: it is known then that
** one can be written.  Returns 0, or -1 with 'cause' and 'problem'. */
int xai_picture_answer_open(xai_PictureAnswer *p, const char *path);

/* Take more bytes of the answer; append to 'json' what is no picture.  Returns
** 0, or -1 with 'cause' and 'problem'. */
int xai_picture_answer_feed(xai_PictureAnswer *p, const char *s, size_t n,
                            xai_Buffer *json);

/* Forget the answer, before another attempt.  Returns as above. */
int xai_picture_answer_restart(xai_PictureAnswer *p);

/* The file of the n-th picture, from 1; NULL where there is none. */
xai_PartFile *xai_picture_answer_file(xai_PictureAnswer *p, int n);

/* Remove the files that have no final name, and free everything. */
void xai_picture_answer_close(xai_PictureAnswer *p);

/* After a fork, in the child: leave the parent its files. */
void xai_picture_answer_leave(xai_PictureAnswer *p);

#pragma GCC visibility pop

#endif
