/*
** event_reader.h - reading one event stream: from the SSE parser to events and
** the log.
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
  XAI_READ_EVENT, /* 'event' is for the caller, who consumes it afterwards */
  XAI_READ_ERROR, /* the same, and it reports a failure of the service */
  XAI_READ_END,   /* the stream is complete */
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
  xai_Event event;          /* shown by a peek, and not consumed yet */
  int have;                 /* there is such an event */
  int begun;                /* an event was shown that is no failure */
  int holds;                /* events that open the answer wait, see below */
  xai_Buffer held;          /* such events, as xai_sse_write wrote them */
  unsigned long consumed;   /* how many events were consumed */
  size_t text_at, delta_at; /* offsets of the slices of 'info' in the data */
  size_t varying_at[XAI_MAX_VARYING];
  int raw;            /* show all events as they come, to the transfer's end */
  int last;           /* no blank line follows the event, nor does any byte */
  int full;           /* the log has reached its limit */
  unsigned surrogate; /* half of a surrogate pair, between two texts */
  xai_Cause cause;    /* why the stream cannot go on */
} xai_EventReader;

/* Begins a stream.  'max': most bytes of the log, 0: no limit.  Nothing is
** acquired. */
void xai_event_reader_init(xai_EventReader *reader, xai_Api api, int raw,
                           size_t max);

/* Releases the memory. */
void xai_event_reader_free(xai_EventReader *reader);

/*
** Shows the next event of 'in'.  'over': no more bytes will come; 'clean': the
** transfer ended without an error.  The same event is shown until it is
** consumed.  Its slices are valid until bytes are fed or it is consumed.
*/
xai_ReadState xai_event_reader_peek(xai_EventReader *reader, xai_Sse *in,
                                    int over, int clean);

/*
** What a peek would show; '*data' is the event's data.  The reader does not
** change, so xai_event_reader_want may still follow.  Pings before the event are
** dropped from 'in'.  'ended': the transfer ended without an error.
*/
xai_ReadState xai_event_reader_preview(const xai_EventReader *reader,
                                       xai_Sse *in, int ended, xai_Slice *data);

/* Adds the shown event to the log and goes on to the next.  XAI_OK; XAI_ENOMEM,
** and nothing was changed; XAI_ELIMIT, and all later peeks fail. */
int xai_event_reader_consume(xai_EventReader *reader, xai_Sse *in);

/* Adds the shown failure to the log if it brings the whole answer.  Without
** memory or room, the log stays as it is. */
void xai_event_reader_conclude(xai_EventReader *reader);

/* Begins again for the answer to another attempt; nothing was shown yet. */
void xai_event_reader_restart(xai_EventReader *reader);

/*
** While 'holds' is set, events that say nothing of the answer but that it begins
** are not shown, until one follows that is neither such an event nor a failure.
** So a failure before any output is the first that is shown.
*/

/* Holds what is there of such events.  XAI_OK or an error of the parser. */
int xai_event_reader_hold(xai_EventReader *reader, xai_Sse *in);

/* Shows from now on what was held, then what follows.  XAI_OK or XAI_ENOMEM. */
int xai_event_reader_let_go(xai_EventReader *reader, xai_Sse *in);

/* Releases everything but the log, for a stream that is not read further. */
void xai_event_reader_rest(xai_EventReader *reader);

/* Makes 'choice' (from 0) the one whose text is visible. */
void xai_event_reader_want(xai_EventReader *reader, long choice);

#pragma GCC visibility pop

#endif
