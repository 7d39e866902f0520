/*
** dialect.c - what the events of each streaming API mean.
*/
#include "base/dialect.h"

#include <string.h>

#include "base/jsoncheck.h"

void xai_dialect_init(xai_Dialect *d, xai_Api api) {
  memset(d, 0, sizeof *d);
  d->api = api;
}

static void set_text(xai_Reading *r, xai_Slice s) {
  r->has_text = 1;
  r->text = s;
}

static void set_piece(xai_Reading *r, xai_Field f, long a, long b,
                      xai_Slice s) {
  r->field = f;
  r->a = (uint32_t)a;
  r->b = (uint32_t)b;
  r->piece = s;
}

static int is_string(const xai_Json *v) { return v->type == XAI_JSON_STRING; }

/* Some gateways say "" in each event, which is no end. */
static int names_reason(const xai_Json *v) {
  return is_string(v) && v->raw.len > 0;
}

static void add_stamp(xai_Reading *r, const xai_Json *v) {
  if (r->stamps < XAI_MAX_STAMPS &&
      (is_string(v) || v->type == XAI_JSON_NUMBER))
    r->stamp[r->stamps++] = v->raw;
}

/* ---------------------------------------------------------- chat and kin */

/* What one choice of a chunk says. */
typedef struct Choice {
  long index;
  int finished;
  int rare; /* more than one piece of one text */
  xai_Field field;
  xai_Slice piece;
  int has_text;
  xai_Slice text;
} Choice;

static void choice_text(Choice *c, const xai_Json *v) {
  if (!is_string(v)) return;
  c->has_text = 1;
  c->text = v->raw;
  c->rare |= c->field != XAI_FIELD_NONE;
  c->field = XAI_FIELD_TEXT;
  c->piece = v->raw;
}

static void read_delta(Choice *c, const xai_Json *delta) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  if (!xai_json_open(&w, delta)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "content")) {
      choice_text(c, &v);
    } else if (xai_slice_is(key, "reasoning_content") && is_string(&v)) {
      c->rare |= c->field != XAI_FIELD_NONE;
      c->field = XAI_FIELD_REASONING;
      c->piece = v.raw;
    } else if (!xai_slice_is(key, "role") && xai_json_given(&v)) {
      c->rare = 1;
    }
  }
}

static void read_choice(Choice *c, const xai_Json *choice) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  memset(c, 0, sizeof *c);
  if (!xai_json_open(&w, choice)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "index"))
      c->index = xai_json_index(&v, 1L << 24);
    else if (xai_slice_is(key, "delta"))
      read_delta(c, &v);
    else if (xai_slice_is(key, "text"))
      choice_text(c, &v);
    else if (xai_slice_is(key, "finish_reason"))
      c->finished = names_reason(&v);
    else if (xai_json_given(&v))
      c->rare = 1;
  }
  if (c->index < 0) c->rare = 1;
}

/* Note which choices there are and which of them have come to their end. */
static void note_choice(xai_Dialect *d, const Choice *c) {
  unsigned char *seen;
  if (c->index < 0 || c->index >= XAI_MAX_CHOICES) return;
  seen = &d->seen[c->index];
  if (*seen == 0) {
    *seen = 1;
    d->choices++;
    d->unfinished++;
  }
  if (c->finished && *seen == 1) {
    *seen = 2;
    d->unfinished--;
  }
}

/* Returns whether the choices are one piece of one text and nothing else. */
static int read_choices(xai_Dialect *d, const xai_Json *list, xai_Reading *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  Choice c;
  int n = 0, simple = 1;
  if (!xai_json_open(&w, list)) return 0;
  while (xai_json_next(&w, &key, &v)) {
    read_choice(&c, &v);
    note_choice(d, &c);
    simple = ++n == 1 && !c.rare && !c.finished && c.field != XAI_FIELD_NONE;
    if (simple) set_piece(r, c.field, c.index, 0, c.piece);
    if (c.has_text && c.index == d->want) set_text(r, c.text);
  }
  return simple && n == 1;
}

/* Members that are the same in every chunk of a stream. */
static int is_envelope(xai_Slice key) {
  return xai_slice_is(key, "id") || xai_slice_is(key, "object") ||
         xai_slice_is(key, "created") || xai_slice_is(key, "model") ||
         xai_slice_is(key, "type") || xai_slice_is(key, "log_id") ||
         xai_slice_is(key, "system_fingerprint") ||
         xai_slice_is(key, "service_tier");
}

static void read_chunk(xai_Dialect *d, const xai_Json *event, xai_Reading *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int simple = 0, rare = !d->events;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "choices"))
      simple = read_choices(d, &v, r);
    else if (xai_slice_is(key, "error") && xai_json_given(&v))
      r->meaning = XAI_MEANS_ERROR;
    else if (is_envelope(key))
      add_stamp(r, &v);
    else if (xai_json_given(&v))
      rare = 1;
  }
  if (!simple || rare) r->field = XAI_FIELD_NONE;
}

static void read_complete(xai_Dialect *d, const xai_Json *event,
                          xai_Reading *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int rare = !d->events;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "completion") && is_string(&v)) {
      set_text(r, v.raw);
      set_piece(r, XAI_FIELD_TEXT, 0, 0, v.raw);
    } else if (xai_slice_is(key, "stop_reason") && names_reason(&v)) {
      r->meaning = XAI_MEANS_END;
      rare = 1;
    } else if (xai_slice_is(key, "error") && xai_json_given(&v)) {
      r->meaning = XAI_MEANS_ERROR;
    } else if (!is_envelope(key) && xai_json_given(&v)) {
      rare = 1;
    }
  }
  if (rare) r->field = XAI_FIELD_NONE;
}

/* -------------------------------------------------- events with a 'type' */

typedef struct Typed {
  xai_Slice type;
  xai_Json delta;
  xai_Json error;
  long a, b;
  xai_Json number;
  int untyped; /* 'type' is the name of the event: it has none itself */
  int rare;
} Typed;

static int is_empty_list(const xai_Json *v) {
  return v->type == XAI_JSON_ARRAY && v->raw.len == 2;
}

/* May the name of an event stand in JSON as it is? */
static int is_plain(xai_Slice name) {
  size_t i;
  for (i = 0; i < name.len; i++)
    if (strchr("abcdefghijklmnopqrstuvwxyz._", name.at[i]) == NULL) return 0;
  return name.len > 0 && memchr(name.at, '\0', name.len) == NULL;
}

/* Gather what events of 'responses' and 'messages' have in common. */
static void read_typed(const xai_Json *event, xai_Slice name, Typed *t) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  memset(t, 0, sizeof *t);
  t->type = name;
  t->untyped = is_plain(name);
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "type") && is_string(&v)) {
      t->type = v.raw;
      t->untyped = 0;
    } else if (xai_slice_is(key, "delta")) {
      t->delta = v;
    } else if (xai_slice_is(key, "error")) {
      t->error = v;
    } else if (xai_slice_is(key, "output_index")) {
      t->a = xai_json_index(&v, 1L << 24);
    } else if (xai_slice_is(key, "content_index") ||
               xai_slice_is(key, "summary_index")) {
      t->b = xai_json_index(&v, 1L << 24);
    } else if (xai_slice_is(key, "sequence_number")) {
      t->number = v;
    } else if (!xai_slice_is(key, "item_id") && !xai_slice_is(key, "index") &&
               !is_empty_list(&v) && xai_json_given(&v)) {
      t->rare = 1;
    }
  }
  if (t->a < 0 || t->b < 0) t->rare = 1;
}

typedef struct Meaning {
  const char *type;
  xai_Meaning meaning;
  xai_Field field;
} Meaning;

static const Meaning *find(const Meaning *list, xai_Slice type) {
  for (; list->type != NULL; list++)
    if (xai_slice_is(type, list->type)) return list;
  return NULL;
}

static const Meaning responses_events[] = {
    {"response.output_text.delta", XAI_MEANS_DATA, XAI_FIELD_TEXT},
    {"response.reasoning_text.delta", XAI_MEANS_DATA, XAI_FIELD_REASONING},
    {"response.reasoning_summary_text.delta", XAI_MEANS_DATA,
     XAI_FIELD_SUMMARY},
    {"response.function_call_arguments.delta", XAI_MEANS_DATA,
     XAI_FIELD_ARGUMENTS},
    {"response.completed", XAI_MEANS_END, XAI_FIELD_NONE},
    {"response.incomplete", XAI_MEANS_END, XAI_FIELD_NONE},
    {"response.done", XAI_MEANS_END, XAI_FIELD_NONE},
    {"response.failed", XAI_MEANS_ERROR, XAI_FIELD_NONE},
    {"error", XAI_MEANS_ERROR, XAI_FIELD_NONE},
    {NULL, XAI_MEANS_DATA, XAI_FIELD_NONE}};

static void read_responses(const xai_Json *event, xai_Slice name,
                           xai_Reading *r) {
  Typed t;
  const Meaning *m;
  read_typed(event, name, &t);
  r->untyped = t.untyped;
  if (xai_json_given(&t.number)) {
    add_stamp(r, &t.number);
    r->counts = 1;
  }
  m = find(responses_events, t.type);
  if (m != NULL) r->meaning = m->meaning;
  if (m == NULL && xai_json_given(&t.error)) r->meaning = XAI_MEANS_ERROR;
  if (m == NULL || m->field == XAI_FIELD_NONE || !is_string(&t.delta)) return;
  if (m->field == XAI_FIELD_TEXT) set_text(r, t.delta.raw);
  if (!t.rare) set_piece(r, m->field, t.a, t.b, t.delta.raw);
}

/* The piece that a content_block_delta of 'messages' brings. */
static void read_block_delta(const xai_Json *delta, int rare, xai_Reading *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  xai_Field field = XAI_FIELD_NONE;
  xai_Slice piece = {NULL, 0};
  int n = 0;
  if (!xai_json_open(&w, delta)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "type")) continue;
    n++;
    if (!is_string(&v)) continue;
    piece = v.raw;
    if (xai_slice_is(key, "text")) field = XAI_FIELD_TEXT;
    if (xai_slice_is(key, "thinking")) field = XAI_FIELD_REASONING;
    if (xai_slice_is(key, "partial_json")) field = XAI_FIELD_ARGUMENTS;
    if (xai_slice_is(key, "signature")) field = XAI_FIELD_SIGNATURE;
    if (field == XAI_FIELD_TEXT) set_text(r, piece);
  }
  if (n == 1 && !rare && field != XAI_FIELD_NONE)
    set_piece(r, field, 0, 0, piece);
}

static void read_messages(const xai_Json *event, xai_Slice name,
                          xai_Reading *r) {
  Typed t;
  read_typed(event, name, &t);
  r->untyped = t.untyped;
  if (xai_slice_is(t.type, "content_block_delta"))
    read_block_delta(&t.delta, t.rare, r);
  else if (xai_slice_is(t.type, "message_stop"))
    r->meaning = XAI_MEANS_END;
  else if (xai_slice_is(t.type, "error") || xai_json_given(&t.error))
    r->meaning = XAI_MEANS_ERROR;
}

/* ------------------------------------------------------------- all kinds */

/* "[DONE]": the end where it is the end marker, else without meaning. */
static xai_Meaning done_means(const xai_Dialect *d) {
  switch (d->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS:
    case XAI_API_OTHER: return XAI_MEANS_DONE;
    default: return XAI_MEANS_NOTHING;
  }
}

static void read_event(xai_Dialect *d, xai_Slice name, const xai_Json *event,
                       xai_Reading *r) {
  switch (d->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS: read_chunk(d, event, r); break;
    case XAI_API_RESPONSES: read_responses(event, name, r); break;
    case XAI_API_MESSAGES: read_messages(event, name, r); break;
    case XAI_API_COMPLETE: read_complete(d, event, r); break;
    case XAI_API_PLAIN:
    case XAI_API_OTHER: break;
  }
}

/* Gateways name a failure so and may say it in plain words. */
static int is_named_error(const xai_Dialect *d, xai_Slice name) {
  return xai_slice_is(name, "error") && d->api != XAI_API_OTHER;
}

/* An event's JSON object. */
static void read_json(xai_Dialect *d, xai_Slice name, xai_Slice text,
                      xai_Reading *r) {
  xai_JsonCheck check = xai_json_check(text.at, text.len);
  xai_Json event;
  event.type = XAI_JSON_OBJECT;
  event.raw = text;
  if (check == XAI_JSON_RIGHT && text.at[0] == '{')
    read_event(d, name, &event, r);
  else
    r->meaning = check == XAI_JSON_DEEP ? XAI_MEANS_DEEP : XAI_MEANS_BROKEN;
}

void xai_dialect_read(xai_Dialect *d, xai_Slice name, xai_Slice data,
                      xai_Reading *r) {
  xai_Slice word = xai_slice_trim(data);
  memset(r, 0, sizeof *r);
  r->meaning = XAI_MEANS_DATA;
  if (word.len == 0)
    r->meaning = XAI_MEANS_NOTHING; /* an empty event keeps a line alive */
  else if (xai_slice_is(word, "[DONE]"))
    r->meaning = done_means(d);
  else if (is_named_error(d, name))
    r->meaning = XAI_MEANS_ERROR;
  else
    read_json(d, name, word, r);
  if (r->meaning == XAI_MEANS_NOTHING) return;
  d->events = 1;
  if (r->meaning == XAI_MEANS_END || r->meaning == XAI_MEANS_DONE) d->ended = 1;
}

int xai_dialect_complete(const xai_Dialect *d, int clean_end) {
  if (d->ended) return 1;
  if (!clean_end) return 0;
  if (d->api == XAI_API_OTHER) return 1;
  return (d->api == XAI_API_CHAT || d->api == XAI_API_COMPLETIONS) &&
         d->choices > 0 && d->unfinished == 0;
}
