/*
** event_reader.h - reading one event stream: parser, dialect and journal together.
*/
#ifndef XAI_BASE_EVENT_READER_H
#define XAI_BASE_EVENT_READER_H

#include "base/error.h"
#include "base/event_log.h"
#include "base/event_schema.h"
#include "base/event_template.h"
#include "base/sse.h"

#pragma GCC visibility push(hidden)

typedef enum xai_StreamState {
  XAI_STREAM_WAIT,  /* more bytes are needed */
  XAI_STREAM_EVENT, /* '*event' is to be handed on, then taken */
  XAI_STREAM_ERROR, /* '*event' reports a failure of the service */
  XAI_STREAM_END,   /* the end is proven */
  XAI_STREAM_FAULT  /* the stream cannot go on; see 'fault' */
} xai_StreamState;

typedef struct xai_Event {
  xai_SseEvent sse;
  xai_Reading reading;
} xai_Event;

typedef struct xai_Stream {
  xai_Dialect dialect;
  xai_Journal journal;
  xai_Pattern pattern;
  xai_Event event; /* the event that was shown and not yet taken */
  int have;
  int begun;                /* an event was shown that is no failure */
  unsigned long taken;      /* how many events were */
  size_t text_at, piece_at; /* where the reading's parts are in its data */
  size_t stamp_at[XAI_MAX_STAMPS];
  int raw;       /* events as they come, ending with the transfer */
  int last;      /* the event had no blank line behind it */
  int full;      /* what was taken fills the journal */
  unsigned half; /* of a surrogate pair, between two texts */
  xai_Fault fault;
} xai_Stream;

void xai_stream_init(xai_Stream *s, xai_Api api, int raw, size_t max);
void xai_stream_free(xai_Stream *s);

/*
** Look at the next event of 'in'.  'over': no more bytes will come; 'clean':
** the transfer ended as it should.  The same event is shown until it is
** taken; its slices are valid until bytes are fed or it is taken.
*/
xai_StreamState xai_stream_peek(xai_Stream *s, xai_Sse *in, int over,
                                int clean);

/*
** What would be shown, for whoever must know before the reader does.  Nothing
** changes: the reader may still say which choice it wants.  'ended': the
** transfer did, as it should.
*/
xai_StreamState xai_stream_glance(const xai_Stream *s, xai_Sse *in, int ended,
                                  xai_Slice *data);

/* Begin anew, for the answer to another attempt; nothing was shown yet. */
void xai_stream_restart(xai_Stream *s);

/* Nobody reads on: only what was taken is kept. */
void xai_stream_rest(xai_Stream *s);

/* Text of this choice (from 0) is wanted from now on. */
void xai_stream_want(xai_Stream *s, long choice);

/* Remember the shown event and go past it.  XAI_OK, XAI_ENOMEM (nothing was
** changed) or XAI_ELIMIT: from now on the stream shows that as its fault. */
int xai_stream_take(xai_Stream *s, xai_Sse *in);

/* Remember the shown failure, too, if it comes with the whole answer.  Where
** there is no room for it, the answer stays as it was. */
void xai_stream_conclude(xai_Stream *s);

#pragma GCC visibility pop

#endif
