/*
** event_template.c - events that repeat an earlier one but for their text.
*/
#include "base/event_template.h"

#include <string.h>

#include "base/json_scan.h"

#define LONGEST_EVENT ((size_t)8 << 10)
#define LONGEST_NUMBER 15 /* digits that a double holds exactly */
#define TEXT (-1)

void xai_pattern_init(xai_Pattern *p) { memset(p, 0, sizeof *p); }

void xai_pattern_free(xai_Pattern *p) {
  xai_buffer_free(&p->bytes);
  xai_pattern_forget(p);
}

void xai_pattern_forget(xai_Pattern *p) { xai_buffer_clear(&p->bytes); }

static const char *model(const xai_Pattern *p) {
  return xai_buffer_data(&p->bytes) + p->name_len;
}

static size_t model_len(const xai_Pattern *p) {
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

/* ----------------------------------------------------------------- match */

static int has_name(const xai_Pattern *p, xai_Slice name) {
  return xai_buffer_size(&p->bytes) > 0 && name.len == p->name_len &&
         memcmp(name.at, xai_buffer_data(&p->bytes), name.len) == 0;
}

/* Note what stands in a place of the event. */
static void note(xai_Reading *r, const xai_Place *place, const char *s,
                 const char *end) {
  xai_Slice *to = place->stamp == TEXT ? &r->piece : &r->stamp[r->stamps++];
  to->at = s;
  to->len = (size_t)(end - s);
}

int xai_pattern_match(const xai_Pattern *p, xai_Slice name, xai_Slice data,
                      xai_Reading *r) {
  const char *s = data.at, *end = s + data.len, *m;
  size_t done = 0, fixed;
  int i;
  if (!has_name(p, name)) return 0;
  m = model(p);
  *r = p->reading;
  r->stamps = 0;
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
  fixed = model_len(p) - done;
  if ((size_t)(end - s) != fixed || memcmp(s, m + done, fixed) != 0) return 0;
  if (r->has_text) r->text = r->piece;
  r->same = p->serial;
  return 1;
}

/* ----------------------------------------------------------------- learn */

static xai_Place place_of(xai_Slice data, xai_Slice part, int stamp) {
  xai_Place place;
  place.at = (size_t)(part.at - data.at);
  place.len = part.len;
  place.stamp = stamp;
  place.number = data.at[place.at - 1] != '"'; /* its opening quote */
  return place;
}

/* Is it a stamp of another kind or with another value than before? */
static int is_other(const xai_Pattern *p, int i, xai_Slice data,
                    const xai_Place *now) {
  const xai_Place *was = &p->stamp[i];
  return was->len != now->len ||
         memcmp(model(p) + was->at, data.at + now->at, now->len) != 0;
}

/* Which stamps differ, as far as can be told by the event before. */
static unsigned differing(const xai_Pattern *p, xai_Slice name, xai_Slice data,
                          const xai_Reading *r) {
  unsigned bits = r->counts ? 1 : 0;
  int i;
  if (!has_name(p, name) || p->reading.stamps != r->stamps) return bits;
  for (i = 0; i < r->stamps; i++) {
    xai_Place now = place_of(data, r->stamp[i], i);
    if (now.number == p->stamp[i].number && is_other(p, i, data, &now))
      bits |= 1u << i;
  }
  return bits | p->differs;
}

/* Add a place, in its order. */
static void add_place(xai_Pattern *p, const xai_Place *place) {
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
static int add_places(xai_Pattern *p, xai_Slice data, const xai_Reading *r) {
  xai_Place text = place_of(data, r->piece, TEXT);
  int i;
  p->places = 0;
  add_place(p, &text);
  for (i = 0; i < r->stamps; i++) {
    p->stamp[i] = place_of(data, r->stamp[i], i);
    if (!(p->differs & (1u << i))) continue;
    if (!is_plain(data, &p->stamp[i])) return 0;
    add_place(p, &p->stamp[i]);
  }
  return 1;
}

static int keep_bytes(xai_Pattern *p, xai_Slice name, xai_Slice data) {
  xai_pattern_forget(p);
  p->name_len = name.len;
  return xai_buffer_append(&p->bytes, name.at, name.len) == XAI_OK &&
         xai_buffer_append(&p->bytes, data.at, data.len) == XAI_OK;
}

void xai_pattern_learn(xai_Pattern *p, xai_Slice name, xai_Slice data,
                       const xai_Reading *r) {
  if (r->field == XAI_FIELD_NONE || r->meaning != XAI_MEANS_DATA ||
      data.len > LONGEST_EVENT || (r->has_text && r->text.at != r->piece.at)) {
    xai_pattern_forget(p);
    return;
  }
  p->differs = differing(p, name, data, r);
  p->reading = *r;
  p->serial++;
  if (!keep_bytes(p, name, data) || !add_places(p, data, r))
    xai_pattern_forget(p);
}

/* ------------------------------------------------------------------ fill */

static int put_mark(const char *mark, const xai_Place *place, int stamp,
                    xai_Buffer *out) {
  const char *quote = place->number ? "\"" : "";
  char what[2];
  int rc = xai_buffer_puts(out, quote);
  what[0] = (char)(place->stamp == TEXT ? 't' : 'A' + stamp);
  what[1] = '\0';
  if (rc == XAI_OK) rc = xai_buffer_puts(out, mark);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, what);
  return rc == XAI_OK ? xai_buffer_puts(out, quote) : rc;
}

int xai_pattern_fill(const xai_Pattern *p, const char *mark, xai_Buffer *out) {
  const char *m = model(p);
  size_t done = 0;
  int i, stamp = 0, rc = XAI_OK;
  for (i = 0; rc == XAI_OK && i < p->places; i++) {
    const xai_Place *place = &p->place[i];
    rc = xai_buffer_append(out, m + done, place->at - done);
    if (rc == XAI_OK) rc = put_mark(mark, place, stamp, out);
    if (place->stamp != TEXT) stamp++;
    done = place->at + place->len;
  }
  return rc == XAI_OK ? xai_buffer_append(out, m + done, model_len(p) - done)
                      : rc;
}
