/*
** event_template.c - events that repeat an earlier one but for their text.
*/
#include "base/event_template.h"

#include <string.h>

#include "base/json_scan.h"

#define LONGEST_EVENT ((size_t)8 << 10)
#define LONGEST_NUMBER 15 /* digits that a double holds exactly */
#define TEXT (-1)

void xai_event_template_init(xai_EventTemplate *p) { memset(p, 0, sizeof *p); }

void xai_event_template_free(xai_EventTemplate *p) {
  xai_buffer_free(&p->bytes);
  xai_event_template_forget(p);
}

void xai_event_template_forget(xai_EventTemplate *p) {
  xai_buffer_clear(&p->bytes);
}

static const char *template(const xai_EventTemplate *p) {
  return xai_buffer_data(&p->bytes) + p->name_len;
}

static size_t template_len(const xai_EventTemplate *p) {
  return xai_buffer_size(&p->bytes) - p->name_len;
}

/* The closing quote of the text at 's', or NULL when it is not clean. */
static const char *end_of_text(const char *s, const char *end) {
  for (; s < end && *s != '"'; s++) {
    if ((unsigned char)*s < ' ') return NULL;
    if (*s != '\\') continue;
    if (xai_json_escape(s, end) == 0) return NULL;
    s++;
  }
  return s < end ? s : NULL;
}

/* Behind the digits at 's', or NULL when they are not a plain number. */
static const char *end_of_number(const char *s, const char *end) {
  const char *p = s;
  while (p < end && *p >= '0' && *p <= '9') p++;
  if (p == s || p - s > LONGEST_NUMBER || (*s == '0' && p - s > 1)) return NULL;
  return p;
}

/* -------------------------------------------------------------------- match */

static int has_name(const xai_EventTemplate *p, xai_Slice name) {
  return xai_buffer_size(&p->bytes) > 0 && name.len == p->name_len &&
         memcmp(name.at, xai_buffer_data(&p->bytes), name.len) == 0;
}

/* Note what stands in a place of the event. */
static void note(xai_EventInfo *r, const xai_Place *place, const char *s,
                 const char *end) {
  xai_Slice *to = place->varying_field == TEXT
                      ? &r->delta
                      : &r->varying_field[r->varying++];
  to->at = s;
  to->len = (size_t)(end - s);
}

int xai_event_template_match(const xai_EventTemplate *p, xai_Slice name,
                             xai_Slice data, xai_EventInfo *r) {
  const char *s = data.at, *end = s + data.len, *m;
  size_t done = 0, fixed;
  int i;
  if (!has_name(p, name)) return 0;
  m = template(p);
  *r = p->info;
  r->varying = 0;
  for (i = 0; i < p->places; i++) {
    const xai_Place *place = &p->place[i];
    const char *q;
    fixed = place->at - done;
    if ((size_t)(end - s) < fixed || memcmp(s, m + done, fixed) != 0) return 0;
    s += fixed;
    q = place->number ? end_of_number(s, end) : end_of_text(s, end);
    if (q == NULL) return 0;
    note(r, place, s, q);
    s = q;
    done = place->at + place->len;
  }
  fixed = template_len(p) - done;
  if ((size_t)(end - s) != fixed || memcmp(s, m + done, fixed) != 0) return 0;
  if (r->has_text) r->text = r->delta;
  r->same = p->serial;
  return 1;
}

/* -------------------------------------------------------------------- learn */

static xai_Place place_of(xai_Slice data, xai_Slice part, int varying_field) {
  xai_Place place;
  place.at = (size_t)(part.at - data.at);
  place.len = part.len;
  place.varying_field = varying_field;
  place.number = data.at[place.at - 1] != '"'; /* its opening quote */
  return place;
}

/* Is it a stamp of another kind or with another value than before? */
static int is_other(const xai_EventTemplate *p, int i, xai_Slice data,
                    const xai_Place *now) {
  const xai_Place *was = &p->varying_field[i];
  return was->len != now->len ||
         memcmp(template(p) + was->at, data.at + now->at, now->len) != 0;
}

/* Which stamps differ, as far as can be told by the event before. */
static unsigned differing(const xai_EventTemplate *p, xai_Slice name,
                          xai_Slice data, const xai_EventInfo *r) {
  unsigned bits = r->counts ? 1 : 0;
  int i;
  if (!has_name(p, name) || p->info.varying != r->varying) return bits;
  for (i = 0; i < r->varying; i++) {
    xai_Place now = place_of(data, r->varying_field[i], i);
    if (now.number == p->varying_field[i].number && is_other(p, i, data, &now))
      bits |= 1u << i;
  }
  return bits | p->differs;
}

/* Add a place, in its order. */
static void add_place(xai_EventTemplate *p, const xai_Place *place) {
  int i = p->places++;
  for (; i > 0 && p->place[i - 1].at > place->at; i--)
    p->place[i] = p->place[i - 1];
  p->place[i] = *place;
}

/* Is what stands there what a match would take? */
static int is_plain(xai_Slice data, const xai_Place *place) {
  const char *s = data.at + place->at, *end = data.at + data.len;
  const char *q = place->number ? end_of_number(s, end) : end_of_text(s, end);
  return q == s + place->len;
}

/* 0: a stamp that differs is no plain one. */
static int add_places(xai_EventTemplate *p, xai_Slice data,
                      const xai_EventInfo *r) {
  xai_Place text = place_of(data, r->delta, TEXT);
  int i;
  p->places = 0;
  add_place(p, &text);
  for (i = 0; i < r->varying; i++) {
    p->varying_field[i] = place_of(data, r->varying_field[i], i);
    if (!(p->differs & (1u << i))) continue;
    if (!is_plain(data, &p->varying_field[i])) return 0;
    add_place(p, &p->varying_field[i]);
  }
  return 1;
}

static int keep_bytes(xai_EventTemplate *p, xai_Slice name, xai_Slice data) {
  xai_event_template_forget(p);
  p->name_len = name.len;
  return xai_buffer_append(&p->bytes, name.at, name.len) == XAI_OK &&
         xai_buffer_append(&p->bytes, data.at, data.len) == XAI_OK;
}

void xai_event_template_learn(xai_EventTemplate *p, xai_Slice name,
                              xai_Slice data, const xai_EventInfo *r) {
  if (r->field == XAI_FIELD_NONE || r->meaning != XAI_MEANS_DATA ||
      data.len > LONGEST_EVENT || (r->has_text && r->text.at != r->delta.at)) {
    xai_event_template_forget(p);
    return;
  }
  p->differs = differing(p, name, data, r);
  p->info = *r;
  p->serial++;
  if (!keep_bytes(p, name, data) || !add_places(p, data, r))
    xai_event_template_forget(p);
}

/* --------------------------------------------------------------------- fill */

static int put_mark(const char *mark, const xai_Place *place, int varying_field,
                    xai_Buffer *out) {
  const char *quote = place->number ? "\"" : "";
  char what[2];
  int rc = xai_buffer_puts(out, quote);
  what[0] = (char)(place->varying_field == TEXT ? 't' : 'A' + varying_field);
  what[1] = '\0';
  if (rc == XAI_OK) rc = xai_buffer_puts(out, mark);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, what);
  return rc == XAI_OK ? xai_buffer_puts(out, quote) : rc;
}

int xai_event_template_fill(const xai_EventTemplate *p, const char *mark,
                            xai_Buffer *out) {
  const char *m = template(p);
  size_t done = 0;
  int i, varying_field = 0, rc = XAI_OK;
  for (i = 0; rc == XAI_OK && i < p->places; i++) {
    const xai_Place *place = &p->place[i];
    rc = xai_buffer_append(out, m + done, place->at - done);
    if (rc == XAI_OK) rc = put_mark(mark, place, varying_field, out);
    if (place->varying_field != TEXT) varying_field++;
    done = place->at + place->len;
  }
  return rc == XAI_OK ? xai_buffer_append(out, m + done, template_len(p) - done)
                      : rc;
}
