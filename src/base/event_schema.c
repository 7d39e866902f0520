/*
** event_schema.c - what the events of each streaming API mean.
*/
#include "base/event_schema.h"

#include <string.h>

#include "base/error_body.h"
#include "base/json_scan.h"

void xai_event_schema_init(xai_EventSchema *d, xai_Api api) {
  memset(d, 0, sizeof *d);
  d->api = api;
}

static void set_text(xai_EventInfo *r, xai_Slice s) {
  r->has_text = 1;
  r->text = s;
}

/* What stands between the brackets of a list; empty where it is none. */
static xai_Slice inside(const xai_Json *list) {
  xai_Slice s = {"", 0};
  if (list->type != XAI_JSON_ARRAY) return s;
  s.at = list->raw.at + 1;
  s.len = list->raw.len - 2;
  return s;
}

/* The text is that of the typed parts in 's', if there are any. */
static void set_parts(xai_EventInfo *r, xai_Slice s) {
  if (xai_slice_trim(s).len == 0) return;
  set_text(r, s);
  r->parts = 1;
}

static void set_delta(xai_EventInfo *r, xai_Field f, long a, long b,
                      xai_Slice s) {
  r->field = f;
  r->a = (uint32_t)a;
  r->b = (uint32_t)b;
  r->delta = s;
}

static int is_string(const xai_Json *v) { return v->type == XAI_JSON_STRING; }

/* Some gateways say "" in each event, which is no end. */
static int names_reason(const xai_Json *v) {
  return is_string(v) && v->raw.len > 0;
}

static void add_varying(xai_EventInfo *r, const xai_Json *v) {
  if (r->varying < XAI_MAX_VARYING &&
      (is_string(v) || v->type == XAI_JSON_NUMBER))
    r->varying_field[r->varying++] = v->raw;
}

/* ------------------------------------------------------------- chat and kin */

/* What one choice of a chunk says. */
typedef struct Choice {
  long index;
  int finished;
  int failed;
  int rare; /* more than one piece of one text */
  xai_Field field;
  xai_Slice delta;
  xai_Json text;  /* a string, or typed parts */
  xai_Json whole; /* the same, of a message that is no delta */
} Choice;

static void choice_delta(Choice *c, xai_Field field, const xai_Json *v) {
  c->rare |= c->field != XAI_FIELD_NONE || !is_string(v);
  c->field = field;
  c->delta = v->raw;
}

static void choice_text(Choice *c, const xai_Json *v) {
  if (!xai_json_given(v)) return;
  c->text = *v;
  choice_delta(c, XAI_FIELD_TEXT, v);
}

/* The role of every answer, or none. */
static int is_known_role(const xai_Json *v) {
  return is_string(v) && (v->raw.len == 0 || xai_slice_is(v->raw, "assistant"));
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
      choice_delta(c, XAI_FIELD_REASONING, &v);
    } else if (xai_slice_is(key, "reasoning") && is_string(&v)) {
      choice_delta(c, XAI_FIELD_SUMMARY, &v);
    } else if (xai_json_given(&v)) {
      c->rare |= !xai_slice_is(key, "role") || !is_known_role(&v);
    }
  }
}

/* 'place': where it stands, for one without an index. */
static void read_choice(Choice *c, const xai_Json *choice, long place) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  memset(c, 0, sizeof *c);
  c->index = place;
  if (!xai_json_open(&w, choice)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "index") && v.type == XAI_JSON_NUMBER)
      c->index = xai_json_index(&v, 1L << 24);
    else if (xai_slice_is(key, "delta"))
      read_delta(c, &v);
    else if (xai_slice_is(key, "text"))
      choice_text(c, &v);
    else if (xai_slice_is(key, "finish_reason"))
      c->finished = names_reason(&v);
    else if (xai_json_given(&v))
      c->rare = 1;
    if (xai_slice_is(key, "error")) c->failed = xai_error_body_is_reported(&v);
    if (xai_slice_is(key, "message")) c->whole = xai_json_get(&v, "content");
  }
  if (c->index < 0) c->rare = 1;
}

#define SEEN 1
#define FINISHED 2
#define HAD_TEXT 4

/* Note which choices there are and which of them have come to their end. */
static void note_choice(xai_EventSchema *d, const Choice *c) {
  unsigned char *seen;
  if (c->index < 0 || c->index >= XAI_MAX_CHOICES) return;
  seen = &d->of.seen[c->index];
  if (!(*seen & SEEN)) {
    *seen |= SEEN;
    d->choices++;
    d->unfinished++;
  }
  if (c->finished && !(*seen & FINISHED)) {
    *seen |= FINISHED;
    d->unfinished--;
  }
}

static int is_blank(const xai_Json *v) {
  return !xai_json_given(v) || (is_string(v) && v->raw.len == 0);
}

/* The text of the wanted choice.  A whole message has some where no delta had:
** services that do not stream send one as the only event. */
static void choose_text(xai_EventSchema *d, const Choice *c, xai_EventInfo *r) {
  const xai_Json *v = xai_json_given(&c->text) ? &c->text : &c->whole;
  unsigned char *seen = NULL;
  if (c->index < 0) return;
  if (c->index < XAI_MAX_CHOICES) seen = &d->of.seen[c->index];
  if (v == &c->whole && (seen == NULL || (*seen & HAD_TEXT))) return;
  if (seen != NULL && !is_blank(v)) *seen |= HAD_TEXT;
  if (c->index != d->want) return;
  if (is_string(v))
    set_text(r, v->raw);
  else if (v->type == XAI_JSON_OBJECT)
    set_parts(r, v->raw);
  else
    set_parts(r, inside(v));
}

/* Returns whether the choices are one piece of one text and nothing else. */
static int read_choices(xai_EventSchema *d, const xai_Json *list,
                        xai_EventInfo *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  Choice c;
  int n = 0, simple = 1;
  if (!xai_json_open(&w, list)) return 0;
  while (xai_json_next(&w, &key, &v)) {
    read_choice(&c, &v, n);
    note_choice(d, &c);
    if (c.failed) r->meaning = XAI_MEANS_ERROR;
    simple = ++n == 1 && !c.rare && !c.finished && c.field != XAI_FIELD_NONE;
    if (simple) set_delta(r, c.field, c.index, 0, c.delta);
    choose_text(d, &c, r);
  }
  return simple && n == 1;
}

/* Which of the members that are the same in every chunk of a stream; -1:
** none. */
static int envelope_member(xai_Slice key) {
  static const char *const names[] = {"id",
                                      "object",
                                      "created",
                                      "model",
                                      "type",
                                      "log_id",
                                      "system_fingerprint",
                                      "service_tier"};
  int i;
  for (i = 0; i < (int)(sizeof names / sizeof *names); i++)
    if (xai_slice_is(key, names[i])) return i;
  return -1;
}

/* Note such a member.  1 when this is its first real value: some services
** begin with empty ones. */
static int is_first_value(xai_EventSchema *d, int member, const xai_Json *v) {
  unsigned bit = 1u << member;
  if (is_blank(v) || xai_slice_is(v->raw, "0") || (d->known & bit)) return 0;
  d->known |= bit;
  return 1;
}

static void read_chunk(xai_EventSchema *d, const xai_Json *event,
                       xai_EventInfo *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int simple = 0, rare = !d->events, chosen = 0, member;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "choices")) {
      chosen = 1;
      simple = read_choices(d, &v, r);
    } else if (xai_slice_is(key, "error") && xai_error_body_is_reported(&v)) {
      r->meaning = XAI_MEANS_ERROR;
    } else if ((member = envelope_member(key)) >= 0) {
      add_varying(r, &v);
      rare |= is_first_value(d, member, &v);
    } else if (xai_json_given(&v)) {
      rare = 1;
    }
  }
  if (!chosen && xai_error_body_is_bare(event)) r->meaning = XAI_MEANS_ERROR;
  if (!simple || rare) r->field = XAI_FIELD_NONE;
}

static void read_complete(xai_EventSchema *d, const xai_Json *event,
                          xai_EventInfo *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int rare = !d->events, member;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "completion") && is_string(&v)) {
      set_text(r, v.raw);
      set_delta(r, XAI_FIELD_TEXT, 0, 0, v.raw);
    } else if (xai_slice_is(key, "stop_reason") && names_reason(&v)) {
      r->meaning = XAI_MEANS_END;
      rare = 1;
    } else if (xai_slice_is(key, "error") && xai_error_body_is_reported(&v)) {
      r->meaning = XAI_MEANS_ERROR;
    } else if ((member = envelope_member(key)) >= 0) {
      rare |= is_first_value(d, member, &v);
    } else if (xai_json_given(&v)) {
      rare = 1;
    }
  }
  if (rare) r->field = XAI_FIELD_NONE;
}

/* ----------------------------------------------------- events with a 'type' */

typedef struct Typed {
  xai_Slice type;
  xai_Json delta;
  xai_Json error;
  long a, b;
  long index; /* of a block; -1: none */
  xai_Json number;
  xai_Json item, part, text, response, block, message; /* some have them */
  xai_Slice item_id;
  int placed;  /* it has an output_index */
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

/* Members that only some events have, and whose values are looked at. */
static xai_Json *member_of(Typed *t, xai_Slice key) {
  if (xai_slice_is(key, "item")) return &t->item;
  if (xai_slice_is(key, "part")) return &t->part;
  if (xai_slice_is(key, "text")) return &t->text;
  if (xai_slice_is(key, "response")) return &t->response;
  if (xai_slice_is(key, "content_block")) return &t->block;
  if (xai_slice_is(key, "message")) return &t->message;
  return NULL;
}

/* A member that is no text and no place. */
static void note_member(Typed *t, xai_Slice key, const xai_Json *v) {
  xai_Json *known = member_of(t, key);
  if (known != NULL) *known = *v;
  if (!is_empty_list(v) && xai_json_given(v)) t->rare = 1;
}

/* Gather what events of 'responses' and 'messages' have in common. */
static void read_typed(const xai_Json *event, xai_Slice name, Typed *t) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  memset(t, 0, sizeof *t);
  t->index = -1;
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
      t->placed = 1;
    } else if (xai_slice_is(key, "content_index") ||
               xai_slice_is(key, "summary_index")) {
      t->b = xai_json_index(&v, 1L << 24);
    } else if (xai_slice_is(key, "sequence_number")) {
      t->number = v;
    } else if (xai_slice_is(key, "item_id")) {
      if (is_string(&v)) t->item_id = v.raw;
    } else if (xai_slice_is(key, "index")) {
      t->index = xai_json_index(&v, 1L << 24);
      t->rare |= t->index < 0 && xai_json_given(&v);
    } else {
      note_member(t, key, &v);
    }
  }
  if (t->a < 0 || t->b < 0) t->rare = 1;
  if (t->a < 0) t->a = 0;
  if (t->b < 0) t->b = 0;
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

/* --------------------------------------------------- which texts were shown */

/* 0 for no id. */
static uint32_t hash_of(xai_Slice id) {
  uint32_t h = 2166136261u;
  size_t i;
  for (i = 0; i < id.len; i++) h = (h ^ (unsigned char)id.at[i]) * 16777619u;
  return id.len == 0 ? 0 : h | 1;
}

static xai_Item *find_item(xai_Told *told, uint32_t a) {
  xai_Item *item;
  int i;
  for (i = 0; i < XAI_KNOWN_ITEMS; i++)
    if (told->item[i].known && told->item[i].a == a) return &told->item[i];
  item = &told->item[told->items++ % XAI_KNOWN_ITEMS];
  memset(item, 0, sizeof *item);
  item->known = 1;
  item->a = a;
  return item;
}

/* NULL: that part had no text yet. */
static xai_Part *find_part(xai_Told *told, uint32_t a, uint32_t b) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++) {
    xai_Part *part = &told->part[i];
    if (part->known && part->a == a && part->b == b) return part;
  }
  return NULL;
}

static xai_Part *add_part(xai_Told *told, uint32_t a, uint32_t b) {
  xai_Part *part = &told->part[told->parts++ % XAI_KNOWN_PARTS];
  told->lost |= part->known;
  part->known = 1;
  part->stated = 0;
  part->a = a;
  part->b = b;
  return part;
}

static int has_stated(const xai_Told *told, uint32_t a) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++)
    if (told->part[i].known && told->part[i].a == a && told->part[i].stated)
      return 1;
  return 0;
}

static void forget_parts(xai_Told *told, uint32_t a) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++)
    if (told->part[i].a == a) told->part[i].known = 0;
}

/* The item at a place, with that id: another one than before where that one
** was over.  'added': the event announces it. */
static xai_Item *item_at(xai_Told *told, uint32_t a, xai_Slice id, int added) {
  xai_Item *item = find_item(told, a);
  uint32_t h = hash_of(id);
  int same = h != 0 && (item->id[0] == h || item->id[1] == h);
  int over = item->done || (added && has_stated(told, a));
  if (same) return item;
  if (over && (added || (h != 0 && item->id[0] != 0))) {
    forget_parts(told, a);
    item->done = 0;
    item->id[0] = h;
    item->id[1] = 0;
  } else if (h != 0) {
    item->id[item->id[0] != 0] = h;
  }
  return item;
}

/* A part's text, as far as it goes or, 'stated', as a whole: 1 where it is to
** be shown.  Of more parts than are known, events that state more than those
** which were shown repeat them. */
static int tell(xai_Told *told, uint32_t a, uint32_t b, int level, int stated) {
  xai_Part *part = find_part(told, a, b);
  int is_new = part == NULL;
  if (is_new && told->lost && level > told->level) return 0;
  if (is_new) part = add_part(told, a, b);
  part->stated |= stated;
  if (!told->any || level < told->level) told->level = level;
  told->any = 1;
  return is_new;
}

static int is_text_part(const xai_Json *part, xai_Json *text) {
  xai_Json type = xai_json_get(part, "type");
  *text = xai_json_get(part, "text");
  return is_string(text) && text->raw.len > 0 &&
         (!is_string(&type) || xai_slice_is(type.raw, "output_text") ||
          xai_slice_is(type.raw, "text"));
}

static void read_text_delta(xai_Told *told, const Typed *t, xai_EventInfo *r) {
  const xai_Item *item = item_at(told, (uint32_t)t->a, t->item_id, 0);
  const xai_Part *part = find_part(told, (uint32_t)t->a, (uint32_t)t->b);
  if (part != NULL && (part->stated || item->done)) return;
  if (t->delta.raw.len > 0)
    tell(told, (uint32_t)t->a, (uint32_t)t->b, XAI_LEVEL_DELTA, 0);
  set_text(r, t->delta.raw);
}

static void read_part(xai_Told *told, const Typed *t, const xai_Json *text,
                      int level, xai_EventInfo *r) {
  int stated = level != XAI_LEVEL_DELTA;
  item_at(told, (uint32_t)t->a, t->item_id, 0);
  if (!is_string(text) || text->raw.len == 0) return;
  if (tell(told, (uint32_t)t->a, (uint32_t)t->b, level, stated))
    set_text(r, text->raw);
}

/* The parts of a message that were not shown yet; of several rows of them the
** first. */
static void read_content(xai_Told *told, uint32_t a, const xai_Json *content,
                         int stated, xai_EventInfo *r) {
  xai_Slice key, row = {NULL, 0};
  xai_JsonWalk w;
  xai_Json part, text;
  uint32_t b = 0;
  int ended = 0;
  if (content->type != XAI_JSON_ARRAY) return;
  xai_json_open(&w, content);
  for (; xai_json_next(&w, &key, &part); b++) {
    if (!is_text_part(&part, &text)) continue;
    if (!tell(told, a, b, XAI_LEVEL_ITEM, stated)) {
      ended = row.at != NULL;
    } else if (!ended) {
      if (row.at == NULL) row.at = part.raw.at;
      row.len = (size_t)(part.raw.at + part.raw.len - row.at);
    }
  }
  if (row.at != NULL) set_parts(r, row);
}

/* Only messages have visible text.  Other items may share their place. */
static void read_item(xai_Told *told, const Typed *t, int stated,
                      xai_EventInfo *r) {
  xai_Json id = xai_json_get(&t->item, "id");
  xai_Json type = xai_json_get(&t->item, "type");
  xai_Json content = xai_json_get(&t->item, "content");
  static const xai_Slice none = {"", 0};
  xai_Item *item;
  if (!is_string(&type) || !xai_slice_is(type.raw, "message")) return;
  item = item_at(told, (uint32_t)t->a, is_string(&id) ? id.raw : none, !stated);
  read_content(told, (uint32_t)t->a, &content, stated, r);
  if (stated) item->done = 1;
}

/* Text in other events than those of pieces: it is shown once. */
static void read_stated(xai_Told *told, const Typed *t, xai_EventInfo *r) {
  xai_Json text;
  r->turns = 1;
  if (xai_slice_is(t->type, "response.output_text.done"))
    read_part(told, t, &t->text, XAI_LEVEL_TEXT, r);
  else if (xai_slice_is(t->type, "response.content_part.done") &&
           is_text_part(&t->part, &text))
    read_part(told, t, &text, XAI_LEVEL_PART, r);
  else if (xai_slice_is(t->type, "response.content_part.added") &&
           is_text_part(&t->part, &text))
    read_part(told, t, &text, XAI_LEVEL_DELTA, r);
  else if (xai_slice_is(t->type, "response.output_item.added"))
    read_item(told, t, 0, r);
  else if (xai_slice_is(t->type, "response.output_item.done"))
    read_item(told, t, 1, r);
  else
    r->turns = 0;
}

static int has_failed(const xai_Json *response) {
  xai_Json status = xai_json_get(response, "status");
  return is_string(&status) && xai_slice_is(status.raw, "failed");
}

static void read_responses(xai_EventSchema *d, const xai_Json *event,
                           xai_Slice name, xai_EventInfo *r) {
  xai_Told *told = &d->of.told;
  Typed t;
  const Meaning *m;
  read_typed(event, name, &t);
  r->untyped = t.untyped;
  if (xai_json_given(&t.number)) {
    add_varying(r, &t.number);
    r->counts = 1;
  }
  m = find(responses_events, t.type);
  if (m != NULL) r->meaning = m->meaning;
  if (r->meaning == XAI_MEANS_END && has_failed(&t.response))
    r->meaning = XAI_MEANS_ERROR;
  if (m == NULL &&
      (xai_error_body_is_reported(&t.error) || xai_error_body_is_bare(event)))
    r->meaning = XAI_MEANS_ERROR;
  r->concludes = r->meaning == XAI_MEANS_ERROR && xai_json_given(&t.response);
  if (m == NULL) read_stated(told, &t, r);
  if (r->meaning == XAI_MEANS_END && !told->any) {
    xai_Json output = xai_json_get(&t.response, "output");
    set_parts(r, inside(&output));
  }
  if (m == NULL || m->field == XAI_FIELD_NONE || !is_string(&t.delta)) return;
  if (m->field == XAI_FIELD_TEXT) read_text_delta(told, &t, r);
  if (t.item_id.len > 0 && !t.placed) return; /* its id is its place */
  if (!t.rare) set_delta(r, m->field, t.a, t.b, t.delta.raw);
}

/* ----------------------------------------------------------------- messages */

/* The piece that a content_block_delta of 'messages' brings. */
static void read_block_delta(const xai_Json *object, int rare, long index,
                             xai_EventInfo *r) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  xai_Field field = XAI_FIELD_NONE;
  xai_Slice delta = {NULL, 0};
  int n = 0;
  if (!xai_json_open(&w, object)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "type")) continue;
    n++;
    if (!is_string(&v)) continue;
    delta = v.raw;
    if (xai_slice_is(key, "text")) field = XAI_FIELD_TEXT;
    if (xai_slice_is(key, "thinking")) field = XAI_FIELD_REASONING;
    if (xai_slice_is(key, "partial_json")) field = XAI_FIELD_ARGUMENTS;
    if (xai_slice_is(key, "signature")) field = XAI_FIELD_SIGNATURE;
    if (field == XAI_FIELD_TEXT) set_text(r, delta);
  }
  if (n == 1 && !rare && field != XAI_FIELD_NONE)
    set_delta(r, field, index + 1, 0, delta);
}

/* A block may begin with text. */
static void read_block_start(const xai_Json *block, xai_EventInfo *r) {
  xai_Json text;
  if (is_text_part(block, &text)) set_text(r, text.raw);
}

/* And a message with blocks. */
static void read_message_start(const xai_Json *message, xai_EventInfo *r) {
  xai_Json content = xai_json_get(message, "content");
  set_parts(r, inside(&content));
}

static void read_messages(const xai_Json *event, xai_Slice name,
                          xai_EventInfo *r) {
  Typed t;
  read_typed(event, name, &t);
  r->untyped = t.untyped;
  if (xai_slice_is(t.type, "content_block_delta"))
    read_block_delta(&t.delta, t.rare, t.index, r);
  else if (xai_slice_is(t.type, "content_block_start"))
    read_block_start(&t.block, r);
  else if (xai_slice_is(t.type, "message_start"))
    read_message_start(&t.message, r);
  else if (xai_slice_is(t.type, "message_stop"))
    r->meaning = XAI_MEANS_END;
  else if (xai_slice_is(t.type, "error") ||
           xai_error_body_is_reported(&t.error) ||
           xai_error_body_is_bare(event))
    r->meaning = XAI_MEANS_ERROR;
}

/* ---------------------------------------------------------------- all kinds */

/* "[DONE]": the end where it is the end marker, else without meaning. */
static xai_Meaning done_means(const xai_EventSchema *d) {
  switch (d->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS:
    case XAI_API_OTHER: return XAI_MEANS_DONE;
    default: return XAI_MEANS_NOTHING;
  }
}

static void read_event(xai_EventSchema *d, xai_Slice name,
                       const xai_Json *event, xai_EventInfo *r) {
  switch (d->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS: read_chunk(d, event, r); break;
    case XAI_API_RESPONSES: read_responses(d, event, name, r); break;
    case XAI_API_MESSAGES: read_messages(event, name, r); break;
    case XAI_API_COMPLETE: read_complete(d, event, r); break;
    case XAI_API_PLAIN:
    case XAI_API_OTHER: break;
  }
}

/* Gateways name a failure so and may say it in plain words. */
static int is_named_error(const xai_EventSchema *d, xai_Slice name) {
  return xai_slice_is(name, "error") && d->api != XAI_API_OTHER;
}

/* Is it this word, in letters of any case, apart from hyphens? */
static int is_word(xai_Slice name, const char *word) {
  size_t i;
  for (i = 0; i < name.len; i++) {
    char c = name.at[i];
    if (c == '-' || c == '_') continue;
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c != *word++) return 0;
  }
  return *word == '\0';
}

/* Some services keep a line alive by events of these names. */
static int is_named_ping(xai_Slice name) {
  return is_word(name, "ping") || is_word(name, "heartbeat") ||
         is_word(name, "keepalive");
}

int xai_event_schema_is_ping(xai_Slice name, xai_Slice data) {
  xai_Json event, type;
  if (is_named_ping(name)) return 1;
  data = xai_slice_trim(data);
  if (!xai_json_read(data.at, data.len, &event)) return 0;
  type = xai_json_get(&event, "type");
  return is_string(&type) && is_named_ping(type.raw);
}

/* An empty event keeps a line alive; some services send an empty value. */
static int says_nothing(xai_Slice word) {
  return word.len == 0 || xai_slice_is(word, "null") ||
         xai_slice_is(word, "\"\"");
}

/* Of typed events, one that is a ping says so, and is shown. */
static xai_Meaning ping_means(const xai_EventSchema *d, xai_Slice text) {
  int typed = d->api == XAI_API_RESPONSES || d->api == XAI_API_MESSAGES ||
              d->api == XAI_API_COMPLETE || d->api == XAI_API_OTHER;
  return typed && text.at[0] == '{' &&
                 xai_json_check(text.at, text.len) == XAI_JSON_RIGHT
             ? XAI_MEANS_DATA
             : XAI_MEANS_NOTHING;
}

/* An event's JSON object. */
static void read_json(xai_EventSchema *d, xai_Slice name, xai_Slice text,
                      xai_EventInfo *r) {
  xai_JsonCheck check = xai_json_check(text.at, text.len);
  xai_Json event;
  event.type = XAI_JSON_OBJECT;
  event.raw = text;
  if (check == XAI_JSON_RIGHT && text.at[0] == '{')
    read_event(d, name, &event, r);
  else
    r->meaning = check == XAI_JSON_DEEP ? XAI_MEANS_DEEP : XAI_MEANS_BROKEN;
}

void xai_event_schema_read(xai_EventSchema *d, xai_Slice name, xai_Slice data,
                           xai_EventInfo *r) {
  xai_Slice word = xai_slice_trim(data);
  memset(r, 0, sizeof *r);
  r->meaning = XAI_MEANS_DATA;
  if (says_nothing(word))
    r->meaning = XAI_MEANS_NOTHING;
  else if (is_named_ping(name) && ping_means(d, word) == XAI_MEANS_NOTHING)
    r->meaning = XAI_MEANS_NOTHING;
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

int xai_event_schema_complete(const xai_EventSchema *d, int clean_end) {
  if (d->ended) return 1;
  if (!clean_end) return 0;
  if (d->api == XAI_API_OTHER) return 1;
  return (d->api == XAI_API_CHAT || d->api == XAI_API_COMPLETIONS) &&
         d->choices > 0 && d->unfinished == 0;
}

/* ------------------------------------------------------------- visible text */

#define DEEPEST 4 /* list, message, list of its parts, part */

/* Append the texts in what is between the brackets of a list. */
static int join(xai_Slice list, unsigned *surrogate, xai_Buffer *out,
                int depth) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v, text;
  int rc = XAI_OK;
  w.p = list.at;
  w.end = list.at + list.len;
  w.object = 0;
  while (rc == XAI_OK && xai_json_next(&w, &key, &v)) {
    if (v.type != XAI_JSON_OBJECT) continue;
    if (is_text_part(&v, &text)) {
      rc = xai_json_unescape(text.raw, surrogate, out);
    } else if (depth < DEEPEST) {
      text = xai_json_get(&v, "type");
      if (!is_string(&text) || !xai_slice_is(text.raw, "message")) continue;
      text = xai_json_get(&v, "content");
      rc = join(inside(&text), surrogate, out, depth + 1);
    }
  }
  return rc;
}

int xai_event_schema_text(const xai_EventInfo *r, unsigned *surrogate,
                          xai_Buffer *out) {
  return r->parts ? join(r->text, surrogate, out, 0)
                  : xai_json_unescape(r->text, surrogate, out);
}
