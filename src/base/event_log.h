/*
** event_log.h - the events of a stream so far, in little memory.
**
** Deltas of one text that follow each other become one entry.  Every other
** event is kept as it came.  The whole result can be built from the log at any
** time, so reading a stream need not build it on the way.
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
  uint32_t a, b;   /* otherwise it is raw JSON string content of part (a, b) */
  xai_Slice text;
} xai_LogEntry;

/* Makes an empty log of at most 'max' bytes (0: no limit); acquires nothing. */
void xai_event_log_init(xai_EventLog *log, size_t max);

/* Releases the memory; the log is empty afterwards. */
void xai_event_log_free(xai_EventLog *log);

/* Adds an event.  If only its 'name' says its type, its JSON gets the type as a
** member.  XAI_OK; XAI_ENOMEM or XAI_ELIMIT, and nothing was changed. */
int xai_event_log_add(xai_EventLog *log, const xai_EventInfo *info,
                      xai_Slice name, xai_Slice data);

/*
** Reads the entry at offset '*at' (0 for the first) and moves '*at' past it.
** 1; 0 after the last entry.  The slice is valid until something is added.
*/
int xai_event_log_read(const xai_EventLog *log, size_t *at, xai_LogEntry *e);

/* 1 if an entry begins at offset 'at', or if the log ends there.  Entries
** before the last one never change, so their offsets stay valid. */
int xai_event_log_is_place(const xai_EventLog *log, size_t at);

#pragma GCC visibility pop

#endif
