/*
** event_log.h - what a stream has said so far, in little memory.
**
** Pieces of one text that follow each other become one entry; every other
** event is kept as it came.  From it the whole result can be built at any
** time, so that reading a stream need not build it on the way.
*/
#ifndef XAI_BASE_EVENT_LOG_H
#define XAI_BASE_EVENT_LOG_H

#include "base/buffer.h"
#include "base/event_schema.h"

#pragma GCC visibility push(hidden)

typedef struct xai_EventLog {
  xai_Buffer bytes;
  size_t last; /* offset of the last entry */
} xai_EventLog;

typedef struct xai_LogEntry {
  xai_Field field; /* XAI_FIELD_NONE: 'text' is an event's JSON */
  uint32_t a, b;   /* else: raw JSON string content for part (a, b) */
  xai_Slice text;
} xai_LogEntry;

void xai_event_log_init(xai_EventLog *j, size_t max);
void xai_event_log_free(xai_EventLog *j);

/* Remember an event; one that says its type by 'name' alone gets it as a
** member.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_event_log_add(xai_EventLog *j, const xai_EventInfo *r, xai_Slice name,
                      xai_Slice data);

/*
** Read the entry at '*at' (0 for the first) and step behind it.  1, or 0
** after the last.  The slice is valid until something is added.
*/
int xai_event_log_read(const xai_EventLog *j, size_t *at, xai_LogEntry *e);

/* Does an entry begin at 'at', or does the last one end there?  Entries before
** the last one never change, so a place is one for ever but for the end. */
int xai_event_log_is_place(const xai_EventLog *j, size_t at);

#pragma GCC visibility pop

#endif
