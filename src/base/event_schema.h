/*
** event_schema.h - what the events of each streaming API mean.
**
** Reading one event tells whether it is the end, a failure or content, where
** its visible text is, and whether the log can keep it as a delta.
*/
#ifndef XAI_BASE_EVENT_SCHEMA_H
#define XAI_BASE_EVENT_SCHEMA_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/json_scan.h"

#pragma GCC visibility push(hidden)

typedef enum xai_Api {
  XAI_API_PLAIN, /* does not stream */
  XAI_API_CHAT,
  XAI_API_RESPONSES,
  XAI_API_MESSAGES,
  XAI_API_COMPLETIONS,
  XAI_API_COMPLETE,
  XAI_API_OTHER /* an unknown endpoint: JSON events, any clean end */
} xai_Api;

typedef enum xai_Meaning {
  XAI_MEANS_DATA,    /* the caller gets it */
  XAI_MEANS_END,     /* the caller gets it, and no event follows */
  XAI_MEANS_DONE,    /* the "[DONE]" marker: the end; the caller gets nothing */
  XAI_MEANS_NOTHING, /* neither content nor end: it is dropped */
  XAI_MEANS_BROKEN,  /* no whole JSON object: the stream is damaged */
  XAI_MEANS_DEEP,    /* JSON, but nested too deeply */
  XAI_MEANS_ERROR    /* the service reports a failure */
} xai_Meaning;

/* The growing texts of a result. */
typedef enum xai_Field {
  XAI_FIELD_NONE,
  XAI_FIELD_TEXT,
  XAI_FIELD_REASONING,
  XAI_FIELD_SUMMARY,
  XAI_FIELD_ARGUMENTS,
  XAI_FIELD_SIGNATURE
} xai_Field;

/* Most varying fields that are noted in an event: members that say nothing
** about the answer and may differ in each event, as numbers, ids and times
** do. */
#define XAI_MAX_VARYING 6

/* What one event says.  All slices are parts of the event's data. */
typedef struct xai_EventInfo {
  xai_Meaning meaning;
  int has_text;   /* it has visible text of the wanted choice */
  xai_Slice text; /* that text: raw JSON string content */
  int parts;      /* 'text' is the inside of a list of typed parts instead */
  int new_state;  /* equal bytes may have another meaning from now on */
  /* If 'field' is not NONE, this is all the event says: append 'delta' to
  ** that field of part (a, b) of the answer. */
  xai_Field field;
  uint32_t a, b;
  xai_Slice delta;
  int opens;      /* it says that an answer begins, and nothing of it */
  int has_answer; /* a failure that brings the whole answer */
  int untyped;    /* the event's name is its type; the JSON has none */
  int numbered;   /* the first varying field is a sequence number */
  int varying;    /* how many varying fields follow */
  xai_Slice varying_field[XAI_MAX_VARYING]; /* numbers or string contents */
  unsigned long template_serial; /* of the template that it repeats; 0: none */
} xai_EventInfo;

/* ------------------------------------------------------ state of one stream */

#define XAI_MAX_CHOICES 128 /* the service's limit of 'n' */

/* Items and parts of a response that are remembered, the latest ones. */
#define XAI_KNOWN_ITEMS 8
#define XAI_KNOWN_PARTS 16

/* An output item of a response. */
typedef struct xai_Item {
  uint32_t a;
  uint32_t id[2]; /* hashes, 0: none; an item's id may change once */
  int known;
  int done;
} xai_Item;

/* A part of an item that had text. */
typedef struct xai_Part {
  uint32_t a, b;
  int known;
  int stated; /* an event gave the whole text; later deltas repeat it */
} xai_Part;

/* How much of a response an event states as a whole. */
#define XAI_LEVEL_DELTA 0
#define XAI_LEVEL_TEXT 1
#define XAI_LEVEL_PART 2
#define XAI_LEVEL_ITEM 3

/* Which texts of a response were shown.  Some services send a text as deltas,
** some as a whole at the end, and some both ways. */
typedef struct xai_Shown {
  xai_Item item[XAI_KNOWN_ITEMS];
  xai_Part part[XAI_KNOWN_PARTS];
  unsigned items, parts; /* how many there were in all */
  int any;               /* some text was shown */
  int level;             /* the lowest level of the events that showed text */
  int forgot;            /* there were more parts than are remembered */
} xai_Shown;

typedef struct xai_EventSchema {
  xai_Api api;
  long want;      /* index of the choice whose text is wanted */
  int events;     /* an event was read */
  int ended;      /* the end was read */
  int choices;    /* how many choices were seen */
  int unfinished; /* how many of them have no finish_reason yet */
  unsigned known; /* bit i: member i of the envelope had a value */
  union {
    unsigned char seen[XAI_MAX_CHOICES]; /* bits: seen, finished, had text */
    xai_Shown shown;                     /* of XAI_API_RESPONSES */
  } of;
} xai_EventSchema;

/* ---------------------------------------------------------------- functions */

/* Begins a stream.  Nothing is acquired. */
void xai_event_schema_init(xai_EventSchema *schema, xai_Api api);

/* Reads one event, given its name and its data as the stream gave them, into
** '*info'. */
void xai_event_schema_read(xai_EventSchema *schema, xai_Slice name,
                           xai_Slice data, xai_EventInfo *info);

/* Appends the visible text of an event, as UTF-8.  '*surrogate' as in
** xai_json_unescape.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_event_schema_text(const xai_EventInfo *info, unsigned *surrogate,
                          xai_Buffer *out);

/*
** 1 if the stream is complete when no more events come.  'clean_end': the
** transfer ended without an error.  Facts: the service's streaming rules; chat
** and completions may end without "[DONE]" once each choice has its
** finish_reason.
*/
int xai_event_schema_complete(const xai_EventSchema *schema, int clean_end);

/* What a chunk that is not simple says beside its envelope. */
typedef struct xai_ChunkPart {
  uint32_t index;   /* of the choice */
  xai_Field field;  /* XAI_FIELD_NONE, or that of 'text' */
  xai_Slice text;   /* contents of strings */
  xai_Slice reason; /* the finish_reason */
  xai_Slice usage; /* an object, as JSON; then there is no text and no reason */
} xai_ChunkPart;

/*
** Reads a chunk of chat or completions that has the text or the finish_reason of
** one choice, or no choice and perhaps a usage.  Its other members are strings,
** numbers and null.  1; 0 for any other event.  'data' is JSON, as
** xai_event_schema_read has found.
*/
int xai_event_schema_chunk_part(const xai_EventSchema *schema, xai_Slice data,
                                xai_ChunkPart *part);

/* 1 if the event only keeps the connection alive, by its name or its type. */
int xai_event_schema_is_ping(xai_Slice name, xai_Slice data);

#pragma GCC visibility pop

#endif
