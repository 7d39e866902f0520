/*
** sse.c - an incremental parser for event streams (server-sent events).
**
** Only names and ids are copied.  The data of an event stays where it arrived.
** If an event has several data lines, the later ones are moved to the end of
** the first.  There is room for a joining LF, as each line began with a field
** name.
*/
#include "base/sse.h"

#include <string.h>

/* How much longer a line may be than the largest data, in bytes. */
#define LINE_SLACK 4096

void xai_sse_init(xai_Sse *p, size_t max_event) {
  memset(p, 0, sizeof *p);
  xai_buffer_init(&p->in, 0);
  xai_buffer_init(&p->name, 0);
  xai_buffer_init(&p->id, 0);
  p->max_event = max_event;
}

void xai_sse_free(xai_Sse *p) {
  xai_buffer_free(&p->in);
  xai_buffer_free(&p->name);
  xai_buffer_free(&p->id);
  xai_sse_init(p, p->max_event);
}

/* 1 if the line at 's' begins with this field; -1 if more bytes are needed. */
static int begins_with(const char *s, size_t n, const char *field) {
  size_t len = strlen(field);
  if (memcmp(s, field, n < len ? n : len) != 0) return 0;
  return n < len ? -1 : 1;
}

int xai_sse_begins(const char *s, size_t n) {
  static const char *const fields[] = {":", "data:", "event:", "id:", "retry:"};
  size_t i;
  int rc = begins_with(s, n, "\xEF\xBB\xBF");
  if (rc < 0) return -1;
  if (rc > 0) s += 3, n -= 3;
  while (n > 0 && (*s == '\n' || *s == '\r')) s++, n--;
  if (n == 0) return -1;
  for (i = 0; i < sizeof fields / sizeof *fields; i++) {
    rc = begins_with(s, n, fields[i]);
    if (rc != 0) return rc;
  }
  return 0;
}

void xai_sse_adopt(xai_Sse *p, xai_Buffer *from) {
  xai_sse_free(p);
  p->in = *from;
  p->in.max = 0;
  xai_buffer_init(from, from->max);
}

int xai_sse_feed(xai_Sse *p, const char *s, size_t n) {
  return xai_buffer_append(&p->in, s, n);
}

size_t xai_sse_size(const xai_Sse *p) { return xai_buffer_size(&p->in); }

/* The bytes, which are not const: data lines are joined in place. */
static char *bytes(const xai_Sse *p) {
  return p->in.at ? p->in.at + p->in.rd : NULL;
}

/* Drops all bytes before the line that is being read. */
static void drop_lines(xai_Sse *p) {
  size_t n = p->line;
  xai_buffer_consume(&p->in, n);
  p->scan -= n;
  p->lf = p->lf > n ? p->lf - n : 0;
  p->line = 0;
}

static void begin_event(xai_Sse *p) {
  p->has_data = 0;
  p->data_len = 0;
  xai_buffer_clear(&p->name);
  drop_lines(p);
}

/* Drops one leading byte order mark.  0 if more bytes are needed. */
static int start(xai_Sse *p) {
  static const char bom[3] = {'\xEF', '\xBB', '\xBF'};
  size_t n = xai_sse_size(p);
  if (n > 3) n = 3;
  if (n > 0 && memcmp(bytes(p), bom, n) == 0) {
    if (n < 3) return 0;
    xai_buffer_consume(&p->in, 3);
  }
  p->started = n > 0;
  return p->started;
}

/*
** Finds the end of the line that is being read.  1: '*end' is the offset of its
** terminator; 0: more bytes are needed, '*end' is that of the last byte's end.
** 'lf' remembers how far LF was searched.  So streams that use only CR are not
** searched again and again.
*/
static int find_end(xai_Sse *p, size_t *end) {
  const char *s = bytes(p), *q;
  size_t n = xai_sse_size(p);
  *end = n;
  if (p->scan == n) return 0;
  if (p->lf < p->scan) p->lf = p->scan;
  if (p->lf < n && s[p->lf] != '\n') {
    q = (const char *)memchr(s + p->lf, '\n', n - p->lf);
    p->lf = q ? (size_t)(q - s) : n;
  }
  q = (const char *)memchr(s + p->scan, '\r', p->lf - p->scan);
  *end = q ? (size_t)(q - s) : p->lf;
  p->scan = *end;
  return *end < n;
}

/* Appends a data line to the data of the event. */
static void add_data(xai_Sse *p, size_t at, size_t len) {
  char *s = bytes(p);
  size_t end = p->data_at + p->data_len;
  if (!p->has_data) {
    p->has_data = 1;
    p->data_at = at;
    p->data_len = len;
    return;
  }
  s[end] = '\n';
  memmove(s + end + 1, s + at, len);
  p->data_len += len + 1;
}

static int set(xai_Buffer *b, const char *s, size_t n) {
  xai_buffer_clear(b);
  return xai_buffer_append(b, s, n);
}

/* Reads the field in [line, end).  XAI_OK or XAI_ENOMEM. */
static int read_field(xai_Sse *p, size_t end) {
  const char *s = bytes(p);
  xai_Slice name;
  size_t value = end, colon = end;
  const char *q = (const char *)memchr(s + p->line, ':', end - p->line);
  if (q != NULL) {
    colon = (size_t)(q - s);
    value = colon + 1;
    if (value < end && s[value] == ' ') value++;
  }
  name.at = s + p->line;
  name.len = colon - p->line;
  if (xai_slice_is(name, "data"))
    add_data(p, value, end - value);
  else if (xai_slice_is(name, "event"))
    return set(&p->name, s + value, end - value);
  else if (xai_slice_is(name, "id") && !memchr(s + value, 0, end - value))
    return set(&p->id, s + value, end - value);
  return XAI_OK;
}

/*
** Drops the bytes between the data and the line that is being read, if no more
** bytes than these must be moved.  So the work stays linear, and lines that are
** no data do not take room for long.
*/
static void close_gap(xai_Sse *p) {
  size_t end = p->data_at + p->data_len + 1; /* room for a joining LF */
  size_t gap = p->line - end;
  if (gap == 0 || gap < xai_sse_size(p) - p->line) return;
  xai_buffer_remove(&p->in, end, gap);
  p->line = p->scan = end;
  p->lf = p->lf > gap ? p->lf - gap : 0;
}

/* Reads the line that ends at 'end'.  1 if it completes an event. */
static int read_line(xai_Sse *p, size_t end) {
  int blank = end == p->line;
  int rc = blank ? XAI_OK : read_field(p, end);
  if (rc != XAI_OK) return rc;
  p->skip_lf = bytes(p)[end] == '\r';
  p->scan = p->line = end + 1;
  if (blank && p->has_data) return 1;
  if (blank)
    begin_event(p);
  else if (p->has_data)
    close_gap(p);
  else
    drop_lines(p); /* no data: nothing of it is needed */
  return 0;
}

static void skip_lf(xai_Sse *p) {
  if (!p->skip_lf || p->scan == xai_sse_size(p)) return;
  p->skip_lf = 0;
  if (bytes(p)[p->scan] == '\n') p->scan = p->line = p->scan + 1;
}

/*
** 1 if the data, or the line that reaches to 'end', is too large.  It is
** checked for each line, so that the result does not depend on how the bytes
** are cut.
*/
static int too_large(const xai_Sse *p, size_t end) {
  size_t line = end - p->line;
  return p->data_len > p->max_event ||
         (line > LINE_SLACK && line - LINE_SLACK > p->max_event);
}

/* Reads lines.  1 if an event is whole, 0 if there are no more lines. */
static int read_event(xai_Sse *p) {
  size_t end;
  int rc = 0, found;
  if (!p->started && !start(p)) return 0;
  while (rc == 0) {
    skip_lf(p);
    found = find_end(p, &end);
    if (too_large(p, end)) return XAI_ELIMIT;
    if (!found) return 0;
    rc = read_line(p, end);
  }
  return rc;
}

static void fill(const xai_Sse *p, xai_SseEvent *ev) {
  if (ev == NULL) return;
  ev->name.at = xai_buffer_data(&p->name);
  ev->name.len = xai_buffer_size(&p->name);
  if (ev->name.len == 0) {
    ev->name.at = "message";
    ev->name.len = 7;
  }
  ev->data.at = bytes(p) + p->data_at;
  ev->data.len = p->data_len;
  ev->id.at = xai_buffer_data(&p->id);
  ev->id.len = xai_buffer_size(&p->id);
}

int xai_sse_peek(xai_Sse *p, xai_SseEvent *ev) {
  if (!p->have) {
    int rc = read_event(p);
    if (rc != 1) return rc;
    p->have = 1;
  }
  fill(p, ev);
  return 1;
}

void xai_sse_pop(xai_Sse *p) {
  if (!p->have) return;
  p->have = 0;
  begin_event(p);
}

/* ---------------------------------------------------------- putting back */

static int put_line(xai_Buffer *out, const char *field, const char *s,
                    size_t n) {
  int rc = xai_buffer_puts(out, field);
  if (rc == XAI_OK) rc = xai_buffer_append(out, s, n);
  return rc == XAI_OK ? xai_buffer_puts(out, "\n") : rc;
}

/* Appends the lines of data, which have LF between them. */
static int put_data(xai_Buffer *out, xai_Slice data) {
  const char *s = data.at, *end = data.at + data.len, *q;
  int rc = XAI_OK;
  while (rc == XAI_OK) {
    q = s < end ? (const char *)memchr(s, '\n', (size_t)(end - s)) : NULL;
    rc = put_line(out, "data: ", s, (size_t)((q ? q : end) - s));
    if (q == NULL) break;
    s = q + 1;
  }
  return rc;
}

int xai_sse_write(const xai_SseEvent *ev, xai_Buffer *out) {
  size_t before = out->len;
  int rc = put_line(out, "event: ", ev->name.at, ev->name.len);
  if (rc == XAI_OK) rc = put_data(out, ev->data);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, "\n");
  if (rc != XAI_OK) out->len = before;
  return rc;
}

/* Appends the fields of the event that is being read, or is ready. */
static int put_current(const xai_Sse *p, xai_Buffer *out) {
  xai_Slice data;
  int rc = XAI_OK;
  if (xai_buffer_size(&p->name) > 0)
    rc = put_line(out, "event: ", xai_buffer_data(&p->name),
                  xai_buffer_size(&p->name));
  if (rc != XAI_OK || !p->has_data) return rc;
  data.at = bytes(p) + p->data_at;
  data.len = p->data_len;
  rc = put_data(out, data);
  return rc == XAI_OK && p->have ? xai_buffer_puts(out, "\n") : rc;
}

/* Appends the bytes behind it.  An LF that belongs to the line before is left
** out; if it may still come, that line ends with CR. */
static int put_rest(const xai_Sse *p, xai_Buffer *out) {
  const char *s = bytes(p) + p->line;
  size_t n = xai_sse_size(p) - p->line;
  if (p->skip_lf && n == 0)
    out->at[out->len - 1] = '\r';
  else if (p->skip_lf && *s == '\n')
    s++, n--;
  return n > 0 ? xai_buffer_append(out, s, n) : XAI_OK;
}

int xai_sse_put_back(xai_Sse *p, xai_Slice text) {
  xai_Buffer all;
  int rc;
  if (text.len == 0) return XAI_OK;
  xai_buffer_init(&all, 0);
  rc = xai_buffer_append(&all, text.at, text.len);
  if (rc == XAI_OK) rc = put_current(p, &all);
  if (rc == XAI_OK && p->in.at != NULL) rc = put_rest(p, &all);
  if (rc != XAI_OK) {
    xai_buffer_free(&all);
    return rc;
  }
  xai_buffer_free(&p->in);
  p->in = all;
  xai_buffer_clear(&p->name);
  p->line = p->scan = p->lf = p->data_at = p->data_len = 0;
  p->has_data = p->have = p->skip_lf = 0;
  p->started = 1;
  return XAI_OK;
}

int xai_sse_pending(xai_Sse *p, xai_SseEvent *ev) {
  int rc = xai_sse_peek(p, NULL);
  size_t end = xai_sse_size(p);
  if (rc != 0) return rc < 0 ? rc : 0;
  if (end > p->line) rc = read_field(p, end);
  if (rc != XAI_OK) return rc;
  p->line = p->scan = end;
  if (too_large(p, end)) return XAI_ELIMIT;
  if (p->has_data) fill(p, ev);
  return p->has_data;
}
