/*
** recording.h - an answer as it came: for tests that replay it.
**
** A recording is a body and the sizes of the pieces in which it came, as decimal
** numbers with a blank behind each.
*/
#ifndef XAI_BASE_RECORDING_H
#define XAI_BASE_RECORDING_H

#include "base/buffer.h"
#include "base/error.h"

#pragma GCC visibility push(hidden)

/* What has come so far.  All zero: nothing is recorded. */
typedef struct xai_Recording {
  int on;
  xai_Buffer body, sizes;
} xai_Recording;

/* Adds a piece of the body.  XAI_OK or XAI_ENOMEM. */
int xai_recording_add(xai_Recording *r, const char *s, size_t n);

/* Forgets what was recorded; keeps recording. */
void xai_recording_clear(xai_Recording *r);

/* Frees it. */
void xai_recording_free(xai_Recording *r);

/* An answer that is given in place of an exchange.  All zero: there is none.
** The strings belong to the owner of the structure. */
typedef struct xai_Replay {
  int on;
  xai_Slice head;  /* with the empty line; empty: no answer comes */
  xai_Slice body;  /* what is left of it */
  xai_Slice sizes; /* of the pieces that are left */
  xai_Kind end;    /* the failure at its end; NONE: it ends well */
  xai_Phase phase; /* of that failure */
  const char *why; /* its text */
  int has_more;    /* another attempt may be answered, too */
  int waits;       /* the first attempt is answered later */
} xai_Replay;

/* Takes the next piece of the body; what has no size comes at once.  Returns 0
** after the last. */
int xai_replay_next(xai_Replay *r, xai_Slice *piece);

#pragma GCC visibility pop

#endif
