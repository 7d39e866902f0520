/*
** sse.h - an incremental parser for event streams (server-sent events).
**
** The rules are those of the WHATWG HTML standard, section 9.2.6: lines end
** with LF, CRLF or CR; a blank line ends an event; one leading byte order
** mark is dropped.  Bytes are not decoded: invalid UTF-8 passes unchanged.
** Events do not depend on how the bytes are cut.  The work is linear in their
** number.
*/
#ifndef XAI_BASE_SSE_H
#define XAI_BASE_SSE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* One event.  The slices are valid until the next call on the parser. */
typedef struct xai_SseEvent {
  xai_Slice name; /* "message" if the stream gives no name */
  xai_Slice data; /* the data lines, joined with LF */
  xai_Slice id;   /* the last id of the stream; ids are sticky */
} xai_SseEvent;

/* All offsets count from the first unconsumed byte of 'in'. */
typedef struct xai_Sse {
  xai_Buffer in;
  xai_Buffer name; /* of the event being read */
  xai_Buffer id;
  size_t max_event;
  size_t line; /* start of the line being read */
  size_t scan; /* the line has no end before this offset */
  size_t lf;   /* no LF from 'scan' to this offset; perhaps one at it */
  size_t data_at, data_len;
  int has_data;
  int have;    /* a whole event is ready */
  int skip_lf; /* the last line ended with CR; an LF would belong to it */
  int started; /* a byte order mark was dropped or is not there */
} xai_Sse;

/* Begins a stream.  'max_event': most bytes of the data of one event; a line
** may be 4096 bytes longer.  Nothing is acquired. */
void xai_sse_init(xai_Sse *p, size_t max_event);

/* Releases the memory; the parser is at the beginning of a stream. */
void xai_sse_free(xai_Sse *p);

/*
** 1 if the bytes begin an event stream: with a comment or a field of the
** standard, after an optional byte order mark and blank lines.  0 if they do
** not, as no JSON text does.  -1 if more bytes are needed.
*/
int xai_sse_begins(const char *s, size_t n);

/* Adds bytes.  XAI_OK or XAI_ENOMEM. */
int xai_sse_feed(xai_Sse *p, const char *s, size_t n);

/* Begins a stream with all bytes of 'from', which becomes empty.  Nothing is
** copied. */
void xai_sse_adopt(xai_Sse *p, xai_Buffer *from);

/*
** Shows the next event.  1: '*ev' is set, unless 'ev' is NULL; 0: more bytes
** are needed; XAI_ELIMIT: an event is larger than allowed; XAI_ENOMEM: call
** again.
*/
int xai_sse_peek(xai_Sse *p, xai_SseEvent *ev);

/* Removes the event that xai_sse_peek showed. */
void xai_sse_pop(xai_Sse *p);

/*
** At the end of the input: shows an event that no blank line ends.  The
** standard drops it; a client may know better.  The results are those of
** xai_sse_peek.
*/
int xai_sse_pending(xai_Sse *p, xai_SseEvent *ev);

/* Appends an event as a stream has it.  XAI_OK; XAI_ENOMEM, and nothing was
** changed. */
int xai_sse_write(const xai_SseEvent *ev, xai_Buffer *out);

/* Puts events back before those that were not removed: they come again, then all
** that follows.  'text' is from xai_sse_write.  Ids of events are lost.  XAI_OK;
** XAI_ENOMEM, and nothing was changed. */
int xai_sse_put_back(xai_Sse *p, xai_Slice text);

/* How many bytes are held and not yet removed. */
size_t xai_sse_size(const xai_Sse *p);

#pragma GCC visibility pop

#endif
