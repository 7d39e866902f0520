/*
** sse.h - an incremental parser for event streams (server-sent events).
**
** The rules are those of the WHATWG HTML standard, section 9.2.6: lines end
** with LF, CRLF or CR; a blank line ends an event; one leading byte order
** mark is dropped.  Bytes are not decoded: invalid UTF-8 passes unchanged.
** Feeding the same bytes in any pieces gives the same events, and the work
** is linear in the number of bytes.
*/
#ifndef XAI_BASE_SSE_H
#define XAI_BASE_SSE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* One event.  The slices are valid until the next call on the parser. */
typedef struct xai_SseEvent {
  xai_Slice name; /* "message" when the stream did not name it */
  xai_Slice data; /* the data lines, joined with LF */
  xai_Slice id;   /* the last id seen; ids are sticky */
} xai_SseEvent;

/* All offsets count from the first unconsumed byte of 'in'. */
typedef struct xai_Sse {
  xai_Buffer in;
  xai_Buffer name; /* of the event being read */
  xai_Buffer id;
  size_t max_event;
  size_t line; /* start of the line being read */
  size_t scan; /* up to here the line has no end */
  size_t lf;   /* no LF between 'scan' and here; maybe one here */
  size_t data_at, data_len;
  int has_data;
  int have;    /* a whole event is ready */
  int skip_lf; /* the last line ended with CR: an LF belongs to it */
  int started; /* the byte order mark was looked for */
} xai_Sse;

/* 'max_event' bounds the data of one event, and any line a little above. */
void xai_sse_init(xai_Sse *p, size_t max_event);
void xai_sse_free(xai_Sse *p);

/*
** Do these bytes begin an event stream, behind a byte order mark and blank
** lines?  1 for a comment or a field of the standard, 0 for anything else, -1
** when more bytes are needed to tell.  No JSON text begins so.
*/
int xai_sse_begins(const char *s, size_t n);

/* Take in bytes.  XAI_OK or XAI_ENOMEM. */
int xai_sse_feed(xai_Sse *p, const char *s, size_t n);

/* Take over all bytes of 'from', which is empty then; the parser is new. */
void xai_sse_adopt(xai_Sse *p, xai_Buffer *from);

/*
** Look at the next event without taking it.  1: '*ev' is set (when not
** NULL); 0: more bytes are needed; XAI_ELIMIT: an event is larger than
** allowed; XAI_ENOMEM: try again.
*/
int xai_sse_peek(xai_Sse *p, xai_SseEvent *ev);

/* Take the event that xai_sse_peek showed. */
void xai_sse_pop(xai_Sse *p);

/*
** At the end of the input: the event that lacks its closing blank line.
** The standard drops it; a client may know better.  1 when there is one; 0,
** XAI_ELIMIT or XAI_ENOMEM as from xai_sse_peek.
*/
int xai_sse_pending(xai_Sse *p, xai_SseEvent *ev);

/* Bytes held and not yet taken. */
size_t xai_sse_size(const xai_Sse *p);

#pragma GCC visibility pop

#endif
