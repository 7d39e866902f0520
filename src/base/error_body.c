/*
** error_body.c - the words of an error body, whatever its shape.
**
** Known shapes come first: the service's own, OpenAI's and Anthropic's, lists,
** FastAPI's "detail", RFC 9457, "errors", and reasons that a gateway passes on.
** In other shapes, the first text under a common name is the message, at any
** depth.  The kind comes from the status, the code and the words.
*/
#include "base/error_body.h"

#include <string.h>

#include "base/http_head.h"
#include "base/json_rewrite.h"
#include "base/json_scan.h"
#include "base/text.h"

#define MAX_TEXT 500                  /* bytes of a message */
#define MAX_OUTER 200                 /* bytes of a text before its reason */
#define MAX_DEPTH 8                   /* levels that are read */
#define MAX_ITEMS 3                   /* items of a list that are read */
#define MAX_STRING ((size_t)64 << 10) /* bytes of a string that may hold JSON */
#define MAX_SEARCHED ((size_t)256 << 10) /* bytes of an unknown shape */
#define MAX_BARE ((size_t)512) /* bytes of an answer that is only an error */

void xai_error_body_init(xai_ErrorBody *e) {
  xai_buffer_init(&e->message, 0);
  xai_buffer_init(&e->code, 0);
  xai_buffer_init(&e->type, 0);
  xai_buffer_init(&e->param, 0);
}

void xai_error_body_free(xai_ErrorBody *e) {
  xai_buffer_free(&e->message);
  xai_buffer_free(&e->code);
  xai_buffer_free(&e->type);
  xai_buffer_free(&e->param);
}

/* The state of reading one body. */
typedef struct Reader {
  xai_ErrorBody *error_body; /* gets code, type and param; NULL: nobody does */
  int depth;                 /* how many values enclose the current one */
} Reader;

/* All functions with 'out' append to it and return XAI_OK or XAI_ENOMEM. */
static int add_value(Reader *r, const xai_Json *v, xai_Buffer *out);
static int add_text(Reader *r, xai_Slice s, xai_Buffer *out);

static int is_like_any(xai_Slice s, const char *const *names) {
  for (; *names != NULL; names++)
    if (xai_slice_like(s, *names)) return 1;
  return 0;
}

/* ------------------------------------------------------------------ joining */

static int holds(xai_Slice s, xai_Slice part) {
  for (; s.len >= part.len; s.at++, s.len--)
    if (memcmp(s.at, part.at, part.len) == 0) return 1;
  return 0;
}

/* The beginning of a text, at most 'max' bytes, cut between two characters. */
static xai_Slice cut(xai_Slice s, size_t max) {
  s.len = xai_utf8_cut(s.at, s.len, max);
  return s;
}

/* Makes 'out' "before: reason", unless one of the two contains the other. */
static int join(xai_Buffer *out, xai_Slice reason) {
  xai_Slice before = xai_buffer_slice(out);
  int rc = XAI_OK;
  reason = xai_slice_trim(reason);
  if (reason.len == 0 || holds(before, reason)) return XAI_OK;
  if (before.len > 0 && holds(reason, before)) {
    xai_buffer_clear(out);
    before.len = 0;
  }
  before = xai_slice_trim(cut(before, MAX_OUTER));
  while (before.len > 0 && strchr(".:; ", before.at[before.len - 1]) != NULL)
    before.len--;
  out->len = out->rd + before.len;
  if (before.len > 0) rc = xai_buffer_puts(out, ": ");
  return rc == XAI_OK ? xai_buffer_append(out, reason.at, reason.len) : rc;
}

/* Joins the text of a value.  Its code and type are ignored. */
static int join_value(Reader *r, const xai_Json *v, xai_Buffer *out) {
  xai_Buffer reason;
  Reader quiet;
  int rc;
  if (v->type == XAI_JSON_NONE) return XAI_OK;
  quiet.error_body = NULL;
  quiet.depth = r->depth;
  xai_buffer_init(&reason, 0);
  rc = add_value(&quiet, v, &reason);
  if (rc == XAI_OK) rc = join(out, xai_buffer_slice(&reason));
  xai_buffer_free(&reason);
  return rc;
}

/* -------------------------------------------------------------------- pages */

typedef struct Tag {
  xai_Slice name; /* without its namespace */
  xai_Slice text; /* up to the next tag */
  int closes;     /* a closing tag follows */
} Tag;

/* Finds the next tag from '*at' on; 0 if there is none. */
static int next_tag(xai_Slice s, size_t *at, Tag *t) {
  const char *end = s.at + s.len, *p = s.at + *at, *q;
  p = p < end ? (const char *)memchr(p, '<', (size_t)(end - p)) : NULL;
  if (p == NULL) return 0;
  t->name.at = ++p;
  for (q = p; q < end && *q != '>' && *q != ' ' && *q != '\n' && *q != '\t';
       q++)
    if (*q == ':') t->name.at = q + 1;
  t->name.len = (size_t)(q - t->name.at);
  q = (const char *)memchr(q, '>', (size_t)(end - q));
  if (q == NULL) return 0;
  t->text.at = q + 1;
  p = (const char *)memchr(q, '<', (size_t)(end - q));
  t->closes = p != NULL && end - p > 1 && p[1] == '/';
  t->text.len = (size_t)((p ? p : end) - q - 1);
  t->text = xai_slice_trim(t->text);
  *at = (size_t)((p ? p : end) - s.at);
  return 1;
}

/* Takes the content of "<![CDATA[...]]>" after the tag if the tag has no
** text. */
static void take_cdata(xai_Slice page, size_t at, Tag *t) {
  static const char open[] = "<![CDATA[";
  const char *p = page.at + at, *q, *end = page.at + page.len;
  if (t->text.len > 0 || (size_t)(end - p) < sizeof open - 1 ||
      memcmp(p, open, sizeof open - 1) != 0)
    return;
  p += sizeof open - 1;
  for (q = p; end - q >= 3 && memcmp(q, "]]>", 3) != 0;) q++;
  if (end - q < 3) return;
  t->text.at = p;
  t->text.len = (size_t)(q - p);
  t->text = xai_slice_trim(t->text);
  t->closes = 1;
}

/* The text of the first of these elements that has text, or an empty slice. */
static xai_Slice element(xai_Slice page, const char *const *names) {
  size_t at = 0;
  Tag t;
  while (next_tag(page, &at, &t)) {
    if (!is_like_any(t.name, names)) continue;
    take_cdata(page, at, &t);
    if (t.text.len > 0 && t.closes) return t.text;
  }
  t.text.at = "";
  t.text.len = 0;
  return t.text;
}

/* Appends a text, with the predefined entities of XML replaced. */
static int add_unescaped(xai_Slice s, xai_Buffer *out) {
  static const char *const entities[][2] = {
      {"&lt;", "<"},  {"&gt;", ">"},   {"&quot;", "\""}, {"&apos;", "'"},
      {"&#39;", "'"}, {"&#34;", "\""}, {"&nbsp;", " "},  {"&amp;", "&"}};
  size_t i = 0, e;
  int rc = XAI_OK;
  while (i < s.len && rc == XAI_OK) {
    size_t step = 1;
    const char *stands = s.at + i;
    for (e = 0; s.at[i] == '&' && e < sizeof entities / sizeof *entities; e++) {
      size_t n = strlen(entities[e][0]);
      if (s.len - i < n || memcmp(s.at + i, entities[e][0], n) != 0) continue;
      step = n;
      stands = entities[e][1];
      break;
    }
    rc = xai_buffer_append(out, stands, 1);
    i += step;
  }
  return rc;
}

static int is_html(xai_Slice page) {
  return xai_slice_has(page, "<html") ||
         xai_slice_has(page, "<!doctype html") ||
         xai_slice_has(page, "<head") || xai_slice_has(page, "<body") ||
         xai_slice_has(page, "<p>");
}

/* Appends the heading of a page, which is enough, or an XML document's
** message. */
static int add_page(Reader *r, xai_Slice page, xai_Buffer *out) {
  static const char *const titles[] = {"title", "h1", NULL};
  static const char *const words[] = {
      "message",     "faultstring", "errormessage", "error_message", "detail",
      "description", "reason",      "text",         "error",         NULL};
  static const char *const codes[] = {"code", "faultcode", "errorcode", NULL};
  xai_Slice start = cut(page, 2000), text = {"", 0}, code = {"", 0};
  int html = is_html(start), rc;
  page = cut(page, MAX_SEARCHED);
  if (!html) text = element(page, words);
  if (!html) code = element(page, codes);
  if (text.len == 0) text = element(page, titles);
  if (r->error_body != NULL && xai_buffer_size(&r->error_body->code) == 0) {
    rc = add_unescaped(cut(code, MAX_TEXT), &r->error_body->code);
    if (rc != XAI_OK) return rc;
  }
  if (text.len > 0) return add_unescaped(cut(text, 2 * MAX_TEXT), out);
  return xai_buffer_puts(out, !html && xai_slice_has(start, "<?xml")
                                  ? "an XML document"
                                  : "an HTML page");
}

/* -------------------------------------------------------------------- texts */

/* Appends the content of a string. */
static int unescape(xai_Slice raw, xai_Buffer *out) {
  unsigned surrogate = 0;
  int rc = xai_json_unescape(cut(raw, MAX_STRING), &surrogate, out);
  if (rc == XAI_OK && surrogate != 0) rc = xai_buffer_puts(out, "\xEF\xBF\xBD");
  return rc;
}

static int add_string(Reader *r, xai_Slice raw, xai_Buffer *out) {
  xai_Buffer text;
  int rc;
  xai_buffer_init(&text, 0);
  rc = unescape(raw, &text);
  if (rc == XAI_OK) rc = add_text(r, xai_buffer_slice(&text), out);
  xai_buffer_free(&text);
  return rc;
}

/* If 'name": "' stands at 'p', its end; otherwise NULL. */
static const char *after_name(const char *p, const char *end,
                              const char *name) {
  size_t n = strlen(name);
  if ((size_t)(end - p) <= n || memcmp(p, name, n) != 0 || p[n] != '"')
    return NULL;
  for (p += n + 1; p < end && (*p == ' ' || *p == ':'); p++) continue;
  return p < end && *p == '"' ? p + 1 : NULL;
}

/* Finds the first string member of that name, which the text may cut; 0:
** none. */
static int find_string(xai_Slice s, const char *name, xai_Slice *raw) {
  const char *p = s.at, *end = s.at + s.len, *q;
  while ((p = (const char *)memchr(p, '"', (size_t)(end - p))) != NULL) {
    q = after_name(++p, end, name);
    if (q == NULL) continue;
    raw->at = q;
    while (q < end && *q != '"') q += *q == '\\' && q + 1 < end ? 2 : 1;
    raw->len = (size_t)(q - raw->at);
    return 1;
  }
  return 0;
}

/* Finds the message in truncated JSON. */
static int find_begun(xai_Slice s, xai_Slice *raw) {
  return find_string(s, "message", raw) || find_string(s, "detail", raw) ||
         find_string(s, "error", raw) || find_string(s, "msg", raw);
}

/* The content of the first "data:" line of an event stream. */
static xai_Slice event_data(xai_Slice s) {
  static const char word[] = "data:";
  const char *end = s.at + s.len, *p = s.at, *q;
  while (p != NULL && (size_t)(end - p) >= sizeof word - 1) {
    if (memcmp(p, word, sizeof word - 1) == 0) {
      s.at = p + sizeof word - 1;
      q = (const char *)memchr(p, '\n', (size_t)(end - p));
      s.len = (size_t)((q ? q : end) - s.at);
      return xai_slice_trim(s);
    }
    p = (const char *)memchr(p, '\n', (size_t)(end - p));
    if (p != NULL) p++;
  }
  return s;
}

static int begins(xai_Slice s, const char *word) {
  return s.len >= strlen(word) && memcmp(s.at, word, strlen(word)) == 0;
}

/* Reads a text, which may be JSON, a page, an event stream or plain words. */
static int add_text(Reader *r, xai_Slice s, xai_Buffer *out) {
  xai_Json v;
  xai_Slice raw;
  int rc;
  s = xai_slice_trim(xai_slice_skip_bom(s));
  if (begins(s, "data:") || begins(s, "event:") || begins(s, ":"))
    s = event_data(s);
  if (s.len == 0 || r->depth >= MAX_DEPTH) return XAI_OK;
  if (*s.at == '{' || *s.at == '[' || *s.at == '"') {
    r->depth++;
    if (xai_json_read(s.at, s.len, &v))
      rc = add_value(r, &v, out);
    else if (*s.at != '"' && find_begun(s, &raw))
      rc = add_string(r, raw, out);
    else
      rc = xai_buffer_append(out, s.at, cut(s, 2 * MAX_TEXT).len);
    r->depth--;
    return rc;
  }
  if (*s.at == '<') return add_page(r, s, out);
  return xai_buffer_append(out, s.at, cut(s, 2 * MAX_TEXT).len);
}

/* ------------------------------------------------------------------ objects */

/* Sets a word from the member of that name, unless it has a value. */
static int fill(xai_Buffer *b, const xai_Json *o, const char *name) {
  xai_Json v = xai_json_get(o, name);
  if (xai_buffer_size(b) > 0) return XAI_OK;
  if (v.type == XAI_JSON_STRING) return unescape(cut(v.raw, 8 * MAX_TEXT), b);
  if (v.type == XAI_JSON_NUMBER)
    return xai_buffer_append(b, v.raw.at, cut(v.raw, MAX_TEXT).len);
  return XAI_OK;
}

static int fill_tags(Reader *r, const xai_Json *o) {
  xai_ErrorBody *e = r->error_body;
  int rc;
  if (e == NULL) return XAI_OK;
  rc = fill(&e->code, o, "code");
  if (rc == XAI_OK) rc = fill(&e->code, o, "error_code");
  if (rc == XAI_OK) rc = fill(&e->code, o, "errorCode");
  if (rc == XAI_OK) rc = fill(&e->type, o, "type");
  if (rc == XAI_OK) rc = fill(&e->type, o, "__type");
  if (rc == XAI_OK) rc = fill(&e->param, o, "param");
  return rc;
}

/* Appends the texts of the first items, as "a; b; c". */
static int add_list(Reader *r, const xai_Json *list, xai_Buffer *out) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int n = 0, rc = XAI_OK;
  xai_json_open(&w, list);
  while (rc == XAI_OK && n < MAX_ITEMS && xai_json_next(&w, &key, &v)) {
    size_t before = out->len;
    if (n > 0) rc = xai_buffer_puts(out, "; ");
    if (rc == XAI_OK) rc = add_value(r, &v, out);
    if (rc == XAI_OK && out->len > before + (n > 0 ? 2 : 0))
      n++;
    else
      out->len = before;
  }
  return rc;
}

/* Appends the texts of the first members, as "name: text; name: text". */
static int add_fields(Reader *r, const xai_Json *o, xai_Buffer *out) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  int n = 0, rc = XAI_OK;
  xai_json_open(&w, o);
  while (rc == XAI_OK && n < MAX_ITEMS && xai_json_next(&w, &key, &v)) {
    size_t before = out->len, named;
    if (n > 0) rc = xai_buffer_puts(out, "; ");
    if (rc == XAI_OK) rc = unescape(cut(key, MAX_OUTER), out);
    if (rc == XAI_OK) rc = xai_buffer_puts(out, ": ");
    named = out->len;
    if (rc == XAI_OK) rc = add_value(r, &v, out);
    if (rc == XAI_OK && out->len > named)
      n++;
    else
      out->len = before;
  }
  return rc;
}

/* Appends FastAPI's place in the request, as "body.messages.0: ". */
static int add_place(const xai_Json *o, xai_Buffer *out) {
  xai_Json loc = xai_json_get(o, "loc"), v;
  xai_JsonWalk w;
  xai_Slice key;
  int n = 0, rc = XAI_OK;
  if (loc.type != XAI_JSON_ARRAY) return XAI_OK;
  xai_json_open(&w, &loc);
  while (rc == XAI_OK && xai_json_next(&w, &key, &v)) {
    if (v.type != XAI_JSON_STRING && v.type != XAI_JSON_NUMBER) continue;
    if (n++ > 0) rc = xai_buffer_puts(out, ".");
    if (rc == XAI_OK) rc = unescape(cut(v.raw, MAX_OUTER), out);
  }
  return rc == XAI_OK && n > 0 ? xai_buffer_puts(out, ": ") : rc;
}

/* Appends the text of the first of these members that has one. */
static int add_first(Reader *r, const xai_Json *o, const char *const *names,
                     xai_Buffer *out) {
  size_t before = out->len;
  int rc = XAI_OK;
  for (; *names != NULL && rc == XAI_OK && out->len == before; names++) {
    xai_Json v = xai_json_get(o, *names);
    if (v.type != XAI_JSON_NONE) rc = add_value(r, &v, out);
  }
  return rc;
}

/* 1 if the text is a code such as "invalid_grant". */
static int is_word(xai_Slice s) {
  size_t i;
  for (i = 0; i < s.len; i++)
    if (s.at[i] == ' ') return 0;
  return s.len > 0;
}

/* Adds an "error" that is a string to the other texts of its object: as the
** code, or in front of them. */
static int add_error_string(Reader *r, xai_Slice raw, xai_Buffer *out) {
  xai_Buffer error;
  xai_ErrorBody *e = r->error_body;
  int rc;
  xai_buffer_init(&error, 0);
  rc = add_string(r, raw, &error);
  if (rc == XAI_OK && xai_buffer_size(out) > 0 &&
      is_word(xai_buffer_slice(&error))) {
    if (e != NULL && xai_buffer_size(&e->code) == 0)
      rc = xai_buffer_append(&e->code, xai_buffer_data(&error),
                             xai_buffer_size(&error));
  } else if (rc == XAI_OK) {
    xai_Buffer words = *out; /* the error comes first */
    *out = error;
    error = words;
    rc = join(out, xai_buffer_slice(&error));
  }
  xai_buffer_free(&error);
  return rc;
}

/* Appends the texts of an object's own members. */
static int add_own(Reader *r, const xai_Json *o, xai_Buffer *out) {
  static const char *const words[] = {
      "message",       "Message",      "msg",       "error_description",
      "error_message", "errorMessage", "error_msg", NULL};
  static const char *const details[] = {"detail", "details", NULL};
  static const char *const titles[] = {"title", NULL};
  xai_Json detail;
  int rc = add_first(r, o, words, out);
  if (rc != XAI_OK || out->len > out->rd) return rc;
  rc = add_first(r, o, titles, out);
  if (rc != XAI_OK) return rc;
  if (out->len == out->rd) return add_first(r, o, details, out);
  detail = xai_json_get(o, "detail");
  return join_value(r, &detail, out);
}

/* Joins the reasons of another service, which a gateway passes on. */
static int join_reasons(Reader *r, const xai_Json *o, xai_Buffer *out) {
  xai_Json metadata = xai_json_get(o, "metadata"), v;
  xai_Json errors = xai_json_get(o, "errors");
  xai_Buffer fields;
  Reader quiet;
  int rc = XAI_OK;
  if (metadata.type == XAI_JSON_OBJECT) {
    v = xai_json_get(&metadata, "raw");
    rc = join_value(r, &v, out);
    v = xai_json_get(&metadata, "reasons");
    if (rc == XAI_OK) rc = join_value(r, &v, out);
  }
  if (rc != XAI_OK || errors.type < XAI_JSON_STRING) return rc;
  if (errors.type != XAI_JSON_OBJECT) return join_value(r, &errors, out);
  quiet.error_body = NULL;
  quiet.depth = r->depth;
  xai_buffer_init(&fields, 0);
  rc = add_fields(&quiet, &errors, &fields);
  if (rc == XAI_OK) rc = join(out, xai_buffer_slice(&fields));
  xai_buffer_free(&fields);
  return rc;
}

/* The error of the first choice that has one; type XAI_JSON_NONE: none has. */
static xai_Json error_of_choices(const xai_Json *choices) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v, error;
  memset(&error, 0, sizeof error);
  if (choices->type != XAI_JSON_ARRAY) return error;
  xai_json_open(&w, choices);
  while (xai_json_next(&w, &key, &v)) {
    error = xai_json_get(&v, "error");
    if (xai_error_body_is_reported(&error)) return error;
  }
  error.type = XAI_JSON_NONE;
  return error;
}

static xai_Json error_of(const xai_Json *o) {
  xai_Json error = xai_json_get(o, "error"), choices;
  if (xai_error_body_is_reported(&error)) return error;
  error = xai_json_get(o, "Error");
  if (error.type >= XAI_JSON_STRING) return error;
  choices = xai_json_get(o, "choices");
  return error_of_choices(&choices);
}

static int add_object(Reader *r, const xai_Json *o, xai_Buffer *out) {
  xai_Json response = xai_json_get(o, "response"), error;
  xai_Buffer own;
  int rc;
  if (response.type == XAI_JSON_OBJECT) o = &response;
  error = error_of(o);
  xai_buffer_init(&own, 0);
  rc = add_place(o, out);
  if (error.type >= XAI_JSON_ARRAY) { /* or an object */
    rc = add_value(r, &error, &own);
    if (rc == XAI_OK && r->error_body != NULL)
      rc = fill(&r->error_body->code, o, "code");
  } else if (rc == XAI_OK) {
    rc = fill_tags(r, o);
  }
  if (rc == XAI_OK && xai_buffer_size(&own) == 0) rc = add_own(r, o, &own);
  if (rc == XAI_OK && error.type == XAI_JSON_STRING)
    rc = add_error_string(r, error.raw, &own);
  if (rc == XAI_OK && error.type == XAI_JSON_NUMBER && own.len == 0)
    rc = xai_buffer_append(&own, error.raw.at, error.raw.len);
  if (rc == XAI_OK) rc = join_reasons(r, o, &own);
  if (rc == XAI_OK)
    rc = xai_buffer_append(out, xai_buffer_data(&own), xai_buffer_size(&own));
  xai_buffer_free(&own);
  return rc;
}

static int add_value(Reader *r, const xai_Json *v, xai_Buffer *out) {
  int rc = XAI_OK;
  if (r->depth >= MAX_DEPTH) return rc;
  r->depth++;
  if (v->type == XAI_JSON_STRING) rc = add_string(r, v->raw, out);
  if (v->type == XAI_JSON_ARRAY) rc = add_list(r, v, out);
  if (v->type == XAI_JSON_OBJECT) rc = add_object(r, v, out);
  r->depth--;
  return rc;
}

/* ---------------------------------------------------------------- searching */

/* Common names of messages, the best first. */
static const char *const known_names[] = {"message",
                                          "msg",
                                          "error_message",
                                          "errormessage",
                                          "error_messages",
                                          "errormessages",
                                          "error_msg",
                                          "errmsg",
                                          "error_description",
                                          "description",
                                          "detail",
                                          "details",
                                          "reason",
                                          "reasons",
                                          "cause",
                                          "raw",
                                          "explanation",
                                          "faultstring",
                                          "statusmessage",
                                          "status_message",
                                          "status_msg",
                                          "error",
                                          "errors",
                                          "err",
                                          "exception",
                                          "failure",
                                          "text",
                                          "title",
                                          "info",
                                          "value",
                                          NULL};
#define KNOWN_NAMES ((int)(sizeof known_names / sizeof *known_names) - 1)
#define WORTH 25          /* so many of them may name a reason */
#define WORDS 21          /* so many of them name words wherever they stand */
#define BELOW KNOWN_NAMES /* rank of any other member within one of those */
#define NOWHERE (KNOWN_NAMES + 1) /* rank of all other members */

typedef struct Search {
  xai_Slice known; /* a text that must not be found again */
  int best;        /* rank of the best name; at first, the limit */
  xai_Slice found;
} Search;

static int place_of(xai_Slice name) {
  int i = 0;
  while (known_names[i] != NULL && !xai_slice_like(name, known_names[i])) i++;
  return i;
}

/* 1 for texts of the model or of the user, which explain no failure. */
static int is_conversation(xai_Slice name) {
  static const char *const names[] = {
      "output", "choices",   "input",  "messages",        "prompt",
      "tools",  "reasoning", "format", "response_format", NULL};
  return is_like_any(name, names);
}

/* The rank of a member or an item.  'place' is the rank of its container. */
static int place_in(int place, int object, xai_Slice key) {
  int own = object ? place_of(key) : place;
  if (!object || own < KNOWN_NAMES) return own;
  return place < WORDS || place == BELOW ? BELOW : NOWHERE;
}

/* Searches the texts 'depth' levels below.  'place' is the rank of 'v'. */
static void look(Search *s, const xai_Json *v, int place, int depth) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json m;
  int object = v->type == XAI_JSON_OBJECT;
  if (!xai_json_open(&w, v)) return;
  while (xai_json_next(&w, &key, &m)) {
    int at = place_in(place, object, key);
    xai_Slice text = xai_slice_trim(m.raw);
    if (object && m.type != XAI_JSON_STRING && is_conversation(key)) continue;
    if (depth > 0) look(s, &m, at, depth - 1);
    if (depth > 0 || m.type != XAI_JSON_STRING || at >= s->best) continue;
    if (text.len == 0 || (s->known.len > 0 && holds(s->known, text))) continue;
    s->best = at;
    s->found = m.raw;
  }
}

/* Joins the text with the best of the first 'names' names that is not known. */
static int join_found(const xai_Json *v, int names, xai_Buffer *out) {
  Search s;
  xai_Json text;
  Reader r;
  int depth, enough = names < BELOW ? names : BELOW;
  if (v->raw.len > MAX_SEARCHED) return XAI_OK;
  memset(&s, 0, sizeof s);
  s.known = xai_buffer_slice(out);
  s.best = names;
  for (depth = 0; depth < MAX_DEPTH && s.best >= enough; depth++)
    look(&s, v, NOWHERE, depth);
  if (s.best == names) return XAI_OK;
  memset(&r, 0, sizeof r);
  text.type = XAI_JSON_STRING;
  text.raw = s.found;
  return join_value(&r, &text, out);
}

/* 1 if the text says nothing but that there was an error. */
static int is_vague(xai_Slice s) {
  static const char *const vague[] = {"error",
                                      "bad request",
                                      "provider returned error",
                                      "upstream error",
                                      "unknown error",
                                      "internal server error",
                                      "server error",
                                      "internal error",
                                      "validation error",
                                      "validation failed",
                                      "invalid request",
                                      "request failed",
                                      "unprocessable entity",
                                      "unprocessable content",
                                      "bad gateway",
                                      "service unavailable",
                                      "gateway timeout",
                                      "forbidden",
                                      "unauthorized",
                                      "not found",
                                      "an error occurred",
                                      "something went wrong",
                                      "request validation failed",
                                      "invalid input",
                                      "failed",
                                      "failure",
                                      "upstream request failed",
                                      "provider error",
                                      "error from provider",
                                      "fail",
                                      "err",
                                      "exception",
                                      NULL};
  while (s.len > 0 && strchr(".!: ", s.at[s.len - 1]) != NULL) s.len--;
  return is_like_any(s, vague);
}

/* ------------------------------------------------------------------ reading */

/* 1 if the character that ends at 'i' is one of U+0080 to U+009F, which control
** terminals. */
static int is_late_control(const xai_Buffer *b, size_t i) {
  return i > 0 && (unsigned char)b->at[i - 1] == 0xC2 &&
         (unsigned char)b->at[i] >= 0x80 && (unsigned char)b->at[i] < 0xA0;
}

/* Makes one line of a word, in UTF-8, and cuts it between two characters. */
static void make_line(xai_Buffer *b) {
  size_t i;
  if (b->at != NULL) xai_utf8_mark(b->at + b->rd, xai_buffer_size(b));
  for (i = 0; i < b->len; i++) {
    if (is_late_control(b, i)) b->at[i - 1] = b->at[i] = ' ';
    if ((unsigned char)b->at[i] < ' ' || b->at[i] == 0x7F) b->at[i] = ' ';
  }
  while (b->len > 0 && b->at[b->len - 1] == ' ') b->len--;
  b->len = b->rd + cut(xai_buffer_slice(b), MAX_TEXT).len;
}

/* 1 for an object with a list of texts for each wrong field, as Django
** sends. */
static int are_all_lists(const xai_Json *v) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json m;
  if (v->type != XAI_JSON_OBJECT) return 0;
  xai_json_open(&w, v);
  while (xai_json_next(&w, &key, &m))
    if (m.type != XAI_JSON_ARRAY) return 0;
  return 1;
}

/* Finds the message of a body of no known shape. */
static int search(Reader *r, xai_Slice body, const xai_Json *v) {
  xai_Buffer *out = &r->error_body->message;
  int rc = join_found(v, NOWHERE, out);
  if (rc == XAI_OK && xai_buffer_size(out) == 0 && are_all_lists(v))
    rc = add_fields(r, v, out);
  if (rc == XAI_OK && xai_buffer_size(out) == 0 &&
      xai_json_check(body.at, body.len) == XAI_JSON_WRONG)
    rc = xai_buffer_append(out, body.at, cut(body, 2 * MAX_TEXT).len);
  return rc;
}

static int read_text(xai_ErrorBody *e, xai_Slice s) {
  Reader r;
  xai_Json v;
  int rc;
  r.error_body = e;
  r.depth = 0;
  if (s.len > 0 && xai_json_read(s.at, s.len, &v) && v.type < XAI_JSON_STRING)
    return v.type == XAI_JSON_NUMBER
               ? xai_buffer_append(&e->message, s.at, s.len)
               : XAI_OK;
  rc = add_text(&r, s, &e->message);
  if (rc != XAI_OK || !xai_json_read(s.at, s.len, &v)) return rc;
  if (xai_buffer_size(&e->message) == 0) return search(&r, s, &v);
  return is_vague(xai_buffer_slice(&e->message))
             ? join_found(&v, WORTH, &e->message)
             : rc;
}

/* Reads a body.  A truncated one is read as far as it goes. */
static int read_body(xai_ErrorBody *e, xai_Slice s) {
  xai_Buffer closed;
  xai_Json v;
  int rc;
  s = xai_slice_trim(xai_slice_skip_bom(s));
  if (s.len == 0 || (*s.at != '{' && *s.at != '[') ||
      xai_json_read(s.at, s.len, &v))
    return read_text(e, s);
  xai_buffer_init(&closed, 0);
  rc = xai_json_close_truncated(s, &closed);
  if (rc == XAI_OK &&
      xai_json_check(xai_buffer_slice(&closed).at,
                     xai_buffer_slice(&closed).len) == XAI_JSON_RIGHT)
    s = xai_buffer_slice(&closed);
  if (rc == XAI_OK) rc = read_text(e, s);
  xai_buffer_free(&closed);
  return rc;
}

static void clear(xai_ErrorBody *e) {
  xai_buffer_clear(&e->message);
  xai_buffer_clear(&e->code);
  xai_buffer_clear(&e->type);
  xai_buffer_clear(&e->param);
}

int xai_error_body_read(xai_ErrorBody *e, const char *body, size_t n) {
  xai_Slice s = {body, n};
  int rc;
  clear(e);
  rc = read_body(e, s);
  make_line(&e->message);
  make_line(&e->code);
  make_line(&e->type);
  make_line(&e->param);
  if (rc == XAI_OK) rc = xai_buffer_terminate(&e->message);
  if (rc != XAI_OK) clear(e);
  return rc;
}

/* -------------------------------------------------- errors within successes */

static int is_reported(const xai_Json *v, int depth) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json m;
  if (v->type == XAI_JSON_TRUE) return 1;
  if (v->type == XAI_JSON_STRING) return xai_slice_trim(v->raw).len > 0;
  if (v->type == XAI_JSON_NUMBER) return xai_json_index(v, 0) != 0;
  if (depth > MAX_DEPTH) return 1;
  if (!xai_json_open(&w, v)) return 0;
  while (xai_json_next(&w, &key, &m))
    if (is_reported(&m, depth + 1)) return 1;
  return 0;
}

int xai_error_body_is_reported(const xai_Json *v) { return is_reported(v, 0); }

/* 1 if one of the choices has an error. */
static int error_in_choices(const xai_Json *choices) {
  xai_Json error = error_of_choices(choices);
  return error.type != XAI_JSON_NONE;
}

/* 1 if the text contains the word. */
static int has_word(xai_Slice s, const char *word) {
  xai_Slice what = {word, strlen(word)};
  return xai_slice_find(s, what) != NULL;
}

/* The first item of a list: gateways send errors in lists. */
static xai_Json unlisted(xai_Json v) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json first = v;
  if (v.type != XAI_JSON_ARRAY) return v;
  xai_json_open(&w, &v);
  xai_json_next(&w, &key, &first);
  return first;
}

/* 1 for "error" and all names that begin with it. */
static int is_error_name(xai_Slice key) {
  key.len = key.len < 5 ? key.len : 5;
  return xai_slice_like(key, "error");
}

static int is_error_word(xai_Slice key) {
  static const char *const words[] = {
      "code",   "type",    "param",      "status", "message", "msg",
      "object", "success", "request_id", "detail", NULL};
  return is_error_name(key) || is_like_any(key, words);
}

/* What the members of an answer say. */
typedef struct Signs {
  int named;   /* it has a member "error", which may be empty */
  int called;  /* it says in another way that it is an error */
  int error;   /* it reports an error */
  int choices; /* it has choices, as answers of chats have */
  int failed;  /* its status is "failed" */
  int more;    /* some members do not concern an error */
} Signs;

static int is_text(const xai_Json *v, const char *text) {
  return v->type == XAI_JSON_STRING && xai_slice_is(v->raw, text);
}

static Signs read_signs(const xai_Json *answer) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json m;
  Signs s = {0, 0, 0, 0, 0, 0};
  xai_json_open(&w, answer);
  while (xai_json_next(&w, &key, &m)) {
    if (xai_slice_is(key, "error")) {
      s.named |= xai_json_given(&m);
      s.error |= xai_error_body_is_reported(&m);
    }
    if (xai_slice_is(key, "choices")) {
      s.choices = m.type == XAI_JSON_ARRAY;
      s.error |= error_in_choices(&m);
    }
    if (xai_slice_is(key, "status")) s.failed = is_text(&m, "failed");
    s.called |= is_error_name(key) && xai_error_body_is_reported(&m);
    s.called |= xai_slice_is(key, "success") && m.type == XAI_JSON_FALSE;
    s.called |= is_text(&m, "error"); /* its object, type or status */
    s.more |= xai_json_given(&m) && !is_error_word(key);
  }
  return s;
}

/* 0 if the answer cannot report an error.  A quick search; reading costs
** more. */
static int may_be_error(xai_Slice body) {
  if (body.len <= MAX_BARE &&
      (has_word(body, "\"error") || has_word(body, "\"success\"")))
    return 1;
  return has_word(body, "\"error\"") || has_word(body, "\"failed\"");
}

/* 1 if all members concern an error. */
static int is_bare(const Signs *s) { return !s->more && s->called; }

int xai_error_body_is_bare(const xai_Json *o) {
  Signs s = read_signs(o);
  return is_bare(&s);
}

int xai_error_body_in_answer(xai_Slice body, int any) {
  xai_Json v;
  Signs s;
  if (!may_be_error(body)) return 0;
  body = xai_slice_skip_bom(body);
  if (!xai_json_read(body.at, body.len, &v)) return 0;
  v = unlisted(v);
  if (v.type != XAI_JSON_OBJECT) return 0;
  s = read_signs(&v);
  if ((s.named && !s.more) || (!any && is_bare(&s))) return 1;
  return any && !s.choices ? 0 : s.error || s.failed;
}

/* ------------------------------------- texts that say that money is lacking */

/*
** Examples: "Your credit balance is too low", "insufficient_quota", "out of
** credits".  The text must contain a noun and a lack, with only linking words
** between them.  A text that merely names both does not count.
*/

#define MAX_SEARCHED_WORDS 600 /* bytes of a text that are searched */
#define MAX_LINKS 4            /* linking words between noun and lack */

/* A rate limit may use so many of the first entries of a list.  They do not
** count where the quota may be that of a minute. */
#define MINUTES 2

/* A longer entry comes before its own beginning. */
static const char *const nouns[] = {
    "quota",   "quotas",         "credit balance",  "credit limit",
    "credits", "credit",         "account balance", "balance",
    "funds",   "spending limit", "spend limit",     "spending cap",
    NULL};

/* Before one of these, a noun has another meaning: "credit card". */
static const char *const others[] = {
    "card",       "cards",   "field", "fields", "parameter",
    "parameters", "header",  "key",   "value",  "argument",
    "property",   "scoring", NULL};

static const char *const lacks_before[] = {
    "insufficient", "not enough", "exceeded", "exceeds", "exhausted",
    "depleted",     "out of",     "used all", "used up", "negative",
    "lack",         "lacks",      "reached",  "low",     "no remaining",
    "no available", "no more",    "no",       "zero",    NULL};

static const char *const lacks_after[] = {
    "too low",  "insufficient", "not enough", "not sufficient",
    "exceeded", "exhausted",    "depleted",   "used up",
    "run out",  "ran out",      "negative",   "reached",
    "low",      "empty",        "zero",       NULL};

/* Linking words. */
static const char *const links[] = {
    "a",       "account", "all",          "already",   "an",
    "any",     "api",     "are",          "available", "be",
    "been",    "current", "currently",    "free",      "has",
    "have",    "is",      "monthly",      "my",        "now",
    "of",      "or",      "organization", "our",       "plan",
    "prepaid", "project", "remaining",    "team",      "the",
    "their",   "this",    "token",        "total",     "usage",
    "user",    "was",     "were",         "workspace", "your",
    NULL};

/* Phrases that need no noun and lack. */
static const char *const phrases[] = {"usage limit exceeded",
                                      "check your plan and billing",
                                      "payment required",
                                      "budget exceeded",
                                      "budget has been exceeded",
                                      "billing not active",
                                      "billing hard limit",
                                      "arrearage",
                                      "add credits",
                                      "purchase more credits",
                                      "more credits",
                                      "purchase credits",
                                      "buy more credits",
                                      NULL};

/* The same in Chinese: many gateways are. */
static const char *const foreign[] = {
    "\xE9\xA2\x9D\xE5\xBA\xA6\xE4\xB8\x8D\xE8\xB6\xB3", /* edu buzu */
    "\xE9\x85\x8D\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3", /* pei'e buzu */
    "\xE4\xBD\x99\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3", /* yu'e buzu */
    "\xE6\xAC\xA0\xE8\xB4\xB9",                         /* qianfei */
    NULL};

/* Writes the text with small letters and single blanks.  A '.' stands for each
** other character: it ends a clause. */
static void flatten(xai_Slice text, char out[MAX_SEARCHED_WORDS + 1]) {
  size_t i, n = 0;
  for (i = 0; i < text.len && n < MAX_SEARCHED_WORDS; i++) {
    char c = text.at[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c == '_' || c == '-' || (unsigned char)c < ' ') c = ' ';
    if (c != ' ' && c != '\'' && !(c >= 'a' && c <= 'z')) c = '.';
    if (c == ' ' && (n == 0 || out[n - 1] == ' ')) continue;
    out[n++] = c;
  }
  out[n] = '\0';
}

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '\''; }

/* The length of the first entry that stands at 'p' as whole words, or 0. */
static size_t match(const char *p, const char *const *list) {
  for (; *list != NULL; list++) {
    size_t n = strlen(*list);
    if (strncmp(p, *list, n) == 0 && !is_letter(p[n])) return n;
  }
  return 0;
}

static int names_another(const char *p) {
  return *p == ' ' && match(p + 1, others) > 0;
}

/* 1 if one of 'first' stands at 'p' and one of 'second' follows it. */
static int follow(const char *p, const char *const *first,
                  const char *const *second) {
  size_t n = match(p, first), left = MAX_LINKS;
  if (n == 0) return 0;
  for (;;) {
    p += n;
    if (*p++ != ' ') return 0;
    n = match(p, second);
    if (n > 0) return !names_another(p + n);
    n = match(p, links);
    if (n == 0 || left-- == 0) return 0;
  }
}

static int begins_word(const char *s, const char *p) {
  return p == s || !is_letter(p[-1]);
}

/* 1 if the text says that credits, a balance or a quota are too low. */
static int is_about_money(xai_Slice text, int of_minutes) {
  char flat[MAX_SEARCHED_WORDS + 1];
  const char *p;
  int from = of_minutes ? MINUTES : 0;
  const char *const *f;
  flatten(text, flat);
  for (p = flat; *p != '\0'; p++)
    if (begins_word(flat, p) && is_letter(*p) &&
        (match(p, phrases + from) > 0 || follow(p, nouns + from, lacks_after) ||
         follow(p, lacks_before, nouns + from)))
      return 1;
  for (f = foreign + from; *f != NULL; f++)
    if (xai_slice_has(text, *f)) return 1;
  return 0;
}

/* -------------------------------------------------------------------- kinds */

int xai_error_body_has(const xai_ErrorBody *e, const char *word) {
  return xai_slice_has(xai_buffer_slice(&e->code), word) ||
         xai_slice_has(xai_buffer_slice(&e->message), word);
}

/* 1 for words such as "no credits" and "spending limit", where waiting does not
** help.  It is a guess by words: the service has no code for it. */
static int is_quota(const xai_ErrorBody *e) {
  return xai_error_body_has(e, "credits") ||
         xai_error_body_has(e, "spending") ||
         xai_error_body_has(e, "monthly") ||
         xai_error_body_has(e, "insufficient_quota") ||
         xai_slice_has(xai_buffer_slice(&e->type), "insufficient_quota") ||
         xai_error_body_has(e, "usage_limit_exceeded") ||
         xai_error_body_has(e, "credit_balance");
}

/* The same by combinations of words.  'of_minutes': a quota may be that of a
** minute, so only money counts. */
static int lacks_money(const xai_ErrorBody *e, int of_minutes) {
  return is_about_money(xai_buffer_slice(&e->code), of_minutes) ||
         is_about_money(xai_buffer_slice(&e->type), of_minutes) ||
         is_about_money(xai_buffer_slice(&e->message), of_minutes);
}

static int is_key_trouble(const xai_ErrorBody *e) {
  return xai_error_body_has(e, "Incorrect API key") ||
         xai_error_body_has(e, "invalid_api_key") ||
         xai_error_body_has(e, "bad-credentials");
}

typedef struct CodeKind {
  const char *text;
  xai_Kind kind;
} CodeKind;

/* The kind by code and type.  The table has both generations of the service's
** codes, and the types of OpenAI and Anthropic, which gateways use. */
static xai_Kind kind_of_word(const xai_ErrorBody *e) {
  static const CodeKind codes[] = {
      {"invalid-argument", XAI_KIND_BAD_REQUEST},
      {"specified an invalid argument", XAI_KIND_BAD_REQUEST},
      {"invalid_argument", XAI_KIND_BAD_REQUEST},
      {"failed_precondition", XAI_KIND_BAD_REQUEST},
      {"permission_denied", XAI_KIND_PERMISSION},
      {"invalid_request_error", XAI_KIND_BAD_REQUEST},
      {"unauthenticated", XAI_KIND_AUTHENTICATION},
      {"valid authentication credentials", XAI_KIND_AUTHENTICATION},
      {"authentication_error", XAI_KIND_AUTHENTICATION},
      {"permission-denied", XAI_KIND_PERMISSION},
      {"does not have permission", XAI_KIND_PERMISSION},
      {"permission_error", XAI_KIND_PERMISSION},
      {"not-found", XAI_KIND_NOT_FOUND},
      {"entity was not found", XAI_KIND_NOT_FOUND},
      {"not_found_error", XAI_KIND_NOT_FOUND},
      {"resource-exhausted", XAI_KIND_RATE_LIMIT},
      {"resource has been exhausted", XAI_KIND_RATE_LIMIT},
      {"rate_limit", XAI_KIND_RATE_LIMIT},
      {"unavailable", XAI_KIND_SERVER},
      {"overloaded", XAI_KIND_SERVER},
      {"server_error", XAI_KIND_SERVER},
      {"internal", XAI_KIND_SERVER},
  };
  xai_Slice code = xai_buffer_slice(&e->code),
            type = xai_buffer_slice(&e->type);
  size_t i;
  for (i = 0; i < sizeof codes / sizeof *codes; i++)
    if (xai_slice_has(code, codes[i].text) ||
        xai_slice_has(type, codes[i].text))
      return codes[i].kind;
  return XAI_KIND_API;
}

/* The code as an HTTP status, which gateways send under status 200; 0: it is
** none. */
static int status_in(const xai_ErrorBody *e) {
  xai_Slice code = xai_buffer_slice(&e->code);
  int i, status = 0;
  if (code.len != 3) return 0;
  for (i = 0; i < 3; i++) {
    if (code.at[i] < '0' || code.at[i] > '9') return 0;
    status = status * 10 + (code.at[i] - '0');
  }
  return status;
}

static xai_Kind kind_of_code(const xai_ErrorBody *e) {
  int status = status_in(e);
  return status >= 400 && status < 600 ? xai_error_body_kind(e, status)
                                       : kind_of_word(e);
}

xai_Kind xai_error_body_kind(const xai_ErrorBody *e, int status) {
  int client_error = status >= 400 && status < 500;
  xai_Kind kind;
  if (status == 402) return XAI_KIND_QUOTA;
  if ((status == 403 || status == 429) && is_quota(e)) return XAI_KIND_QUOTA;
  if (client_error && lacks_money(e, status == 429)) return XAI_KIND_QUOTA;
  if ((status == 400 || status == 403) && is_key_trouble(e))
    return XAI_KIND_AUTHENTICATION;
  switch (status) {
    case 401: return XAI_KIND_AUTHENTICATION;
    case 403: return XAI_KIND_PERMISSION;
    case 404: return XAI_KIND_NOT_FOUND;
    case 413: return XAI_KIND_TOO_LARGE;
    case 422: return XAI_KIND_UNPROCESSABLE;
    case 429: return XAI_KIND_RATE_LIMIT;
    default: break;
  }
  if (client_error) return XAI_KIND_BAD_REQUEST;
  if (status >= 500) return XAI_KIND_SERVER;
  if (status >= 300) return XAI_KIND_REDIRECT;
  kind = kind_of_code(e);
  if (kind == XAI_KIND_BAD_REQUEST && xai_error_body_has(e, "moderat"))
    return XAI_KIND_PERMISSION; /* a job that was withheld as unsafe */
  if (kind == XAI_KIND_RATE_LIMIT && is_quota(e)) return XAI_KIND_QUOTA;
  return lacks_money(e, kind == XAI_KIND_RATE_LIMIT) ? XAI_KIND_QUOTA : kind;
}

/* 1 if the code or the type contains the word. */
static int is_tagged(const xai_ErrorBody *e, const char *word) {
  return xai_slice_has(xai_buffer_slice(&e->code), word) ||
         xai_slice_has(xai_buffer_slice(&e->type), word);
}

int xai_error_body_lacks_model(const xai_ErrorBody *e) {
  return xai_error_body_has(e, "model not found") ||
         is_tagged(e, "model_not_found") || is_tagged(e, "model-not-found") ||
         (xai_error_body_has(e, "model") &&
          xai_error_body_has(e, "does not exist"));
}

int xai_error_body_is_transient(const xai_ErrorBody *e) {
  xai_Kind kind = xai_error_body_kind(e, 200);
  if (kind == XAI_KIND_QUOTA) return 0;
  return kind == XAI_KIND_RATE_LIMIT ||
         xai_http_status_is_transient(status_in(e)) ||
         is_tagged(e, "overloaded") || is_tagged(e, "server_error") ||
         is_tagged(e, "unavailable") || xai_error_body_has(e, "no capacity") ||
         xai_error_body_has(e, "waiting for first token") ||
         xai_error_body_has(e, "unavailable");
}
