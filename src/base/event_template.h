/*
** event_template.h - events that repeat an earlier one except for their
** text.
**
** Most events of a stream differ in one string, and perhaps in varying fields:
** a sequence number, a time, an id.  Comparing their bytes with those of an
** earlier event is cheaper than reading them.  It saves half of the cost of an
** event.
*/
#ifndef XAI_BASE_EVENT_TEMPLATE_H
#define XAI_BASE_EVENT_TEMPLATE_H

#include "base/buffer.h"
#include "base/event_schema.h"

#pragma GCC visibility push(hidden)

/* A place in the data where events differ. */
typedef struct xai_Place {
  size_t at, len;
  int varying_field; /* index of the varying field; -1: the text */
  int number;        /* a whole number, not the content of a string */
} xai_Place;

/* The earlier event. */
typedef struct xai_EventTemplate {
  xai_Buffer bytes; /* its name, then its data */
  size_t name_len;
  xai_Place varying_field[XAI_MAX_VARYING]; /* all its varying fields */
  xai_Place place[XAI_MAX_VARYING + 1]; /* those that differ, and the text */
  int places;                           /* how many, in order */
  unsigned differs;                     /* bit i: varying field i differs */
  xai_EventInfo info;                   /* what the event means */
  unsigned long serial;                 /* of the template; 0: none yet */
} xai_EventTemplate;

/* Makes an empty template, which nothing matches; acquires nothing. */
void xai_event_template_init(xai_EventTemplate *t);

/* Releases the memory; the template is empty afterwards. */
void xai_event_template_free(xai_EventTemplate *t);

/* Makes the template empty, because equal events have another meaning now. */
void xai_event_template_forget(xai_EventTemplate *t);

/*
** 1 if the event repeats the template.  '*info' is then what reading the event
** would give, with 'template_serial' set; of its varying fields it has those
** that differ between events.  Texts with bytes or escapes that JSON does not
** allow do not match.
*/
int xai_event_template_match(const xai_EventTemplate *t, xai_Slice name,
                             xai_Slice data, xai_EventInfo *info);

/* Makes an event that was read the new template, if it is a delta.  The varying
** fields that are not as in the template before are those that differ.  Without
** memory the template is empty. */
void xai_event_template_learn(xai_EventTemplate *t, xai_Slice name,
                              xai_Slice data, const xai_EventInfo *info);

/*
** Appends the template's data, with "<mark>t" in place of its text, and
** "<mark>A", "<mark>B"... in place of the varying fields that differ.  A number
** becomes a string.  XAI_OK or XAI_ENOMEM.
*/
int xai_event_template_fill(const xai_EventTemplate *t, const char *mark,
                            xai_Buffer *out);

#pragma GCC visibility pop

#endif
