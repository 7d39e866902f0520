/*
** event_template.c - events that repeat an earlier one except for their text.
*/
#include "base/event_template.h"

#include <string.h>

#include "base/json_scan.h"

#define LONGEST_EVENT ((size_t)8 << 10)
#define LONGEST_NUMBER 15 /* digits that a double holds exactly */
#define TEXT (-1)

void xai_event_template_init(xai_EventTemplate *t) { memset(t, 0, sizeof *t); }

void xai_event_template_free(xai_EventTemplate *t) {
  xai_buffer_free(&t->bytes);
  xai_event_template_forget(t);
}

void xai_event_template_forget(xai_EventTemplate *t) {
  xai_buffer_clear(&t->bytes);
}

static const char *template(const xai_EventTemplate *t) {
  return xai_buffer_data(&t->bytes) + t->name_len;
}

static size_t template_len(const xai_EventTemplate *t) {
  return xai_buffer_size(&t->bytes) - t->name_len;
}

/* The closing quote of the string content at 's'; NULL if JSON does not allow
** it. */
static const char *end_of_text(const char *s, const char *end) {
  for (; s < end && *s != '"'; s++) {
    if ((unsigned char)*s < ' ') return NULL;
    if (*s != '\\') continue;
    if (xai_json_escape(s, end) == 0) return NULL;
    s++;
  }
  return s < end ? s : NULL;
}

/* The end of the whole number at 's', or NULL if there is none. */
static const char *end_of_number(const char *s, const char *end) {
  const char *p = s;
  while (p < end && *p >= '0' && *p <= '9') p++;
  if (p == s || p - s > LONGEST_NUMBER || (*s == '0' && p - s > 1)) return NULL;
  return p;
}

/* -------------------------------------------------------------------- match */

static int has_name(const xai_EventTemplate *t, xai_Slice name) {
  return xai_buffer_size(&t->bytes) > 0 && name.len == t->name_len &&
         memcmp(name.at, xai_buffer_data(&t->bytes), name.len) == 0;
}

/* Notes [s, end) as the content of a place. */
static void note(xai_EventInfo *info, const xai_Place *place, const char *s,
                 const char *end) {
  xai_Slice *to = place->varying_field == TEXT
                      ? &info->delta
                      : &info->varying_field[info->varying++];
  to->at = s;
  to->len = (size_t)(end - s);
}

int xai_event_template_match(const xai_EventTemplate *t, xai_Slice name,
                             xai_Slice data, xai_EventInfo *info) {
  const char *s = data.at, *end = s + data.len, *m;
  size_t done = 0, fixed;
  int i;
  if (!has_name(t, name)) return 0;
  m = template(t);
  *info = t->info;
  info->varying = 0;
  for (i = 0; i < t->places; i++) {
    const xai_Place *place = &t->place[i];
    const char *q;
    fixed = place->at - done;
    if ((size_t)(end - s) < fixed || memcmp(s, m + done, fixed) != 0) return 0;
    s += fixed;
    q = place->number ? end_of_number(s, end) : end_of_text(s, end);
    if (q == NULL) return 0;
    note(info, place, s, q);
    s = q;
    done = place->at + place->len;
  }
  fixed = template_len(t) - done;
  if ((size_t)(end - s) != fixed || memcmp(s, m + done, fixed) != 0) return 0;
  if (info->has_text) info->text = info->delta;
  info->template_serial = t->serial;
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

/* 1 if varying field 'i' has another value than in the template. */
static int is_other(const xai_EventTemplate *t, int i, xai_Slice data,
                    const xai_Place *now) {
  const xai_Place *was = &t->varying_field[i];
  return was->len != now->len ||
         memcmp(template(t) + was->at, data.at + now->at, now->len) != 0;
}

/* Bit i: varying field i differs, as far as the template shows. */
static unsigned differing(const xai_EventTemplate *t, xai_Slice name,
                          xai_Slice data, const xai_EventInfo *info) {
  unsigned bits = info->numbered ? 1 : 0;
  int i;
  if (!has_name(t, name) || t->info.varying != info->varying) return bits;
  for (i = 0; i < info->varying; i++) {
    xai_Place now = place_of(data, info->varying_field[i], i);
    if (now.number == t->varying_field[i].number && is_other(t, i, data, &now))
      bits |= 1u << i;
  }
  return bits | t->differs;
}

/* Inserts a place, in order. */
static void add_place(xai_EventTemplate *t, const xai_Place *place) {
  int i = t->places++;
  for (; i > 0 && t->place[i - 1].at > place->at; i--)
    t->place[i] = t->place[i - 1];
  t->place[i] = *place;
}

/* 1 if a match would accept the content of the place. */
static int is_plain(xai_Slice data, const xai_Place *place) {
  const char *s = data.at + place->at, *end = data.at + data.len;
  const char *q = place->number ? end_of_number(s, end) : end_of_text(s, end);
  return q == s + place->len;
}

/* 0 if a match would not accept a varying field that differs. */
static int add_places(xai_EventTemplate *t, xai_Slice data,
                      const xai_EventInfo *info) {
  xai_Place text = place_of(data, info->delta, TEXT);
  int i;
  t->places = 0;
  add_place(t, &text);
  for (i = 0; i < info->varying; i++) {
    t->varying_field[i] = place_of(data, info->varying_field[i], i);
    if (!(t->differs & (1u << i))) continue;
    if (!is_plain(data, &t->varying_field[i])) return 0;
    add_place(t, &t->varying_field[i]);
  }
  return 1;
}

static int keep_bytes(xai_EventTemplate *t, xai_Slice name, xai_Slice data) {
  xai_event_template_forget(t);
  t->name_len = name.len;
  return xai_buffer_append(&t->bytes, name.at, name.len) == XAI_OK &&
         xai_buffer_append(&t->bytes, data.at, data.len) == XAI_OK;
}

void xai_event_template_learn(xai_EventTemplate *t, xai_Slice name,
                              xai_Slice data, const xai_EventInfo *info) {
  if (info->field == XAI_FIELD_NONE || info->meaning != XAI_MEANS_DATA ||
      data.len > LONGEST_EVENT ||
      (info->has_text && info->text.at != info->delta.at)) {
    xai_event_template_forget(t);
    return;
  }
  t->differs = differing(t, name, data, info);
  t->info = *info;
  t->serial++;
  if (!keep_bytes(t, name, data) || !add_places(t, data, info))
    xai_event_template_forget(t);
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

int xai_event_template_fill(const xai_EventTemplate *t, const char *mark,
                            xai_Buffer *out) {
  const char *m = template(t);
  size_t done = 0;
  int i, varying_field = 0, rc = XAI_OK;
  for (i = 0; rc == XAI_OK && i < t->places; i++) {
    const xai_Place *place = &t->place[i];
    rc = xai_buffer_append(out, m + done, place->at - done);
    if (rc == XAI_OK) rc = put_mark(mark, place, varying_field, out);
    if (place->varying_field != TEXT) varying_field++;
    done = place->at + place->len;
  }
  return rc == XAI_OK ? xai_buffer_append(out, m + done, template_len(t) - done)
                      : rc;
}
