/*
** event_reader.h - reading one event stream: parser, dialect and journal
** together.
*/
#ifndef XAI_BASE_EVENT_READER_H
#define XAI_BASE_EVENT_READER_H

#include "base/error.h"
#include "base/event_log.h"
#include "base/event_schema.h"
#include "base/event_template.h"
#include "base/sse.h"

#pragma GCC visibility push(hidden)

typedef enum xai_ReadState {
  XAI_READ_WAIT,  /* more bytes are needed */
  XAI_READ_EVENT, /* '*event' is to be handed on, then taken */
  XAI_READ_ERROR, /* '*event' reports a failure of the service */
  XAI_READ_END,   /* the end is proven */
  XAI_READ_FAILED /* the stream cannot go on; see 'cause' */
} xai_ReadState;

typedef struct xai_Event {
  xai_SseEvent sse;
  xai_EventInfo info;
} xai_Event;

typedef struct xai_EventReader {
  xai_EventSchema schema;
  xai_EventLog log;
  xai_EventTemplate template;
  xai_Event event; /* the event that was shown and not yet taken */
  int have;
  int begun;                /* an event was shown that is no failure */
  unsigned long taken;      /* how many events were */
  size_t text_at, delta_at; /* where the reading's parts are in its data */
  size_t varying_at[XAI_MAX_VARYING];
  int raw;            /* events as they come, ending with the transfer */
  int last;           /* the event had no blank line behind it */
  int full;           /* what was taken fills the journal */
  unsigned surrogate; /* of a surrogate pair, between two texts */
  xai_Cause cause;    /* why the stream cannot go on */
} xai_EventReader;

void xai_event_reader_init(xai_EventReader *s, xai_Api api, int raw,
                           size_t max);
void xai_event_reader_free(xai_EventReader *s);

/*
** Look at the next event of 'in'.  'over': no more bytes will come; 'clean':
** the transfer ended as it should.  The same event is shown until it is
** taken; its slices are valid until bytes are fed or it is taken.
*/
xai_ReadState xai_event_reader_peek(xai_EventReader *s, xai_Sse *in, int over,
                                    int clean);

/*
** What would be shown, for whoever must know before the reader does.  Nothing
** changes: the reader may still say which choice it wants.  'ended': the
** transfer did, as it should.
*/
xai_ReadState xai_event_reader_preview(const xai_EventReader *s, xai_Sse *in,
                                       int ended, xai_Slice *data);

/* Begin anew, for the answer to another attempt; nothing was shown yet. */
void xai_event_reader_restart(xai_EventReader *s);

/* Nobody reads on: only what was taken is kept. */
void xai_event_reader_rest(xai_EventReader *s);

/* Text of this choice (from 0) is wanted from now on. */
void xai_event_reader_want(xai_EventReader *s, long choice);

/* Remember the shown event and go past it.  XAI_OK, XAI_ENOMEM (nothing was
** changed) or XAI_ELIMIT: from now on the stream shows that as its fault. */
int xai_event_reader_consume(xai_EventReader *s, xai_Sse *in);

/* Remember the shown failure, too, if it comes with the whole answer.  Where
** there is no room for it, the answer stays as it was. */
void xai_event_reader_conclude(xai_EventReader *s);

#pragma GCC visibility pop

#endif
