/*
** event_schema.h - what the events of each streaming API mean.
**
** One call per event answers: is it the end, a failure, or content; where is
** its visible text; and can it be remembered by that text alone.
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
  XAI_MEANS_DATA,    /* hand it on */
  XAI_MEANS_END,     /* hand it on; nothing comes after it */
  XAI_MEANS_DONE,    /* the "[DONE]" marker: the end, not handed on */
  XAI_MEANS_NOTHING, /* neither content nor end: drop it */
  XAI_MEANS_BROKEN,  /* no whole JSON object: nothing can be trusted */
  XAI_MEANS_DEEP,    /* JSON, but nested too deeply */
  XAI_MEANS_ERROR    /* the service reports a failure */
} xai_Meaning;

/* Which growing text of the result a piece belongs to. */
typedef enum xai_Field {
  XAI_FIELD_NONE,
  XAI_FIELD_TEXT,
  XAI_FIELD_REASONING,
  XAI_FIELD_SUMMARY,
  XAI_FIELD_ARGUMENTS,
  XAI_FIELD_SIGNATURE
} xai_Field;

/* Values that tell nothing of the answer and may be others in each event:
** numbers of the event, ids, times, fingerprints. */
#define XAI_MAX_VARYING 6

typedef struct xai_EventInfo {
  xai_Meaning meaning;
  int has_text;   /* the event has visible text of the wanted choice */
  xai_Slice text; /* that text, as raw JSON string content */
  int parts;      /* 'text' is the inside of a list of typed parts instead */
  int turns;      /* from here on the same bytes may mean something else */
  /* When 'field' is not NONE the event says no more than: append 'piece'
  ** to the field of part (a, b) of the answer. */
  xai_Field field;
  uint32_t a, b;
  xai_Slice delta;
  int concludes;      /* a failure that comes with the whole answer */
  int untyped;        /* its type is the event's name: the JSON has none */
  int varying;        /* how many of those values there are */
  int counts;         /* the first is the sequence number */
  unsigned long same; /* which pattern it repeats; 0: it was read in full */
  xai_Slice varying_field
      [XAI_MAX_VARYING]; /* whole numbers, or what is in a string */
} xai_EventInfo;

#define XAI_MAX_CHOICES 128 /* the service's own limit of 'n' */

/* How many items and parts of a response are told apart: the last ones. */
#define XAI_KNOWN_ITEMS 8
#define XAI_KNOWN_PARTS 16

/* An item of a response.  Its id may change on the way. */
typedef struct xai_Item {
  uint32_t a;
  uint32_t id[2]; /* hashes, 0: none */
  int known;
  int done;
} xai_Item;

/* A part of a response that has text. */
typedef struct xai_Part {
  uint32_t a, b;
  int known;
  int stated; /* as a whole: what comes after that is late */
} xai_Part;

/* How much an event states. */
#define XAI_LEVEL_DELTA 0
#define XAI_LEVEL_TEXT 1
#define XAI_LEVEL_PART 2
#define XAI_LEVEL_ITEM 3

/* Which texts of a response were shown: some services send them in pieces,
** some at the end, and some both ways. */
typedef struct xai_Told {
  xai_Item item[XAI_KNOWN_ITEMS];
  xai_Part part[XAI_KNOWN_PARTS];
  unsigned items, parts; /* how many there ever were */
  int any;               /* some text was shown */
  int level;             /* of the events that did so: the least */
  int lost;              /* there were more parts than are known */
} xai_Told;

typedef struct xai_EventSchema {
  xai_Api api;
  long want;      /* index of the choice whose text is wanted */
  int events;     /* something was read already */
  int ended;      /* the end marker was read */
  int choices;    /* choices seen */
  int unfinished; /* of them, how many have no finish_reason yet */
  unsigned known; /* bit i: member i of the envelope had a value */
  union {
    unsigned char seen[XAI_MAX_CHOICES]; /* bits: seen, finished, had text */
    xai_Told told;                       /* of responses */
  } of;
} xai_EventSchema;

void xai_event_schema_init(xai_EventSchema *d, xai_Api api);

/* Read one event ('name' as the stream gave it). */
void xai_event_schema_read(xai_EventSchema *d, xai_Slice name, xai_Slice data,
                           xai_EventInfo *r);

/* Append the visible text of a reading, as UTF-8.  '*half' as in
** xai_json_unescape.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_event_schema_text(const xai_EventInfo *r, unsigned *surrogate,
                          xai_Buffer *out);

/*
** Is the stream's end proven, given whether the transfer ended cleanly?
** Facts: the service's streaming rules; chat and completions may end without
** "[DONE]" when every choice had its finish_reason.
*/
int xai_event_schema_complete(const xai_EventSchema *d, int clean_end);

/* Does the event only keep its line alive, by its name or its type? */
int xai_event_schema_is_ping(xai_Slice name, xai_Slice data);

#pragma GCC visibility pop

#endif
