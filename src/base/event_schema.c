/*
** event_schema.c - what the events of each streaming API mean.
**
**   chat         Chunks with "choices".  Each choice has a "delta" in each chunk
**                and a "finish_reason" in its last one.  "[DONE]" ends the stream.
**   completions  The same, but a choice has its "text" in place of a "delta".
**   complete     Objects with "completion", a text; the last has "stop_reason".
**   messages     Objects with a "type".  "content_block_delta" brings text,
**                "message_stop" ends the stream.
**   responses    Objects with a "type".  "response.output_text.delta" brings text,
**                which later events repeat as parts, items and as the whole answer
**                in "response.completed", the end.
**
** Most events only add to one text.  The log keeps only that delta of them.
** "Rare" is what makes an event more than a delta; it is kept whole then.
*/
#include "base/event_schema.h"

#include <stddef.h>
#include <string.h>

#include "base/error_body.h"
#include "base/json_scan.h"

#define MAX_INDEX (1L << 24) /* of a choice, an item, a part or a block */

void xai_event_schema_init(xai_EventSchema *schema, xai_Api api) {
  memset(schema, 0, sizeof *schema);
  schema->api = api;
}

static void set_text(xai_EventInfo *info, xai_Slice s) {
  info->has_text = 1;
  info->text = s;
}

/* The text between the brackets of a list; empty if the value is no list. */
static xai_Slice inside(const xai_Json *list) {
  xai_Slice s = {"", 0};
  if (list->type != XAI_JSON_ARRAY) return s;
  s.at = list->raw.at + 1;
  s.len = list->raw.len - 2;
  return s;
}

/* Makes the typed parts in 's', if there are any, the visible text. */
static void set_parts(xai_EventInfo *info, xai_Slice s) {
  if (xai_slice_trim(s).len == 0) return;
  set_text(info, s);
  info->parts = 1;
}

/* The event is a delta of field 'f' of part (a, b). */
static void set_delta(xai_EventInfo *info, xai_Field f, long a, long b,
                      xai_Slice s) {
  info->field = f;
  info->a = (uint32_t)a;
  info->b = (uint32_t)b;
  info->delta = s;
}

static int is_string(const xai_Json *v) { return v->type == XAI_JSON_STRING; }

/* Some gateways send "" in each event, which is no end. */
static int names_reason(const xai_Json *v) {
  return is_string(v) && v->raw.len > 0;
}

static void add_varying(xai_EventInfo *info, const xai_Json *v) {
  if (info->varying < XAI_MAX_VARYING &&
      (is_string(v) || v->type == XAI_JSON_NUMBER))
    info->varying_field[info->varying++] = v->raw;
}

/* ----------------------------------------------------- chat and completions */

/* What one choice of a chunk says. */
typedef struct Choice {
  long index;
  int finished;
  int failed;
  int rare; /* more than one delta */
  xai_Field field;
  xai_Slice delta;
  xai_Json text;  /* a string, or typed parts */
  xai_Json whole; /* the same, of a whole message */
} Choice;

/* A member that is a delta; a second one makes the choice rare. */
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

/* "assistant" or "", which say nothing new. */
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

/* 'place' is the index of a choice that does not have one. */
static void read_choice(Choice *c, const xai_Json *choice, long place) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  memset(c, 0, sizeof *c);
  c->index = place;
  if (!xai_json_open(&w, choice)) return;
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "index") && v.type == XAI_JSON_NUMBER)
      c->index = xai_json_index(&v, MAX_INDEX);
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

/* What is known of a choice. */
#define SEEN 1
#define FINISHED 2
#define HAD_TEXT 4

/* Counts the choices, and those that are not finished. */
static void note_choice(xai_EventSchema *schema, const Choice *c) {
  unsigned char *seen;
  if (c->index < 0 || c->index >= XAI_MAX_CHOICES) return;
  seen = &schema->of.seen[c->index];
  if (!(*seen & SEEN)) {
    *seen |= SEEN;
    schema->choices++;
    schema->unfinished++;
  }
  if (c->finished && !(*seen & FINISHED)) {
    *seen |= FINISHED;
    schema->unfinished--;
  }
}

static int is_blank(const xai_Json *v) {
  return !xai_json_given(v) || (is_string(v) && v->raw.len == 0);
}

/* Makes the text of the wanted choice the visible text.  That of a whole
** message counts if no delta had any: services that do not stream send it as
** the only event. */
static void choose_text(xai_EventSchema *schema, const Choice *c,
                        xai_EventInfo *info) {
  const xai_Json *v = xai_json_given(&c->text) ? &c->text : &c->whole;
  unsigned char *seen = NULL;
  if (c->index < 0) return;
  if (c->index < XAI_MAX_CHOICES) seen = &schema->of.seen[c->index];
  if (v == &c->whole && (seen == NULL || (*seen & HAD_TEXT))) return;
  if (seen != NULL && !is_blank(v)) *seen |= HAD_TEXT;
  if (c->index != schema->want) return;
  if (is_string(v))
    set_text(info, v->raw);
  else if (v->type == XAI_JSON_OBJECT)
    set_parts(info, v->raw);
  else
    set_parts(info, inside(v));
}

/* 1 if there is one choice, and it is a delta. */
static int read_choices(xai_EventSchema *schema, const xai_Json *list,
                        xai_EventInfo *info) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  Choice c;
  int n = 0, simple = 1;
  if (!xai_json_open(&w, list)) return 0;
  while (xai_json_next(&w, &key, &v)) {
    read_choice(&c, &v, n);
    note_choice(schema, &c);
    if (c.failed) info->meaning = XAI_MEANS_ERROR;
    simple = ++n == 1 && !c.rare && !c.finished && c.field != XAI_FIELD_NONE;
    if (simple) set_delta(info, c.field, c.index, 0, c.delta);
    choose_text(schema, &c, info);
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

/* 1 if this is the first real value of such a member: some services begin with
** empty ones. */
static int is_first_value(xai_EventSchema *schema, int member,
                          const xai_Json *v) {
  unsigned bit = 1u << member;
  if (is_blank(v) || xai_slice_is(v->raw, "0") || (schema->known & bit))
    return 0;
  schema->known |= bit;
  return 1;
}

static void read_chunk(xai_EventSchema *schema, const xai_Json *event,
                       xai_EventInfo *info) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int simple = 0, rare = !schema->events, chosen = 0, member;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "choices")) {
      chosen = 1;
      simple = read_choices(schema, &v, info);
    } else if (xai_slice_is(key, "error") && xai_error_body_is_reported(&v)) {
      info->meaning = XAI_MEANS_ERROR;
    } else if ((member = envelope_member(key)) >= 0) {
      add_varying(info, &v);
      rare |= is_first_value(schema, member, &v);
    } else if (xai_json_given(&v)) {
      rare = 1;
    }
  }
  if (!chosen && xai_error_body_is_bare(event)) info->meaning = XAI_MEANS_ERROR;
  if (!simple || rare) info->field = XAI_FIELD_NONE;
}

/* Reads the one choice of a list; a list of none says nothing.  'count' is how
** many there are. */
static int read_single_choice(const xai_Json *list, xai_ChunkPart *part,
                              int *count) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v, reason;
  Choice c;
  if (list->type != XAI_JSON_ARRAY) return 0;
  xai_json_open(&w, list);
  if (!xai_json_next(&w, &key, &v)) return 1;
  *count = 1;
  read_choice(&c, &v, 0);
  if (c.rare || c.failed || v.type != XAI_JSON_OBJECT) return 0;
  if (c.finished && c.delta.len > 0) return 0;
  reason = xai_json_get(&v, "finish_reason");
  if (c.finished) part->reason = reason.raw;
  part->index = (uint32_t)c.index;
  part->field = c.field;
  if (c.field != XAI_FIELD_NONE) part->text = c.delta;
  return !xai_json_next(&w, &key, &v);
}

int xai_event_schema_chunk_part(const xai_EventSchema *schema, xai_Slice data,
                                xai_ChunkPart *part) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json event, v;
  int chosen = 0, choices = 0;
  memset(part, 0, sizeof *part);
  part->text.at = part->reason.at = part->usage.at = "";
  if (schema->api != XAI_API_CHAT && schema->api != XAI_API_COMPLETIONS)
    return 0;
  event.type = XAI_JSON_OBJECT;
  event.raw = xai_slice_trim(data);
  if (event.raw.len == 0 || event.raw.at[0] != '{') return 0;
  xai_json_open(&w, &event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "choices")) {
      if (chosen++ || !read_single_choice(&v, part, &choices)) return 0;
    } else if (v.type == XAI_JSON_OBJECT && part->usage.len == 0 &&
               xai_slice_is(key, "usage")) {
      part->usage = v.raw;
    } else if (v.type == XAI_JSON_OBJECT || v.type == XAI_JSON_ARRAY) {
      return 0;
    }
  }
  return chosen && (choices == 0 || part->usage.len == 0);
}

/* ----------------------------------------------------------------- complete */

static void read_complete(xai_EventSchema *schema, const xai_Json *event,
                          xai_EventInfo *info) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int rare = !schema->events, member;
  xai_json_open(&w, event);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "completion") && is_string(&v)) {
      set_text(info, v.raw);
      set_delta(info, XAI_FIELD_TEXT, 0, 0, v.raw);
    } else if (xai_slice_is(key, "stop_reason") && names_reason(&v)) {
      info->meaning = XAI_MEANS_END;
      rare = 1;
    } else if (xai_slice_is(key, "error") && xai_error_body_is_reported(&v)) {
      info->meaning = XAI_MEANS_ERROR;
    } else if ((member = envelope_member(key)) >= 0) {
      rare |= is_first_value(schema, member, &v);
    } else if (xai_json_given(&v)) {
      rare = 1;
    }
  }
  if (rare) info->field = XAI_FIELD_NONE;
}

/* ----------------------------------------------------- events with a "type" */

/* What events of responses and messages have in common. */
typedef struct Typed {
  xai_Slice type;
  xai_Json delta;
  xai_Json error;
  xai_Json number; /* the sequence number */
  xai_Json item, part, text, response, block, message;
  long a, b;  /* the place of a part: item and part */
  long index; /* of a block; -1: none */
  xai_Slice item_id;
  int placed;  /* it has an output_index */
  int untyped; /* 'type' is the event's name; the JSON has none */
  int rare;
} Typed;

static int is_empty_list(const xai_Json *v) {
  return v->type == XAI_JSON_ARRAY && v->raw.len == 2;
}

/* 1 if the name may become a JSON string as it is. */
static int is_plain(xai_Slice name) {
  size_t i;
  for (i = 0; i < name.len; i++)
    if (strchr("abcdefghijklmnopqrstuvwxyz._", name.at[i]) == NULL) return 0;
  return name.len > 0 && memchr(name.at, '\0', name.len) == NULL;
}

/* Members whose values are looked at.  'rare': an event that has one is no
** delta. */
static const struct {
  xai_Slice name;
  size_t at; /* offset within Typed */
  int rare;
} members[] = {
    {{"delta", 5}, offsetof(Typed, delta), 0},
    {{"error", 5}, offsetof(Typed, error), 0},
    {{"sequence_number", 15}, offsetof(Typed, number), 0},
    {{"item", 4}, offsetof(Typed, item), 1},
    {{"part", 4}, offsetof(Typed, part), 1},
    {{"text", 4}, offsetof(Typed, text), 1},
    {{"response", 8}, offsetof(Typed, response), 1},
    {{"content_block", 13}, offsetof(Typed, block), 1},
    {{"message", 7}, offsetof(Typed, message), 1},
};

static void read_member(Typed *t, xai_Slice key, const xai_Json *v) {
  size_t i;
  int rare = 1;
  for (i = 0; i < sizeof members / sizeof *members; i++) {
    if (key.len != members[i].name.len ||
        memcmp(key.at, members[i].name.at, key.len) != 0)
      continue;
    memcpy((char *)t + members[i].at, v, sizeof *v);
    rare = members[i].rare;
    break;
  }
  if (rare && !is_empty_list(v) && xai_json_given(v)) t->rare = 1;
}

/* 1 if the member says where the event belongs. */
static int read_place(Typed *t, xai_Slice key, const xai_Json *v) {
  if (xai_slice_is(key, "output_index")) {
    t->a = xai_json_index(v, MAX_INDEX);
    t->placed = 1;
  } else if (xai_slice_is(key, "content_index") ||
             xai_slice_is(key, "summary_index")) {
    t->b = xai_json_index(v, MAX_INDEX);
  } else if (xai_slice_is(key, "item_id")) {
    if (is_string(v)) t->item_id = v->raw;
  } else if (xai_slice_is(key, "index")) {
    t->index = xai_json_index(v, MAX_INDEX);
    t->rare |= t->index < 0 && xai_json_given(v);
  } else {
    return 0;
  }
  return 1;
}

/* Reads an event.  Its type is 'name' if the JSON has none. */
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
    } else if (!read_place(t, key, &v)) {
      read_member(t, key, &v);
    }
  }
  if (t->a < 0 || t->b < 0) t->rare = 1;
  if (t->a < 0) t->a = 0;
  if (t->b < 0) t->b = 0;
}

/* 1 for a part with visible text, which is set. */
static int is_text_part(const xai_Json *part, xai_Json *text) {
  xai_Json type = xai_json_get(part, "type");
  *text = xai_json_get(part, "text");
  return is_string(text) && text->raw.len > 0 &&
         (!is_string(&type) || xai_slice_is(type.raw, "output_text") ||
          xai_slice_is(type.raw, "text"));
}

/* ---------------------------------------- responses: which texts were shown */

/* A hash of an item's id; 0 if there is none. */
static uint32_t hash_of(xai_Slice id) {
  uint32_t h = 2166136261u;
  size_t i;
  for (i = 0; i < id.len; i++) h = (h ^ (unsigned char)id.at[i]) * 16777619u;
  return id.len == 0 ? 0 : h | 1;
}

static xai_Item *find_item(xai_Shown *shown, uint32_t a) {
  xai_Item *item;
  int i;
  for (i = 0; i < XAI_KNOWN_ITEMS; i++)
    if (shown->item[i].known && shown->item[i].a == a) return &shown->item[i];
  item = &shown->item[shown->items++ % XAI_KNOWN_ITEMS];
  memset(item, 0, sizeof *item);
  item->known = 1;
  item->a = a;
  return item;
}

/* The part at that place; NULL if it had no text yet. */
static xai_Part *find_part(xai_Shown *shown, uint32_t a, uint32_t b) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++) {
    xai_Part *part = &shown->part[i];
    if (part->known && part->a == a && part->b == b) return part;
  }
  return NULL;
}

static xai_Part *add_part(xai_Shown *shown, uint32_t a, uint32_t b) {
  xai_Part *part = &shown->part[shown->parts++ % XAI_KNOWN_PARTS];
  shown->forgot |= part->known;
  part->known = 1;
  part->stated = 0;
  part->a = a;
  part->b = b;
  return part;
}

static int has_stated(const xai_Shown *shown, uint32_t a) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++)
    if (shown->part[i].known && shown->part[i].a == a && shown->part[i].stated)
      return 1;
  return 0;
}

static void forget_parts(xai_Shown *shown, uint32_t a) {
  int i;
  for (i = 0; i < XAI_KNOWN_PARTS; i++)
    if (shown->part[i].a == a) shown->part[i].known = 0;
}

/* The item with that id at place 'a'.  It is a new one if the item that was
** there is done.  'added': the event announces it. */
static xai_Item *item_at(xai_Shown *shown, uint32_t a, xai_Slice id,
                         int added) {
  xai_Item *item = find_item(shown, a);
  uint32_t h = hash_of(id);
  int same = h != 0 && (item->id[0] == h || item->id[1] == h);
  int over = item->done || (added && has_stated(shown, a));
  if (same) return item;
  if (over && (added || (h != 0 && item->id[0] != 0))) {
    forget_parts(shown, a);
    item->done = 0;
    item->id[0] = h;
    item->id[1] = 0;
  } else if (h != 0) {
    item->id[item->id[0] != 0] = h;
  }
  return item;
}

/* Notes a text of part (a, b), 'stated' as a whole or a delta.  1 if it is to
** be shown.  Once parts were forgotten, events of a higher level than the ones
** that were shown count as repetitions. */
static int show_part(xai_Shown *shown, uint32_t a, uint32_t b, int level,
                     int stated) {
  xai_Part *part = find_part(shown, a, b);
  int is_new = part == NULL;
  if (is_new && shown->forgot && level > shown->level) return 0;
  if (is_new) part = add_part(shown, a, b);
  part->stated |= stated;
  if (!shown->any || level < shown->level) shown->level = level;
  shown->any = 1;
  return is_new;
}

/* -------------------------------------------------------- responses: events */

static void read_text_delta(xai_Shown *shown, const Typed *t,
                            xai_EventInfo *info) {
  const xai_Item *item = item_at(shown, (uint32_t)t->a, t->item_id, 0);
  const xai_Part *part = find_part(shown, (uint32_t)t->a, (uint32_t)t->b);
  if (part != NULL && (part->stated || item->done)) return;
  if (t->delta.raw.len > 0)
    show_part(shown, (uint32_t)t->a, (uint32_t)t->b, XAI_LEVEL_DELTA, 0);
  set_text(info, t->delta.raw);
}

static void read_part(xai_Shown *shown, const Typed *t, const xai_Json *text,
                      int level, xai_EventInfo *info) {
  int stated = level != XAI_LEVEL_DELTA;
  item_at(shown, (uint32_t)t->a, t->item_id, 0);
  if (!is_string(text) || text->raw.len == 0) return;
  if (show_part(shown, (uint32_t)t->a, (uint32_t)t->b, level, stated))
    set_text(info, text->raw);
}

/* Shows the first row of parts of a message that were not shown before. */
static void read_content(xai_Shown *shown, uint32_t a, const xai_Json *content,
                         int stated, xai_EventInfo *info) {
  xai_Slice key, row = {NULL, 0};
  xai_JsonWalk w;
  xai_Json part, text;
  uint32_t b = 0;
  int ended = 0;
  if (content->type != XAI_JSON_ARRAY) return;
  xai_json_open(&w, content);
  for (; xai_json_next(&w, &key, &part); b++) {
    if (!is_text_part(&part, &text)) continue;
    if (!show_part(shown, a, b, XAI_LEVEL_ITEM, stated)) {
      ended = row.at != NULL;
    } else if (!ended) {
      if (row.at == NULL) row.at = part.raw.at;
      row.len = (size_t)(part.raw.at + part.raw.len - row.at);
    }
  }
  if (row.at != NULL) set_parts(info, row);
}

/* Only items that are messages have visible text.  Others may have the same
** place. */
static void read_item(xai_Shown *shown, const Typed *t, int stated,
                      xai_EventInfo *info) {
  xai_Json id = xai_json_get(&t->item, "id");
  xai_Json type = xai_json_get(&t->item, "type");
  xai_Json content = xai_json_get(&t->item, "content");
  static const xai_Slice none = {"", 0};
  xai_Item *item;
  if (!is_string(&type) || !xai_slice_is(type.raw, "message")) return;
  item =
      item_at(shown, (uint32_t)t->a, is_string(&id) ? id.raw : none, !stated);
  read_content(shown, (uint32_t)t->a, &content, stated, info);
  if (stated) item->done = 1;
}

/* Events of responses that state a text which deltas may have brought
** already. */
static const struct Statement {
  const char *type;
  enum { STATES_TEXT, STATES_PART, STATES_ITEM } what;
  int level;
} statements[] = {
    {"response.output_text.done", STATES_TEXT, XAI_LEVEL_TEXT},
    {"response.content_part.done", STATES_PART, XAI_LEVEL_PART},
    {"response.content_part.added", STATES_PART, XAI_LEVEL_DELTA},
    {"response.output_item.added", STATES_ITEM, XAI_LEVEL_DELTA},
    {"response.output_item.done", STATES_ITEM, XAI_LEVEL_ITEM},
};

static const struct Statement *find_statement(xai_Slice type) {
  size_t i;
  for (i = 0; i < sizeof statements / sizeof *statements; i++)
    if (xai_slice_is(type, statements[i].type)) return &statements[i];
  return NULL;
}

/* Shows the text that the event states, unless it was shown before. */
static void read_statement(xai_Shown *shown, const Typed *t,
                           xai_EventInfo *info) {
  const struct Statement *s = find_statement(t->type);
  xai_Json text = t->text;
  if (s == NULL) return;
  if (s->what == STATES_PART && !is_text_part(&t->part, &text)) return;
  info->new_state = 1;
  if (s->what == STATES_ITEM)
    read_item(shown, t, s->level != XAI_LEVEL_DELTA, info);
  else
    read_part(shown, t, &text, s->level, info);
}

/* Events of responses that are deltas, ends or errors. */
static const struct Meaning {
  const char *type;
  xai_Meaning meaning;
  xai_Field field;
} meanings[] = {
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
};

static const struct Meaning *find_meaning(xai_Slice type) {
  size_t i;
  for (i = 0; i < sizeof meanings / sizeof *meanings; i++)
    if (xai_slice_is(type, meanings[i].type)) return &meanings[i];
  return NULL;
}

static int has_failed(const xai_Json *response) {
  xai_Json status = xai_json_get(response, "status");
  return is_string(&status) && xai_slice_is(status.raw, "failed");
}

/* The meaning of an event that is in the table or not ('m' is NULL). */
static xai_Meaning response_meaning(const struct Meaning *m, const Typed *t,
                                    const xai_Json *event) {
  if (m == NULL)
    return xai_error_body_is_reported(&t->error) ||
                   xai_error_body_is_bare(event)
               ? XAI_MEANS_ERROR
               : XAI_MEANS_DATA;
  if (m->meaning == XAI_MEANS_END && has_failed(&t->response))
    return XAI_MEANS_ERROR;
  return m->meaning;
}

/* Reads the delta of a field.  It stays a whole event if its part is not
** known. */
static void read_response_delta(xai_Shown *shown, xai_Field field,
                                const Typed *t, xai_EventInfo *info) {
  if (field == XAI_FIELD_TEXT) read_text_delta(shown, t, info);
  if (t->item_id.len > 0 && !t->placed)
    return; /* only its id tells its place */
  if (!t->rare) set_delta(info, field, t->a, t->b, t->delta.raw);
}

/* Does an event of that type say only that a response has begun? */
static int is_opening_type(xai_Slice type) {
  return xai_slice_is(type, "response.created") ||
         xai_slice_is(type, "response.queued") ||
         xai_slice_is(type, "response.in_progress");
}

static void read_responses(xai_EventSchema *schema, const xai_Json *event,
                           xai_Slice name, xai_EventInfo *info) {
  xai_Shown *shown = &schema->of.shown;
  Typed t;
  const struct Meaning *m;
  read_typed(event, name, &t);
  info->untyped = t.untyped;
  if (xai_json_given(&t.number)) {
    add_varying(info, &t.number);
    info->numbered = 1;
  }
  m = find_meaning(t.type);
  info->meaning = response_meaning(m, &t, event);
  info->has_answer =
      info->meaning == XAI_MEANS_ERROR && xai_json_given(&t.response);
  info->opens = m == NULL && is_opening_type(t.type);
  if (m == NULL) read_statement(shown, &t, info);
  if (info->meaning == XAI_MEANS_END && !shown->any) {
    xai_Json output = xai_json_get(&t.response, "output");
    set_parts(info, inside(&output));
  }
  if (m != NULL && m->field != XAI_FIELD_NONE && is_string(&t.delta))
    read_response_delta(shown, m->field, &t, info);
}

/* ----------------------------------------------------------------- messages */

/* Reads the delta of a "content_block_delta". */
static void read_block_delta(const xai_Json *object, int rare, long index,
                             xai_EventInfo *info) {
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
    if (field == XAI_FIELD_TEXT) set_text(info, delta);
  }
  if (n == 1 && !rare && field != XAI_FIELD_NONE)
    set_delta(info, field, index + 1, 0, delta);
}

/* A block may begin with text, and a message with blocks. */
static void read_block_start(const xai_Json *block, xai_EventInfo *info) {
  xai_Json text;
  if (is_text_part(block, &text)) set_text(info, text.raw);
}

static void read_message_start(const xai_Json *message, xai_EventInfo *info) {
  xai_Json content = xai_json_get(message, "content");
  set_parts(info, inside(&content));
  info->opens = !info->has_text;
}

static void read_messages(const xai_Json *event, xai_Slice name,
                          xai_EventInfo *info) {
  Typed t;
  read_typed(event, name, &t);
  info->untyped = t.untyped;
  if (xai_slice_is(t.type, "content_block_delta"))
    read_block_delta(&t.delta, t.rare, t.index, info);
  else if (xai_slice_is(t.type, "content_block_start"))
    read_block_start(&t.block, info);
  else if (xai_slice_is(t.type, "message_start"))
    read_message_start(&t.message, info);
  else if (xai_slice_is(t.type, "message_stop"))
    info->meaning = XAI_MEANS_END;
  else if (xai_slice_is(t.type, "error") ||
           xai_error_body_is_reported(&t.error) ||
           xai_error_body_is_bare(event))
    info->meaning = XAI_MEANS_ERROR;
}

/* ----------------------------------------------------------------- all APIs */

static void read_event(xai_EventSchema *schema, xai_Slice name,
                       const xai_Json *event, xai_EventInfo *info) {
  switch (schema->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS: read_chunk(schema, event, info); break;
    case XAI_API_RESPONSES: read_responses(schema, event, name, info); break;
    case XAI_API_MESSAGES: read_messages(event, name, info); break;
    case XAI_API_COMPLETE: read_complete(schema, event, info); break;
    case XAI_API_PLAIN:
    case XAI_API_OTHER: break;
  }
}

/* By xai_Api. */
static const struct Rules {
  xai_Meaning done; /* what "[DONE]" means */
  int shows_pings; /* the caller gets an event named "ping" if it is an object */
  int named_errors; /* an event named "error" is one, whatever its data */
  enum { NEEDS_END, NEEDS_CHOICES, NEEDS_NOTHING } complete;
} rules[] = {
    {XAI_MEANS_NOTHING, 0, 1, NEEDS_END},  /* PLAIN */
    {XAI_MEANS_DONE, 0, 1, NEEDS_CHOICES}, /* CHAT */
    {XAI_MEANS_NOTHING, 1, 1, NEEDS_END},  /* RESPONSES */
    {XAI_MEANS_NOTHING, 1, 1, NEEDS_END},  /* MESSAGES */
    {XAI_MEANS_DONE, 0, 1, NEEDS_CHOICES}, /* COMPLETIONS */
    {XAI_MEANS_NOTHING, 1, 1, NEEDS_END},  /* COMPLETE */
    {XAI_MEANS_DONE, 1, 0, NEEDS_NOTHING}, /* OTHER */
};

/* 1 if the name is 'word', in any case, without its hyphens. */
static int is_word(xai_Slice name, const char *word) {
  size_t i;
  for (i = 0; i < name.len; i++) {
    char c = name.at[i];
    if (c == '-' || c == '_') continue;
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (*word == '\0' || c != *word++) return 0;
  }
  return *word == '\0';
}

/* Some services keep a connection alive by events of these names. */
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

/* Events that keep a connection alive: empty ones or an empty value. */
static int says_nothing(xai_Slice word) {
  return word.len == 0 || xai_slice_is(word, "null") ||
         xai_slice_is(word, "\"\"");
}

/* 1 if the caller gets an event that is named as a ping is. */
static int is_shown_ping(const xai_EventSchema *schema, xai_Slice text) {
  return rules[schema->api].shows_pings && text.at[0] == '{' &&
         xai_json_check(text.at, text.len) == XAI_JSON_RIGHT;
}

/* Reads an event whose data must be a JSON object. */
static void read_json(xai_EventSchema *schema, xai_Slice name, xai_Slice text,
                      xai_EventInfo *info) {
  xai_JsonCheck check = xai_json_check(text.at, text.len);
  xai_Json event;
  event.type = XAI_JSON_OBJECT;
  event.raw = text;
  if (check == XAI_JSON_RIGHT && text.at[0] == '{')
    read_event(schema, name, &event, info);
  else
    info->meaning = check == XAI_JSON_DEEP ? XAI_MEANS_DEEP : XAI_MEANS_BROKEN;
}

void xai_event_schema_read(xai_EventSchema *schema, xai_Slice name,
                           xai_Slice data, xai_EventInfo *info) {
  xai_Slice word = xai_slice_trim(data);
  memset(info, 0, sizeof *info);
  info->meaning = XAI_MEANS_DATA;
  if (says_nothing(word))
    info->meaning = XAI_MEANS_NOTHING;
  else if (is_named_ping(name) && !is_shown_ping(schema, word))
    info->meaning = XAI_MEANS_NOTHING;
  else if (xai_slice_is(word, "[DONE]"))
    info->meaning = rules[schema->api].done;
  else if (xai_slice_is(name, "error") && rules[schema->api].named_errors)
    info->meaning = XAI_MEANS_ERROR;
  else
    read_json(schema, name, word, info);
  if (info->meaning == XAI_MEANS_NOTHING) return;
  schema->events = 1;
  if (info->meaning == XAI_MEANS_END || info->meaning == XAI_MEANS_DONE)
    schema->ended = 1;
}

int xai_event_schema_complete(const xai_EventSchema *schema, int clean_end) {
  if (schema->ended) return 1;
  if (!clean_end) return 0;
  switch (rules[schema->api].complete) {
    case NEEDS_CHOICES: return schema->choices > 0 && schema->unfinished == 0;
    case NEEDS_NOTHING: return 1;
    default: return 0;
  }
}

/* ------------------------------------------------------------- visible text */

#define DEEPEST 4 /* list, message, list of its parts, part */

/* Appends the texts of the typed parts in the inside of a list. */
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

int xai_event_schema_text(const xai_EventInfo *info, unsigned *surrogate,
                          xai_Buffer *out) {
  return info->parts ? join(info->text, surrogate, out, 0)
                     : xai_json_unescape(info->text, surrogate, out);
}
