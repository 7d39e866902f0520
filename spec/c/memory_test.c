/*
** memory_test.c - no allocation may fail in a way that loses or leaks.
**
** The program stands between src/base and realloc, which is all that src/base
** allocates with: link with -Wl,--wrap=realloc.  Each piece of work is done
** again and again: so that its first allocation fails, then its second, and
** so on.  A call that failed is repeated, as its callers do, and in the end
** the result must be the one of a run in which nothing failed.
*/
#include "base/endpoint.h"
#include "base/error_body.h"
#include "base/json_rewrite.h"
#include "base/json_scan.h"
#include "base/event_reader.h"
#include "check.h"

/* A linker without --wrap leaves this one without a definition. */
void *__real_realloc(void *p, size_t n) __attribute__((weak));
void *__wrap_realloc(void *p, size_t n);

static long calls;   /* since the work began */
static long fail_at; /* which of them fails; 0: none */
static int failed;

void *__wrap_realloc(void *p, size_t n) {
  calls++;
  if (calls != fail_at) return __real_realloc(p, n);
  failed = 1;
  return NULL;
}

/* Does a call have to be repeated, because it was the one that failed? */
static int again(int rc) {
  int mine = failed;
  failed = 0;
  CHECK(mine == (rc == XAI_ENOMEM));
  return mine && rc == XAI_ENOMEM;
}

/* Do the work with each allocation failing; always the same result. */
static void each_failing(const char *name, void (*work)(xai_Buffer *)) {
  static char first[1 << 16];
  size_t n = 0;
  long run;
  for (run = 0;; run++) {
    xai_Buffer out;
    xai_buffer_init(&out, 0);
    fail_at = 0;
    xai_buffer_reserve(&out, sizeof first);
    check_note("%s, allocation %ld fails", name, run);
    calls = 0;
    fail_at = run;
    work(&out);
    fail_at = 0;
    if (run == 0) {
      CHECK(calls > 0);
      n = xai_buffer_size(&out);
      memcpy(first, xai_buffer_data(&out), n);
    }
    CHECK(check_same(xai_buffer_slice(&out), check_slice(first, n)));
    xai_buffer_free(&out);
    if (calls < run) break;
  }
}

/* An event that a first allocation of buffers does not hold. */
#define LONG                                                                   \
  "data: {\"choices\":[{\"delta\":{\"content\":\"c\"}}],\"id\":\""             \
  "0123456789012345678901234567890123456789012345678901234567890123456789"     \
  "0123456789012345678901234567890123456789012345678901234567890123456789"     \
  "0123456789012345678901234567890123456789012345678901234567890123456789"     \
  "0123456789012345678901234567890123456789012345678901234567890123456789"     \
  "\"}\n\n"

/* The text that all pieces of work are about. */
static const char stream[] =
    "id: 1\nevent: first\ndata: "
    "{\"choices\":[{\"delta\":{\"role\":\"a\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud83d\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":\ndata: "
    "{\"content\":\"\\ude00b\"}}]}\n\n" LONG LONG LONG
    "event: a-name-that-is-longer\nid: an-id-that-is-longer\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "event: last\ndata: {\"choices\":[],\"usage\":{}}";

/* ------------------------------------------------------------------- buffer */

static void use_buffer(xai_Buffer *out) {
  xai_Buffer b;
  size_t i;
  xai_buffer_init(&b, 0);
  for (i = 0; i < 3000; i++) {
    while (again(xai_buffer_puts(&b, "0123456789"))) continue;
    if (i % 3 == 0) xai_buffer_consume(&b, 10);
  }
  while (again(xai_buffer_terminate(&b))) continue;
  xai_buffer_append(out, xai_buffer_data(&b), xai_buffer_size(&b) + 1);
  xai_buffer_wipe(&b);
}

static void test_a_buffer_that_cannot_grow_keeps_what_it_has(void) {
  each_failing("buffer", use_buffer);
}

/* ---------------------------------------------------------------------- sse */

static void put_event(xai_Buffer *out, const xai_SseEvent *ev) {
  xai_buffer_append(out, ev->name.at, ev->name.len);
  xai_buffer_puts(out, "|");
  xai_buffer_append(out, ev->data.at, ev->data.len);
  xai_buffer_puts(out, "|");
  xai_buffer_append(out, ev->id.at, ev->id.len);
  xai_buffer_puts(out, "\n");
}

static void use_sse(xai_Buffer *out) {
  xai_Sse p;
  xai_SseEvent ev;
  size_t i;
  int rc;
  xai_sse_init(&p, 10000);
  for (i = 0; i < sizeof stream - 1; i++) {
    while (again(xai_sse_feed(&p, stream + i, 1))) continue;
    while (again(rc = xai_sse_peek(&p, &ev)) || rc == 1) {
      if (rc == 1) put_event(out, &ev);
      if (rc == 1) xai_sse_pop(&p);
    }
  }
  while (again(rc = xai_sse_pending(&p, &ev))) continue;
  CHECK(rc == 1);
  put_event(out, &ev);
  xai_sse_free(&p);
}

static void test_a_parser_without_memory_loses_no_event(void) {
  each_failing("sse", use_sse);
}

static void use_pending(xai_Buffer *out) {
  xai_Sse p;
  xai_SseEvent ev;
  int rc;
  xai_sse_init(&p, 10000);
  while (again(xai_sse_feed(&p, LIT("data: a\nid: 7")))) continue;
  while (again(rc = xai_sse_pending(&p, &ev))) continue;
  CHECK(rc == 1);
  put_event(out, &ev);
  xai_sse_free(&p);
}

static void test_a_pending_event_is_not_lost_with_its_last_line(void) {
  each_failing("pending", use_pending);
}

/* ------------------------------------------------------------------ log */

static void use_log(xai_Buffer *out) {
  static const char *const texts[] = {"a", "bc", "def", ""};
  xai_EventLog j;
  xai_LogEntry e;
  xai_EventInfo r;
  xai_Slice name = {"name", 4}, object = {"{}", 2};
  size_t i, at = 0;
  memset(&r, 0, sizeof r);
  xai_event_log_init(&j, 0);
  for (i = 0; i < 2000; i++) {
    xai_Slice s = check_slice(texts[i % 4], strlen(texts[i % 4]));
    r.field = i % 100 == 0 ? XAI_FIELD_NONE : XAI_FIELD_TEXT;
    r.delta = s;
    r.untyped = i % 200 == 0;
    while (again(xai_event_log_add(&j, &r, name, r.untyped ? object : s)))
      continue;
  }
  while (xai_event_log_read(&j, &at, &e)) {
    xai_buffer_append(out, e.text.at, e.text.len);
    xai_buffer_puts(out, e.field == XAI_FIELD_NONE ? "|" : ".");
  }
  xai_event_log_free(&j);
}

static void test_a_log_without_memory_forgets_nothing(void) {
  each_failing("log", use_log);
}

/* ------------------------------------------------------------------- stream */

/*
** A stream's failure is final for its reader: it is forgotten here.  No
** memory to learn a template is no failure.
*/
static xai_ReadState look(xai_EventReader *s, xai_Sse *in, int over) {
  xai_ReadState state = xai_event_reader_peek(s, in, over, over);
  CHECK(failed || state != XAI_READ_FAILED);
  failed = 0;
  if (state != XAI_READ_FAILED) return state;
  CHECK(s->cause == XAI_CAUSE_STREAM_MEMORY);
  s->cause = XAI_CAUSE_NONE;
  return xai_event_reader_peek(s, in, over, over);
}

static void take_all(xai_EventReader *s, xai_Sse *in, int over,
                     xai_Buffer *out) {
  while (look(s, in, over) == XAI_READ_EVENT) {
    put_event(out, &s->event.sse);
    while (again(xai_event_reader_consume(s, in))) continue;
  }
}

static void use_stream(xai_Buffer *out) {
  xai_EventReader s;
  xai_Sse in;
  xai_LogEntry e;
  size_t i, at = 0;
  xai_event_reader_init(&s, XAI_API_CHAT, 0, 0);
  xai_sse_init(&in, 10000);
  for (i = 0; i < sizeof stream - 1; i++) {
    while (again(xai_sse_feed(&in, stream + i, 1))) continue;
    take_all(&s, &in, 0, out);
  }
  take_all(&s, &in, 1, out);
  CHECK(look(&s, &in, 1) == XAI_READ_END);
  while (xai_event_log_read(&s.log, &at, &e))
    xai_buffer_append(out, e.text.at, e.text.len);
  xai_event_reader_free(&s);
  xai_sse_free(&in);
}

static void test_a_stream_without_memory_skips_nothing(void) {
  each_failing("stream", use_stream);
}

/* --------------------------------------------------------- texts and bodies */

static void use_unescape(xai_Buffer *out) {
  static const char raw[] = "a\\ud83d \\ude00\\n\\u00e9 and so on";
  xai_Buffer text;
  unsigned surrogate = 0xD83D;
  int i;
  xai_buffer_init(&text, 0);
  for (i = 0; i < 100; i++)
    while (again(
        xai_json_unescape(check_slice(raw, sizeof raw - 1), &surrogate, &text)))
      continue;
  CHECK(surrogate == 0);
  xai_buffer_append(out, xai_buffer_data(&text), xai_buffer_size(&text));
  xai_buffer_free(&text);
}

/* Each part of the text meets the end of the buffer's memory once. */
static void use_unescape_at_the_brim(xai_Buffer *out) {
  static const char raw[] = "x\\ud83d\\u0041\\ud83dy\\ud83d\\ude00";
  xai_Buffer text;
  unsigned surrogate = 0;
  int i, pad;
  for (pad = 230; pad < 260; pad++) {
    xai_buffer_init(&text, 0);
    for (i = 0; i < pad; i++)
      while (again(xai_buffer_puts(&text, "."))) continue;
    while (again(
        xai_json_unescape(check_slice(raw, sizeof raw - 1), &surrogate, &text)))
      CHECK(surrogate == 0 && (int)xai_buffer_size(&text) == pad);
    xai_buffer_append(out, xai_buffer_data(&text), xai_buffer_size(&text));
    xai_buffer_free(&text);
  }
}

static void use_jsonmark(xai_Buffer *out) {
  static const char json[] = "{\"a\":[],\"b\":12345678901234567890,\"c\":"
                             "\"\\ud83d\",\"d\":[[],[ ],-1234567890123456]}";
  xai_Buffer marked;
  int i, rc;
  xai_buffer_init(&marked, 0);
  for (i = 0; i < 50; i++) {
    while (again(
        rc = xai_json_mark_values(json, sizeof json - 1, "M", 7, &marked)))
      continue;
    CHECK(rc == 1);
  }
  xai_buffer_append(out, xai_buffer_data(&marked), xai_buffer_size(&marked));
  xai_buffer_free(&marked);
}

static void use_error_body(xai_Buffer *out) {
  static const char object[] = "{\"error\":{\"message\":\"m\",\"code\":"
                               "\"c\",\"type\":\"t\",\"param\":\"p\"}}";
  const char *const bodies[] = {object, "plain words",
                                "<title>of a page</title>", ""};
  xai_ErrorBody c;
  size_t i;
  for (i = 0; i < 4; i++) {
    xai_error_body_init(&c);
    while (again(xai_error_body_read(&c, bodies[i], strlen(bodies[i]))))
      CHECK(xai_buffer_size(&c.message) + xai_buffer_size(&c.code) == 0);
    xai_buffer_puts(out, xai_buffer_data(&c.message));
    xai_buffer_append(out, xai_buffer_data(&c.code), xai_buffer_size(&c.code));
    xai_error_body_free(&c);
  }
}

static void test_texts_are_read_whole_or_not_at_all(void) {
  each_failing("unescape", use_unescape);
  each_failing("unescape at the brim", use_unescape_at_the_brim);
  each_failing("jsonmark", use_jsonmark);
  each_failing("error body", use_error_body);
}

static void check_path(const char *name) {
  const xai_Endpoint *e = xai_endpoint_find(name);
  char id[300];
  long run;
  memset(id, '/', sizeof id);
  for (run = 1; run < 10; run++) {
    xai_Buffer out;
    int rc;
    xai_buffer_init(&out, 0);
    calls = 0;
    fail_at = run;
    rc = xai_endpoint_path(e, id, sizeof id, &out);
    fail_at = 0;
    CHECK(rc == (calls >= run ? XAI_ENOMEM : XAI_OK));
    xai_buffer_free(&out);
  }
  failed = 0;
}

static void test_a_path_that_cannot_be_built_says_so(void) {
  check_path("get_response");
  check_path("add_to_batch"); /* goes on behind the id */
}

int main(void) {
  if (__real_realloc == NULL) {
    puts("nothing done: linked without --wrap=realloc");
    return 0;
  }
  RUN(test_a_buffer_that_cannot_grow_keeps_what_it_has);
  RUN(test_a_parser_without_memory_loses_no_event);
  RUN(test_a_pending_event_is_not_lost_with_its_last_line);
  RUN(test_a_log_without_memory_forgets_nothing);
  RUN(test_a_stream_without_memory_skips_nothing);
  RUN(test_texts_are_read_whole_or_not_at_all);
  RUN(test_a_path_that_cannot_be_built_says_so);
  return check_done();
}
