/*
** pattern.h - events that repeat an earlier one but for their text.
**
** Most events of a stream are alike byte for byte except for one piece of
** text (and perhaps a sequence number).  Comparing bytes is many times
** cheaper than reading them again; on any difference the event is read in
** full.
*/
#ifndef XAI_PATTERN_H
#define XAI_PATTERN_H

#include "base/dialect.h"

typedef struct xai_Pattern {
  xai_Buffer bytes;  /* the earlier event's name, then its data */
  size_t name_len;   /* of them, how many are the name */
  size_t number_at;  /* in the data: the sequence number; 0: none */
  size_t number_len; /* (no event begins with one) */
  size_t text_at;    /* in the data: the piece of text */
  size_t text_len;
  xai_Reading reading;  /* what the earlier event meant */
  unsigned long serial; /* which event this is; 0: none yet */
} xai_Pattern;

void xai_pattern_init(xai_Pattern *p);
void xai_pattern_free(xai_Pattern *p);

/* Forget the event: what it would mean has changed. */
void xai_pattern_forget(xai_Pattern *p);

/*
** Does the event repeat the pattern?  Then '*r' is what reading it would
** have given, with 'r->same' set, and 1 is returned.  Texts with bytes or
** escapes that JSON does not allow do not match.
*/
int xai_pattern_match(const xai_Pattern *p, xai_Slice name, xai_Slice data,
                      xai_Reading *r);

/* Take an event that was read as the new pattern, if it is one for it.
** Without memory there is just no pattern. */
void xai_pattern_learn(xai_Pattern *p, xai_Slice name, xai_Slice data,
                       const xai_Reading *r);

/*
** Append the pattern's data with 'text' in place of its text and, where it
** has a sequence number, 'number' in place of that.  XAI_OK or XAI_ENOMEM.
*/
int xai_pattern_fill(const xai_Pattern *p, const char *text, const char *number,
                     xai_Buffer *out);

#endif
