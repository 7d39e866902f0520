/*
** event_reader_test.c - reading one event stream, from bytes to the log.
*/
#include "base/event_reader.h"

#include "base/json_scan.h"
#include "event_reader_cases.h"

#define MAX_EVENT ((size_t)16 << 20)

/* A reader that takes what there is and writes it down. */
typedef struct Reader {
  xai_EventReader stream;
  xai_EventSchema schema; /* reads each event in full */
  xai_Sse in;
  xai_Buffer text;
  int events;
} Reader;

static void open_reader(Reader *r, xai_Api api, int raw) {
  xai_event_reader_init(&r->stream, api, raw, 0);
  xai_event_schema_init(&r->schema, api);
  xai_sse_init(&r->in, MAX_EVENT);
  xai_buffer_init(&r->text, 0);
  r->events = 0;
}

static void close_reader(Reader *r) {
  xai_event_reader_free(&r->stream);
  xai_sse_free(&r->in);
  xai_buffer_free(&r->text);
}

static int same(xai_Slice a, xai_Slice b) {
  return a.at == b.at && a.len == b.len;
}

/* Those that differ from event to event are some of all, in any order. */
static void check_varying(const xai_EventInfo *is, const xai_EventInfo *full) {
  int i, k;
  for (i = 0; i < is->varying; i++) {
    for (k = 0; k < full->varying;)
      if (same(is->varying_field[i], full->varying_field[k++])) break;
    CHECK(k > 0 && same(is->varying_field[i], full->varying_field[k - 1]));
  }
}

/* An event that repeats another is read as if it did not. */
static void check_reading(Reader *r) {
  const xai_Event *e = &r->stream.event;
  const xai_EventInfo *is = &e->info;
  xai_EventInfo full;
  xai_event_schema_read(&r->schema, e->sse.name, e->sse.data, &full);
  CHECK(is->meaning == full.meaning && is->has_text == full.has_text &&
        is->parts == full.parts);
  CHECK(is->field == full.field && is->a == full.a && is->b == full.b);
  if (full.has_text) CHECK(same(is->text, full.text));
  if (full.field != XAI_FIELD_NONE) CHECK(same(is->delta, full.delta));
  check_varying(is, &full);
}

static xai_ReadState read_on(Reader *r, int over, int clean) {
  const xai_EventInfo *said = &r->stream.event.info;
  for (;;) {
    xai_ReadState state =
        xai_event_reader_peek(&r->stream, &r->in, over, clean);
    CHECK(xai_event_reader_peek(&r->stream, &r->in, over, clean) == state);
    if (state != XAI_READ_EVENT) return state;
    check_reading(r);
    if (said->has_text)
      xai_event_schema_text(said, &r->stream.surrogate, &r->text);
    r->events++;
    CHECK(xai_event_reader_consume(&r->stream, &r->in) == XAI_OK);
  }
}

static void copy_buffer(xai_Buffer *to, const xai_Buffer *from) {
  xai_buffer_init(to, from->max);
  xai_buffer_append(to, xai_buffer_data(from), xai_buffer_size(from));
}

/* A reader that has read the same.  No event must be shown. */
static void copy_reader(Reader *to, const Reader *from) {
  *to = *from;
  CHECK(!from->stream.have);
  copy_buffer(&to->in.in, &from->in.in);
  copy_buffer(&to->in.name, &from->in.name);
  copy_buffer(&to->in.id, &from->in.id);
  copy_buffer(&to->stream.log.bytes, &from->stream.log.bytes);
  copy_buffer(&to->stream.template.bytes, &from->stream.template.bytes);
  copy_buffer(&to->text, &from->text);
}

static xai_ReadState feed(Reader *r, const char *s, size_t n) {
  CHECK(xai_sse_feed(&r->in, s, n) == XAI_OK);
  return read_on(r, 0, 0);
}

static void check_log(const xai_EventLog *j, const char *expected) {
  xai_Buffer out;
  xai_LogEntry e;
  size_t at = 0;
  char part[64];
  xai_buffer_init(&out, 0);
  while (xai_event_log_read(j, &at, &e)) {
    snprintf(part, sizeof part, "%c%u.%u<", "ETRSAG"[e.field], (unsigned)e.a,
             (unsigned)e.b);
    if (e.field == XAI_FIELD_NONE) part[1] = '\0';
    xai_buffer_puts(&out, part);
    if (e.field == XAI_FIELD_NONE) continue;
    xai_buffer_append(&out, e.text.at, e.text.len);
    xai_buffer_puts(&out, ">");
  }
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
}

static void check_said(const Reader *r, const EventReaderCase *f) {
  CHECK_TEXT(xai_buffer_slice(&r->text), f->text);
  CHECK(r->events == f->events);
  check_log(&r->stream.log, f->log);
}

static void test_each_fixture_says_what_it_says_in_pieces_of_any_size(void) {
  static const size_t pieces[] = {1, 2, 3, 5, 64, 1000, MAX_EVENT};
  size_t i, k, at;
  Reader r;
  for (i = 0; i < EVENT_READER_CASES; i++) {
    xai_Slice s = check_fixture(event_reader_cases[i].name);
    for (k = 0; k < sizeof pieces / sizeof *pieces; k++) {
      check_note("%s by %u", event_reader_cases[i].name, (unsigned)pieces[k]);
      open_reader(&r, event_reader_cases[i].api, 0);
      for (at = 0; at < s.len; at += pieces[k])
        feed(&r, s.at + at, s.len - at < pieces[k] ? s.len - at : pieces[k]);
      CHECK(read_on(&r, 1, 1) == event_reader_cases[i].end);
      check_said(&r, &event_reader_cases[i]);
      close_reader(&r);
    }
    check_drop(s);
  }
}

/* The offset behind the line with the last 'text'; never when NULL. */
static size_t line_end(xai_Slice s, const char *text) {
  size_t n = text ? strlen(text) : 0, i, at = s.len + 1;
  if (text == NULL) return at;
  for (i = 0; i + n <= s.len; i++)
    if (memcmp(s.at + i, text, n) == 0) at = i;
  CHECK(at < s.len);
  while (at < s.len && s.at[at] != '\n' && s.at[at] != '\r') at++;
  return at;
}

/* Behind the first byte of the blank line that follows. */
static size_t blank_line(xai_Slice s, size_t at) {
  if (at >= s.len) return at;
  return at + (s.at[at] == '\r' ? 3 : 2);
}

/* How does the stream end, were these all its bytes? */
static xai_ReadState cut_off(const Reader *r, int clean) {
  xai_ReadState state;
  Reader copy;
  copy_reader(&copy, r);
  state = read_on(&copy, 1, clean);
  CHECK(state != XAI_READ_WAIT);
  CHECK((state == XAI_READ_FAILED) ==
        (copy.stream.cause == XAI_CAUSE_STREAM_CUT));
  close_reader(&copy);
  return state;
}

static void test_cut_anywhere_a_stream_is_only_whole_with_its_end(void) {
  size_t i, cut;
  Reader r;
  for (i = 0; i < EVENT_READER_CASES; i++) {
    const EventReaderCase *f = &event_reader_cases[i];
    xai_Slice s = check_fixture(f->name);
    size_t marker = line_end(s, f->marker), finish = line_end(s, f->finish);
    open_reader(&r, f->api, 0);
    for (cut = 0; cut <= s.len; cut++) {
      int clean = cut >= marker || cut >= finish;
      check_note("%s cut at %u", f->name, (unsigned)cut);
      if (cut > 0 && feed(&r, s.at + cut - 1, 1) == XAI_READ_ERROR) break;
      CHECK((cut_off(&r, 1) == XAI_READ_END) == clean);
      CHECK((cut_off(&r, 0) == XAI_READ_END) == (cut >= blank_line(s, marker)));
    }
    CHECK(cut >= s.len); /* no failure before its event is whole */
    close_reader(&r);
    check_drop(s);
  }
}

/* Look after each byte, but take nothing before 'wait' more have come. */
static void read_late(const EventReaderCase *f, xai_Slice s, size_t wait) {
  size_t at, shown = 0;
  Reader r;
  check_note("%s, %u bytes late", f->name, (unsigned)wait);
  open_reader(&r, f->api, 0);
  for (at = 0; at < s.len; at++) {
    CHECK(xai_sse_feed(&r.in, s.at + at, 1) == XAI_OK);
    if (!r.stream.have) shown = at;
    if (at < shown + wait)
      xai_event_reader_peek(&r.stream, &r.in, 0, 0);
    else
      read_on(&r, 0, 0);
  }
  CHECK(read_on(&r, 1, 1) == f->end);
  check_said(&r, f);
  close_reader(&r);
}

static void test_an_event_that_was_shown_stays_while_bytes_arrive(void) {
  static const size_t waits[] = {1, 30, 200, 500, 1000, 3000};
  size_t i, k;
  for (i = 0; i < EVENT_READER_CASES; i++) {
    xai_Slice s = check_fixture(event_reader_cases[i].name);
    for (k = 0; k < sizeof waits / sizeof *waits; k++)
      read_late(&event_reader_cases[i], s, waits[k]);
    check_drop(s);
  }
}

static void test_the_text_of_another_choice_can_be_read(void) {
  xai_Slice s = check_fixture("chat-completion.stream.two-choices.sse");
  Reader r;
  open_reader(&r, XAI_API_CHAT, 0);
  xai_event_reader_want(&r.stream, 1);
  r.schema.want = 1;
  CHECK(feed(&r, s.at, s.len) == XAI_READ_END);
  CHECK_TEXT(xai_buffer_slice(&r.text), "Blue");
  close_reader(&r);
  check_drop(s);
}

#define CHUNK "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
#define LAST "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}"

/* Does the next event repeat the one before, and has it text? */
static void next_is(Reader *r, int repeats, int has_text) {
  const xai_EventInfo *said = &r->stream.event.info;
  xai_sse_feed(&r->in, LIT(CHUNK));
  CHECK(xai_event_reader_peek(&r->stream, &r->in, 0, 0) == XAI_READ_EVENT);
  CHECK((said->template_serial != 0) == repeats && said->has_text == has_text);
  CHECK(xai_event_reader_consume(&r->stream, &r->in) == XAI_OK);
}

static void test_an_event_that_repeats_another_says_so(void) {
  Reader r;
  open_reader(&r, XAI_API_CHAT, 0);
  next_is(&r, 0, 1); /* the first is kept whole */
  next_is(&r, 0, 1);
  next_is(&r, 1, 1);
  next_is(&r, 1, 1);
  xai_event_reader_want(&r.stream, 0); /* as before */
  next_is(&r, 1, 1);
  xai_event_reader_want(&r.stream, 1);
  next_is(&r, 0, 0);
  next_is(&r, 1, 0);
  close_reader(&r);
}

/* -------------------------------------------------------------- how it ends */

/* The state at a clean end and at another one, and the events before it. */
static void ends(const char *s, xai_ReadState clean, xai_ReadState broken,
                 int events) {
  Reader r;
  check_note("%s", s);
  open_reader(&r, XAI_API_CHAT, 0);
  feed(&r, s, strlen(s));
  CHECK(read_on(&r, 1, 1) == clean);
  CHECK(r.events == events);
  close_reader(&r);
  open_reader(&r, XAI_API_CHAT, 0);
  feed(&r, s, strlen(s));
  CHECK(read_on(&r, 1, 0) == broken);
  close_reader(&r);
}

static void test_a_last_event_without_its_blank_line_counts_when_whole(void) {
  const xai_ReadState end = XAI_READ_END, error = XAI_READ_FAILED;
  ends(CHUNK "data: [DONE]", end, error, 1);
  ends(CHUNK "data: [DONE]\n", end, error, 1);
  ends(CHUNK "data:[DONE] \r\n", end, error, 1);
  ends(CHUNK "data: [DON", error, error, 1);
  ends(CHUNK LAST, end, error, 2);
  ends(CHUNK LAST "\r", end, error, 2);
  ends(CHUNK "data: {\"choices\":[{\"finish_reason\":\"stop\"}]", error, error,
       1);
  ends(CHUNK "data: {\"error\":\"e\"}", XAI_READ_ERROR, error, 1);
  ends(CHUNK "data: {\"usage\":{}}\n", error, error, 2);
  ends(CHUNK LAST "\n\ndata: {\"usage\"", end, error, 2);
  ends("", error, error, 0);
  ends(": ping\n\n", error, error, 0);
}

static void test_nothing_counts_behind_the_marker(void) {
  const xai_ReadState end = XAI_READ_END;
  ends(CHUNK "data: [DONE]\n\ndata: [DONE]\n\n", end, end, 1);
  ends(CHUNK "data: [DONE]\n\n" CHUNK "data: {\"error\":\"e\"}\n\n", end, end,
       1);
  ends(CHUNK "data: [DONE]\n\ndata: {\"half", end, end, 1);
}

static void test_empty_events_say_nothing(void) {
  ends("data\n\ndata:  \n\n" CHUNK "data:\n\ndata: [DONE]\n\n", XAI_READ_END,
       XAI_READ_END, 1);
}

/* What is remembered of a failure. */
static void concludes(xai_Api api, const char *s, const char *expected) {
  Reader r;
  check_note("%s", s);
  open_reader(&r, api, 0);
  CHECK(feed(&r, s, strlen(s)) == XAI_READ_ERROR);
  xai_event_reader_conclude(&r.stream);
  check_log(&r.stream.log, expected);
  xai_event_reader_rest(&r.stream);
  xai_event_reader_conclude(&r.stream); /* nothing is shown any more */
  check_log(&r.stream.log, expected);
  close_reader(&r);
}

static void test_a_failure_that_comes_with_the_answer_is_remembered(void) {
  concludes(XAI_API_RESPONSES,
            "data: {\"type\":\"response.failed\",\"response\":{}}\n\n", "E");
  concludes(XAI_API_RESPONSES,
            "data: {\"type\":\"response.completed\","
            "\"response\":{\"status\":\"failed\"}}\n\n",
            "E");
  concludes(XAI_API_RESPONSES,
            "data: {\"type\":\"error\",\"message\":\"m\"}\n\n", "");
  concludes(XAI_API_RESPONSES, "event: error\ndata: no JSON\n\n", "");
  concludes(XAI_API_CHAT, "data: {\"error\":\"e\"}\n\n", "");
}

static void test_a_truncated_stream_says_so(void) {
  Reader r;
  open_reader(&r, XAI_API_CHAT, 0);
  CHECK(feed(&r, LIT(CHUNK)) == XAI_READ_WAIT);
  CHECK(read_on(&r, 1, 1) == XAI_READ_FAILED);
  CHECK(r.stream.cause == XAI_CAUSE_STREAM_CUT);
  close_reader(&r);
}

/* --------------------------------------------------------------- raw events */

static void test_raw_events_come_as_they_are_and_end_with_the_transfer(void) {
  static const char s[] = "event: error\nid: 1\ndata: {\"error\":1}\n\n"
                          "data\n\ndata: [DONE]\n\ndata: x\n\ndata: [DONE]";
  static const char *const data[] = {"{\"error\":1}", "", "[DONE]", "x"};
  Reader r;
  size_t i;
  open_reader(&r, XAI_API_CHAT, 1);
  xai_sse_feed(&r.in, s, sizeof s - 1);
  for (i = 0; i < 4; i++) {
    CHECK(xai_event_reader_peek(&r.stream, &r.in, 1, 1) == XAI_READ_EVENT);
    CHECK_TEXT(r.stream.event.sse.name, i == 0 ? "error" : "message");
    CHECK_TEXT(r.stream.event.sse.data, data[i]);
    CHECK_TEXT(r.stream.event.sse.id, "1");
    CHECK(!r.stream.event.info.has_text);
    CHECK(xai_event_reader_consume(&r.stream, &r.in) == XAI_OK);
  }
  CHECK(xai_event_reader_peek(&r.stream, &r.in, 0, 0) == XAI_READ_WAIT);
  CHECK(xai_event_reader_peek(&r.stream, &r.in, 1, 1) == XAI_READ_END);
  CHECK(xai_event_reader_peek(&r.stream, &r.in, 1, 0) == XAI_READ_FAILED);
  CHECK(r.stream.cause == XAI_CAUSE_STREAM_CUT);
  check_log(&r.stream.log, "");
  close_reader(&r);
}

/* ------------------------------------------------------------------- limits */

static void test_an_event_that_is_too_large_ends_the_stream(void) {
  Reader r;
  open_reader(&r, XAI_API_CHAT, 0);
  r.in.max_event = sizeof CHUNK;
  feed(&r, LIT(CHUNK));
  CHECK(feed(&r, LIT("data: {\"choices\":[],\"a\":\"1234567890\",\"b\":"
                     "\"12345678901234567890\"}\n\n")) == XAI_READ_FAILED);
  CHECK(xai_cause_kind(r.stream.cause) == XAI_KIND_LIMIT);
  CHECK(r.events == 1);
  close_reader(&r);
}

static void test_an_answer_that_is_too_large_is_not_remembered(void) {
  Reader r;
  int i, rc = XAI_OK;
  open_reader(&r, XAI_API_CHAT, 0);
  r.stream.log.bytes.max = 500;
  for (i = 0; i < 500 && rc == XAI_OK; i++) {
    xai_sse_feed(&r.in, LIT(CHUNK));
    CHECK(xai_event_reader_peek(&r.stream, &r.in, 0, 0) == XAI_READ_EVENT);
    rc = xai_event_reader_consume(&r.stream, &r.in);
  }
  CHECK(rc == XAI_ELIMIT);
  CHECK(xai_event_reader_peek(&r.stream, &r.in, 0, 0) == XAI_READ_FAILED);
  CHECK(xai_event_reader_peek(&r.stream, &r.in, 1, 1) == XAI_READ_FAILED);
  CHECK(xai_cause_kind(r.stream.cause) == XAI_KIND_LIMIT);
  close_reader(&r);
}

static void test_an_event_of_ten_mebibytes_is_read(void) {
  const size_t n = (size_t)10 << 20;
  char *big = (char *)malloc(n);
  size_t at;
  Reader r;
  if (big == NULL) abort();
  memset(big, 'x', n);
  open_reader(&r, XAI_API_CHAT, 0);
  feed(&r, LIT("data: {\"choices\":[{\"delta\":{\"content\":\""));
  for (at = 0; at < n; at += 16384) feed(&r, big + at, 16384);
  feed(&r, LIT("\"}}]}\n\ndata: [DONE]\n\n"));
  CHECK(read_on(&r, 0, 0) == XAI_READ_END);
  CHECK(check_same(xai_buffer_slice(&r.text), check_slice(big, n)));
  close_reader(&r);
  free(big);
}

int main(void) {
  RUN(test_each_fixture_says_what_it_says_in_pieces_of_any_size);
  RUN(test_cut_anywhere_a_stream_is_only_whole_with_its_end);
  RUN(test_an_event_that_was_shown_stays_while_bytes_arrive);
  RUN(test_the_text_of_another_choice_can_be_read);
  RUN(test_an_event_that_repeats_another_says_so);
  RUN(test_a_last_event_without_its_blank_line_counts_when_whole);
  RUN(test_nothing_counts_behind_the_marker);
  RUN(test_empty_events_say_nothing);
  RUN(test_a_failure_that_comes_with_the_answer_is_remembered);
  RUN(test_a_truncated_stream_says_so);
  RUN(test_raw_events_come_as_they_are_and_end_with_the_transfer);
  RUN(test_an_event_that_is_too_large_ends_the_stream);
  RUN(test_an_answer_that_is_too_large_is_not_remembered);
  RUN(test_an_event_of_ten_mebibytes_is_read);
  return check_done();
}
