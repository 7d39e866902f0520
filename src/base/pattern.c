/*
** pattern.c - events that repeat an earlier one but for their text.
*/
#include "base/pattern.h"

#include <string.h>

#include "base/jsoncheck.h"

#define LONGEST_EVENT ((size_t)8 << 10)
#define LONGEST_NUMBER 15 /* digits that a double holds exactly */

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

/*
** Compare what comes before the text.  Returns where the text begins in the
** data, or NULL.
*/
static const char *match_head(const xai_Pattern *p, const char *s,
                              const char *end, xai_Reading *r) {
  const char *m = model(p), *q;
  size_t after = p->number_at + p->number_len;
  if ((size_t)(end - s) < p->number_at) return NULL;
  if (memcmp(s, m, p->number_at) != 0) return NULL;
  s += p->number_at;
  if (p->number_at > 0) {
    q = end_of_number(s, end);
    if (q == NULL) return NULL;
    r->number.at = s;
    r->number.len = (size_t)(q - s);
    s = q;
  }
  if ((size_t)(end - s) < p->text_at - after) return NULL;
  if (memcmp(s, m + after, p->text_at - after) != 0) return NULL;
  return s + (p->text_at - after);
}

int xai_pattern_match(const xai_Pattern *p, xai_Slice name, xai_Slice data,
                      xai_Reading *r) {
  const char *end = data.at + data.len, *text, *q;
  size_t tail_at = p->text_at + p->text_len, tail;
  if (xai_buffer_size(&p->bytes) == 0 || name.len != p->name_len) return 0;
  if (memcmp(name.at, xai_buffer_data(&p->bytes), name.len) != 0) return 0;
  *r = p->reading;
  text = match_head(p, data.at, end, r);
  if (text == NULL || (q = end_of_text(text, end)) == NULL) return 0;
  tail = model_len(p) - tail_at;
  if ((size_t)(end - q) != tail || memcmp(q, model(p) + tail_at, tail) != 0)
    return 0;
  r->piece.at = text;
  r->piece.len = (size_t)(q - text);
  if (r->has_text) r->text = r->piece;
  r->same = p->serial;
  return 1;
}

void xai_pattern_learn(xai_Pattern *p, xai_Slice name, xai_Slice data,
                       const xai_Reading *r) {
  xai_pattern_forget(p);
  if (r->field == XAI_FIELD_NONE || r->meaning != XAI_MEANS_DATA ||
      data.len > LONGEST_EVENT)
    return;
  if (r->has_text && r->text.at != r->piece.at) return;
  if (r->number.len > 0 &&
      (r->number.at > r->piece.at || end_of_number(r->number.at, r->piece.at) !=
                                         r->number.at + r->number.len))
    return;
  if (xai_buffer_append(&p->bytes, name.at, name.len) != XAI_OK ||
      xai_buffer_append(&p->bytes, data.at, data.len) != XAI_OK) {
    xai_pattern_forget(p);
    return;
  }
  p->name_len = name.len;
  p->number_at = r->number.len > 0 ? (size_t)(r->number.at - data.at) : 0;
  p->number_len = r->number.len;
  p->text_at = (size_t)(r->piece.at - data.at);
  p->text_len = r->piece.len;
  p->reading = *r;
  p->serial++;
}

int xai_pattern_fill(const xai_Pattern *p, const char *text, const char *number,
                     xai_Buffer *out) {
  const char *m = model(p);
  size_t after = p->number_at + p->number_len;
  size_t tail_at = p->text_at + p->text_len;
  int rc = xai_buffer_append(out, m, p->number_at);
  if (rc == XAI_OK && p->number_len > 0) rc = xai_buffer_puts(out, number);
  if (rc == XAI_OK) rc = xai_buffer_append(out, m + after, p->text_at - after);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, text);
  if (rc == XAI_OK)
    rc = xai_buffer_append(out, m + tail_at, model_len(p) - tail_at);
  return rc;
}
