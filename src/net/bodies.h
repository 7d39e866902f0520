/*
** bodies.h - the bodies that a call may send: its own, and one for each patch.
*/
#ifndef XAI_NET_BODIES_H
#define XAI_NET_BODIES_H

#include "base/buffer.h"
#include "base/error.h"

#pragma GCC visibility push(hidden)

typedef struct xai_Bodies {
  xai_Slice own;     /* the call's own body */
  xai_Slice patches; /* a JSON list of objects, see base/json_patch.h */
  int count;         /* of patches */
  int current;       /* number of the patch that was sent last; 0: none */
  int attempts;      /* made with the current body */
  int move_on;       /* the next attempt sends the next body */
  xai_Buffer text;   /* the body of the current patch */
  xai_Buffer failed; /* an xai_FailedBody for each */
} xai_Bodies;

/* A body that failed, so that another one was sent, or the call ended. */
typedef struct xai_FailedBody {
  xai_Kind kind;
  int status;     /* 0: no answer came */
  char model[80]; /* the body's member of that name; "": it has none */
  char text[320]; /* the error's */
} xai_FailedBody;

/* Begin with a call's own body.  Both texts belong to the caller and must live
** until xai_bodies_free.  Nothing is acquired. */
void xai_bodies_init(xai_Bodies *b, xai_Slice own, xai_Slice patches);

/* Free the memory. */
void xai_bodies_free(xai_Bodies *b);

/* Is there another body behind the current one? */
int xai_bodies_has_next(const xai_Bodies *b);

/* Make the next body the current one, '*text'.  It is valid until the next call.
** Returns 0, or -1 without memory. */
int xai_bodies_next(xai_Bodies *b, xai_Slice *text);

/* Note that the current body failed so.  Returns 0, or -1 without memory. */
int xai_bodies_note_failure(xai_Bodies *b, const xai_Error *error, int status);

/* The n-th body that failed, from 0; NULL after the last. */
const xai_FailedBody *xai_bodies_failed(const xai_Bodies *b, int n);

#pragma GCC visibility pop

#endif
