/*
** picture_answer.c - the answer of a function that makes pictures, with its
** pictures taken out while it arrives.
*/
#include "base/picture_answer.h"

#include <stdio.h>
#include <string.h>

/* What the bytes are that come next. */
enum State {
  OUTSIDE, /* marks, numbers and words between strings */
  KEY,     /* the name of a member */
  TEXT,    /* another string */
  BEGIN,   /* the first byte of a picture */
  LEAD,    /* maybe "data:", as gateways put it before a picture */
  TYPE,    /* what follows that, up to a comma */
  PICTURE  /* base64 */
};

static const char lead[] = "data:";
#define LEAD_LENGTH (sizeof lead - 1)

/* ----------------------------------------------------------------- lifetime */

/* Begin to read an answer. */
static void begin(xai_PictureAnswer *p) {
  p->count = p->depth = p->in_data = p->in_entry = p->escape = 0;
  p->state = OUTSIDE;
  p->last = 0;
  p->key_length = 0;
}

void xai_picture_answer_init(xai_PictureAnswer *p) {
  memset(p, 0, sizeof *p);
  xai_buffer_init(&p->path, 0);
  xai_buffer_init(&p->files, 0);
}

static int fail(xai_PictureAnswer *p, xai_Cause cause, const char *problem) {
  if (p->cause != XAI_CAUSE_NONE) return -1;
  p->cause = cause;
  snprintf(p->problem, sizeof p->problem, "%s", problem);
  return -1;
}

static int fail_buffer(xai_PictureAnswer *p, int rc) {
  return fail(p, rc == XAI_ENOMEM ? XAI_CAUSE_MEMORY : XAI_CAUSE_BODY_TOO_LONG,
              "");
}

static int fail_file(xai_PictureAnswer *p, const xai_PartFile *f) {
  return fail(p, XAI_CAUSE_FILE, f->problem);
}

/* Number of files, including one that may be open for the next picture. */
static int count_files(const xai_PictureAnswer *p) {
  return (int)(xai_buffer_size(&p->files) / sizeof(xai_PartFile));
}

static xai_PartFile *file_at(xai_PictureAnswer *p, int i) {
  return (xai_PartFile *)(void *)p->files.at + i;
}

xai_PartFile *xai_picture_answer_file(xai_PictureAnswer *p, int n) {
  return n >= 1 && n <= p->count ? file_at(p, n - 1) : NULL;
}

/* Open a file for one more picture. */
static int add_file(xai_PictureAnswer *p) {
  xai_PartFile f;
  char tail[16] = "";
  size_t length = xai_buffer_size(&p->path);
  int rc;
  xai_part_file_init(&f);
  rc = xai_buffer_append(&p->files, (const char *)&f, sizeof f);
  if (!p->is_itself) snprintf(tail, sizeof tail, "-%d", count_files(p));
  if (rc == XAI_OK) rc = xai_buffer_puts(&p->path, tail);
  if (rc == XAI_OK) rc = xai_buffer_terminate(&p->path);
  if (rc != XAI_OK) return fail_buffer(p, rc);
  rc = xai_part_file_open(file_at(p, count_files(p) - 1),
                          xai_buffer_data(&p->path));
  xai_buffer_remove(&p->path, length, strlen(tail));
  return rc == 0 ? 0 : fail_file(p, file_at(p, count_files(p) - 1));
}

int xai_picture_answer_open(xai_PictureAnswer *p, const char *path) {
  begin(p);
  p->is_itself = xai_path_is_fixed(path);
  if (xai_buffer_puts(&p->path, path) != XAI_OK)
    return fail(p, XAI_CAUSE_MEMORY, "");
  return add_file(p);
}

/* Remove the files behind the first 'n'. */
static void drop_files(xai_PictureAnswer *p, int n) {
  int i, count = count_files(p);
  for (i = n; i < count; i++) xai_part_file_discard(file_at(p, i));
  if (count > n)
    xai_buffer_remove(&p->files, (size_t)n * sizeof(xai_PartFile),
                      (size_t)(count - n) * sizeof(xai_PartFile));
}

int xai_picture_answer_restart(xai_PictureAnswer *p) {
  begin(p);
  drop_files(p, 1);
  if (p->cause != XAI_CAUSE_NONE) return -1;
  return xai_part_file_restart(file_at(p, 0)) == 0
             ? 0
             : fail_file(p, file_at(p, 0));
}

void xai_picture_answer_close(xai_PictureAnswer *p) {
  drop_files(p, 0);
  xai_buffer_free(&p->files);
  xai_buffer_free(&p->path);
  p->count = 0;
}

void xai_picture_answer_leave(xai_PictureAnswer *p) {
  int i;
  for (i = 0; i < count_files(p); i++) xai_part_file_leave(file_at(p, i));
}

/* ----------------------------------------------------------------- pictures */

/* Base64 characters that are decoded at once. */
#define BLOCK ((size_t)8 << 10)

static xai_PartFile *current(xai_PictureAnswer *p) {
  return file_at(p, p->count - 1);
}

static int write_bytes(xai_PictureAnswer *p, const char *s, size_t n) {
  return xai_part_file_write(current(p), s, n) == 0 ? 0
                                                    : fail_file(p, current(p));
}

static int fail_base64(xai_PictureAnswer *p) {
  char words[120], text[200];
  xai_base64_explain(&p->decoder, words, sizeof words);
  snprintf(text, sizeof text, "picture %d is no base64: %s", p->count, words);
  return fail(p, XAI_CAUSE_PICTURE, text);
}

/* Base64 text of the picture. */
static int decode(xai_PictureAnswer *p, const char *s, size_t n) {
  char bytes[BLOCK / 4 * 3 + 3];
  while (n > 0) {
    size_t k = n < BLOCK ? n : BLOCK;
    size_t m = xai_base64_decode(&p->decoder, s, k, bytes);
    if (write_bytes(p, bytes, m) != 0) return -1;
    if (p->decoder.fault != XAI_BASE64_GOOD) return fail_base64(p);
    s += k;
    n -= k;
  }
  return 0;
}

/* A picture has begun: its file, which may be open already. */
static int begin_picture(xai_PictureAnswer *p) {
  if (p->count == XAI_MAX_PICTURES)
    return fail(p, XAI_CAUSE_FILE, "the answer has more than 64 pictures");
  if (p->count == count_files(p) && add_file(p) != 0) return -1;
  p->count++;
  xai_base64_begin(&p->decoder);
  p->lead = 0;
  p->state = LEAD;
  return 0;
}

/* What seemed to be "data:" is base64. */
static int end_lead(xai_PictureAnswer *p) {
  p->state = PICTURE;
  return decode(p, lead, p->lead);
}

/* One character of a picture's string, its escape resolved. */
static int take_character(xai_PictureAnswer *p, char c) {
  if (p->state == LEAD && c == lead[p->lead]) {
    if (++p->lead == LEAD_LENGTH) p->state = TYPE;
    return 0;
  }
  if (p->state == LEAD && end_lead(p) != 0) return -1;
  if (p->state == PICTURE) return decode(p, &c, 1);
  if (c == ',') p->state = PICTURE;
  return 0;
}

/* The string of a picture has ended: its number goes into the JSON text. */
static int end_picture(xai_PictureAnswer *p, xai_Buffer *json) {
  char bytes[2], number[16];
  size_t m;
  int rc;
  if (p->state == LEAD && end_lead(p) != 0) return -1;
  if (p->state == TYPE)
    return fail(p, XAI_CAUSE_PICTURE, "a picture has a type and no data");
  m = xai_base64_end(&p->decoder, bytes);
  if (p->decoder.fault != XAI_BASE64_GOOD) return fail_base64(p);
  if (write_bytes(p, bytes, m) != 0) return -1;
  p->state = OUTSIDE;
  snprintf(number, sizeof number, "%d", p->count);
  rc = xai_buffer_puts(json, number);
  return rc == XAI_OK ? 0 : fail_buffer(p, rc);
}

/* ------------------------------------------------------------------ escapes */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The character that an escape stands for; 0x7F for one that is not of base64
** in any case. */
static char meaning(char c) {
  switch (c) {
    case 'n':
    case 'r':
    case 't': return '\n';
    case '/': return '/';
    default: return 0x7F;
  }
}

/* A character within an escape of a picture: "\/", "\u002b". */
static int take_escape(xai_PictureAnswer *p, char c) {
  int digit = hex(c);
  if (p->escape == 1 && c == 'u') {
    p->escape = 2;
    p->code = 0;
    return 0;
  }
  if (p->escape == 1) {
    p->escape = 0;
    return take_character(p, meaning(c));
  }
  p->code = p->code * 16 + (unsigned)(digit < 0 ? 0x80 : digit);
  if (++p->escape < 6) return 0;
  p->escape = 0;
  return take_character(p, p->code < 0x80 ? (char)p->code : 0x7F);
}

/* Take the picture's bytes up to the quote that ends it.  Returns how many were
** taken; -1 when something failed. */
static long take_picture(xai_PictureAnswer *p, const char *s, size_t n,
                         xai_Buffer *json) {
  size_t i = 0;
  while (i < n) {
    const char *from = s + i;
    if (p->escape > 0) {
      if (take_escape(p, s[i++]) != 0) return -1;
    } else if (s[i] == '\\') {
      p->escape = 1;
      i++;
    } else if (s[i] == '"') {
      return end_picture(p, json) == 0 ? (long)i + 1 : -1;
    } else if (p->state != PICTURE) {
      if (take_character(p, s[i++]) != 0) return -1;
    } else {
      while (i < n && s[i] != '"' && s[i] != '\\') i++;
      if (decode(p, from, (size_t)(s + i - from)) != 0) return -1;
    }
  }
  return (long)i;
}

/* -------------------------------------------------------------- JSON around */

static int is_level(const xai_PictureAnswer *p, int depth) {
  return p->depth == depth && depth <= XAI_PICTURE_DEPTH;
}

/* Does the name of a member come here, if a string comes? */
static int is_key_next(const xai_PictureAnswer *p) {
  if (p->depth < 1 || p->depth > XAI_PICTURE_DEPTH || !p->is_object[p->depth])
    return 0;
  return p->last == '{' || p->last == ',';
}

static int has_key(const xai_PictureAnswer *p, const char *name) {
  return p->key_length == strlen(name) &&
         memcmp(p->key, name, p->key_length) == 0;
}

static void open_bracket(xai_PictureAnswer *p, char c) {
  int is_data = is_level(p, 1) && p->last == ':' && has_key(p, "data");
  p->depth++;
  if (p->depth <= XAI_PICTURE_DEPTH) p->is_object[p->depth] = c == '{';
  if (is_level(p, 2)) p->in_data = is_data && c == '[';
  if (is_level(p, 3)) p->in_entry = p->in_data && c == '{';
}

static void close_bracket(xai_PictureAnswer *p) {
  if (p->depth > 0) p->depth--;
  if (p->depth < 3) p->in_entry = 0;
  if (p->depth < 2) p->in_data = 0;
}

/* A quote outside of strings: which string begins? */
static void open_string(xai_PictureAnswer *p) {
  if (is_key_next(p)) {
    p->state = KEY;
    p->key_length = 0;
  } else if (is_level(p, 3) && p->in_entry && p->last == ':' &&
             has_key(p, "b64_json")) {
    p->state = BEGIN;
  } else {
    p->state = TEXT;
  }
}

static void take_mark(xai_PictureAnswer *p, char c) {
  switch (c) {
    case '{':
    case '[': open_bracket(p, c); break;
    case '}':
    case ']': close_bracket(p); break;
    case '"': open_string(p); return;
    case ':':
    case ',': break;
    default: return;
  }
  p->last = c;
}

/* A byte of a string that is no picture. */
static void take_text(xai_PictureAnswer *p, char c) {
  if (p->escape) {
    p->escape = 0;
  } else if (c == '\\') {
    p->escape = 1;
  } else if (c == '"') {
    p->state = OUTSIDE;
    return;
  }
  if (p->state != KEY) return;
  if (p->key_length < sizeof p->key) p->key[p->key_length] = c;
  p->key_length++;
}

/* Take bytes up to the quote with which a picture begins.  Returns how many. */
static size_t take_json(xai_PictureAnswer *p, const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n && p->state != BEGIN; i++) {
    if (p->state == OUTSIDE)
      take_mark(p, s[i]);
    else
      take_text(p, s[i]);
  }
  return i;
}

int xai_picture_answer_feed(xai_PictureAnswer *p, const char *s, size_t n,
                            xai_Buffer *json) {
  while (n > 0 && p->cause == XAI_CAUSE_NONE) {
    long taken;
    if (p->state == BEGIN && *s != '"') {
      if (begin_picture(p) != 0) return -1;
      /* Without the quote: a number comes in place of the string. */
      xai_buffer_remove(json, xai_buffer_size(json) - 1, 1);
    }
    if (p->state == BEGIN) p->state = TEXT; /* an empty one is left as it is */
    if (p->state >= LEAD) {
      taken = take_picture(p, s, n, json);
      if (taken < 0) return -1;
    } else {
      int rc;
      taken = (long)take_json(p, s, n);
      rc = xai_buffer_append(json, s, (size_t)taken);
      if (rc != XAI_OK) return fail_buffer(p, rc);
    }
    s += taken;
    n -= (size_t)taken;
  }
  return p->cause == XAI_CAUSE_NONE ? 0 : -1;
}
