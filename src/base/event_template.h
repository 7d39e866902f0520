/*
** event_template.h - events that repeat an earlier one but for their text.
**
** Most events of a stream differ in one string alone, and perhaps in stamps:
** a sequence number, a time, an id.  Comparing bytes tells so for a small
** part of the cost of reading them.
*/
#ifndef XAI_BASE_EVENT_TEMPLATE_H
#define XAI_BASE_EVENT_TEMPLATE_H

#include "base/buffer.h"
#include "base/event_schema.h"

#pragma GCC visibility push(hidden)

/* A place in the data where events differ. */
typedef struct xai_Place {
  size_t at, len;
  int varying_field; /* which stamp of the reading it holds; -1: the text */
  int number;        /* a whole number, not the inside of a string */
} xai_Place;

typedef struct xai_EventTemplate {
  xai_Buffer bytes; /* the earlier event's name, then its data */
  size_t name_len;  /* of them, how many are the name */
  xai_Place varying_field[XAI_MAX_VARYING]; /* all of its stamps */
  xai_Place place[XAI_MAX_VARYING + 1]; /* those that differ, and the text */
  int places;                           /* how many, in their order */
  unsigned differs;                     /* bit i: stamp i does */
  xai_EventInfo info;                   /* what the earlier event meant */
  unsigned long serial;                 /* which event this is; 0: none yet */
} xai_EventTemplate;

void xai_event_template_init(xai_EventTemplate *p);
void xai_event_template_free(xai_EventTemplate *p);

/* Forget the event: what it would mean has changed. */
void xai_event_template_forget(xai_EventTemplate *p);

/*
** Does the event repeat the pattern?  Then '*r' is what reading it would
** have given, with 'r->same' set, and 1 is returned; its stamps are those that
** differ from event to event.  Texts with bytes or escapes that JSON does not
** allow do not match.
*/
int xai_event_template_match(const xai_EventTemplate *p, xai_Slice name,
                             xai_Slice data, xai_EventInfo *r);

/* Take an event that was read as the new pattern, if it is one for it.  The
** stamps that are not as in the pattern before are those that differ.
** Without memory there is just no pattern. */
void xai_event_template_learn(xai_EventTemplate *p, xai_Slice name,
                              xai_Slice data, const xai_EventInfo *r);

/*
** Append the pattern's data with "<mark>t" in place of its text, and
** "<mark>A", "<mark>B"... in place of the stamps that differ (of a number, as
** a string).  XAI_OK or XAI_ENOMEM.
*/
int xai_event_template_fill(const xai_EventTemplate *p, const char *mark,
                            xai_Buffer *out);

#pragma GCC visibility pop

#endif
