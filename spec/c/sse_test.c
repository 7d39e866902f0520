/*
** sse_test.c - an incremental parser for event streams.
*/
#include "base/sse.h"

#include "sse_cases.h"

#define MAX_EVENT 1000

/* Take all events that are there and write them down.  What peek gave. */
static int drain(xai_Sse *p, xai_Buffer *out) {
  xai_SseEvent ev, again;
  int rc;
  while ((rc = xai_sse_peek(p, &ev)) == 1) {
    CHECK(xai_sse_peek(p, &again) == 1 && again.data.at == ev.data.at);
    xai_buffer_puts(out, "[");
    xai_buffer_append(out, ev.name.at, ev.name.len);
    xai_buffer_puts(out, "|");
    xai_buffer_append(out, ev.data.at, ev.data.len);
    xai_buffer_puts(out, "|");
    xai_buffer_append(out, ev.id.at, ev.id.len);
    xai_buffer_puts(out, "]");
    xai_sse_pop(p);
  }
  return rc;
}

static int feed(xai_Sse *p, const char *s, size_t n, xai_Buffer *out) {
  CHECK(xai_sse_feed(p, s, n) == XAI_OK);
  return drain(p, out);
}

/* The events of 's', read in pieces of 'piece' bytes.  What peek gave. */
static int read_pieces(const char *s, size_t n, size_t piece, size_t max,
                       xai_Buffer *out) {
  xai_Sse p;
  size_t i, len;
  int rc = 0;
  xai_buffer_clear(out);
  xai_sse_init(&p, max);
  for (i = 0; i < n && rc == 0; i += piece) {
    len = n - i < piece ? n - i : piece;
    rc = feed(&p, s + i, len, out);
  }
  xai_sse_free(&p);
  return rc;
}

/* The same, read in two pieces; in three when 'second' is not 'first'. */
static void read_cut(const char *s, size_t n, size_t first, size_t second,
                     xai_Buffer *out) {
  xai_Sse p;
  xai_buffer_clear(out);
  xai_sse_init(&p, (size_t)1 << 20);
  CHECK(feed(&p, s, first, out) == 0);
  CHECK(feed(&p, s + first, second - first, out) == 0);
  CHECK(feed(&p, s + second, n - second, out) == 0);
  xai_sse_free(&p);
}

static void test_the_events_are_those_of_the_standard(void) {
  xai_Buffer out;
  size_t i;
  xai_buffer_init(&out, 0);
  for (i = 0; i < SSE_CASES; i++) {
    const SseCase *c = &sse_cases[i];
    check_note("%u (%s)", (unsigned)i, c->why);
    CHECK(read_pieces(c->in, c->in_len, (size_t)-1, MAX_EVENT, &out) == 0);
    CHECK(check_same(xai_buffer_slice(&out), check_slice(c->out, c->out_len)));
  }
  xai_buffer_free(&out);
}

static void test_however_the_bytes_arrive_the_events_are_the_same(void) {
  xai_Buffer out;
  size_t i, a, b;
  xai_buffer_init(&out, 0);
  for (i = 0; i < SSE_CASES; i++) {
    const SseCase *c = &sse_cases[i];
    xai_Slice expected = check_slice(c->out, c->out_len);
    check_note("%u (%s)", (unsigned)i, c->why);
    for (a = 1; a <= c->in_len; a++) {
      CHECK(read_pieces(c->in, c->in_len, a, MAX_EVENT, &out) == 0);
      CHECK(check_same(xai_buffer_slice(&out), expected));
    }
    for (a = 0; a <= c->in_len; a++)
      for (b = a; b <= c->in_len; b++) {
        read_cut(c->in, c->in_len, a, b, &out);
        CHECK(check_same(xai_buffer_slice(&out), expected));
      }
  }
  xai_buffer_free(&out);
}

static void test_events_that_wait_to_be_taken_are_not_lost(void) {
  xai_Buffer out;
  xai_Sse p;
  size_t i, k;
  xai_buffer_init(&out, 0);
  for (i = 0; i < SSE_CASES; i++) {
    const SseCase *c = &sse_cases[i];
    check_note("%u (%s)", (unsigned)i, c->why);
    xai_buffer_clear(&out);
    xai_sse_init(&p, MAX_EVENT);
    for (k = 0; k < c->in_len; k++) {
      xai_sse_feed(&p, c->in + k, 1);
      CHECK(xai_sse_peek(&p, NULL) >= 0);
    }
    CHECK(drain(&p, &out) == 0);
    CHECK(check_same(xai_buffer_slice(&out), check_slice(c->out, c->out_len)));
    xai_sse_free(&p);
  }
  xai_buffer_free(&out);
}

static size_t count_events(const char *s, size_t n) {
  xai_Sse p;
  size_t count = 0;
  xai_sse_init(&p, (size_t)1 << 20);
  xai_sse_feed(&p, s, n);
  for (; xai_sse_peek(&p, NULL) == 1; xai_sse_pop(&p)) count++;
  xai_sse_free(&p);
  return count;
}

/* How long the first event is, with its blank line. */
static size_t event_size(const char *s, size_t n) {
  size_t i;
  for (i = 2; i < n; i++)
    if (s[i] == '\n' && (s[i - 1] == '\n' || s[i - 2] == '\n')) return i + 1;
  return n;
}

static void test_each_fixture_gives_its_events_whatever_the_cut(void) {
  xai_Buffer whole, out;
  size_t i, at, len, cut;
  xai_buffer_init(&whole, 0);
  xai_buffer_init(&out, 0);
  for (i = 0; i < SSE_FIXTURES; i++) {
    xai_Slice s = check_fixture(sse_fixtures[i].name);
    check_note("%s", sse_fixtures[i].name);
    CHECK(count_events(s.at, s.len) == sse_fixtures[i].events);
    read_cut(s.at, s.len, s.len, s.len, &whole);
    CHECK(read_pieces(s.at, s.len, 1, (size_t)1 << 20, &out) == 0);
    CHECK(check_same(xai_buffer_slice(&out), xai_buffer_slice(&whole)));
    for (at = 0; at < s.len; at += len) {
      len = event_size(s.at + at, s.len - at);
      read_cut(s.at + at, len, len, len, &whole);
      for (cut = 0; cut <= len; cut++) {
        read_cut(s.at + at, len, cut, cut, &out);
        CHECK(check_same(xai_buffer_slice(&out), xai_buffer_slice(&whole)));
      }
    }
    check_drop(s);
  }
  xai_buffer_free(&whole);
  xai_buffer_free(&out);
}

/* --------------------------------------------------------- the end of input */

static void pending(const char *s, const char *expected) {
  xai_Sse p;
  xai_SseEvent ev;
  size_t cut, n = strlen(s);
  check_note("%s", s);
  for (cut = 0; cut <= n; cut++) {
    xai_sse_init(&p, MAX_EVENT);
    xai_sse_feed(&p, s, cut);
    xai_sse_peek(&p, NULL);
    xai_sse_feed(&p, s + cut, n - cut);
    while (xai_sse_peek(&p, NULL) == 1) xai_sse_pop(&p);
    CHECK(xai_sse_pending(&p, &ev) == (expected != NULL));
    CHECK(xai_sse_pending(&p, &ev) == (expected != NULL));
    if (expected != NULL) CHECK_TEXT(ev.data, expected);
    xai_sse_free(&p);
  }
}

static void test_a_last_event_without_its_blank_line_can_be_asked_for(void) {
  pending("data: a", "a");
  pending("data: a\n", "a");
  pending("data: a\r", "a");
  pending("data: a\r\n", "a");
  pending("data: a\ndata: b", "a\nb");
  pending("data: a\ndata", "a\n");
  pending("data: a\nevent: e\n: x", "a");
  pending("data: a\n\ndata: b", "b");
  pending("data", "");
  pending("data: [DONE]", "[DONE]");
  pending("", NULL);
  pending("dat", NULL);
  pending(": data", NULL);
  pending("event: e\nid: 1", NULL);
  pending("data: a\n\n", NULL);
  pending("data: a\r\n\r", NULL);
  pending("data: a\r\n\r\n", NULL);
  pending(BOM, NULL);
  pending("\xEF\xBB", NULL);
  pending(BOM "data: a", "a");
}

static void test_a_pending_line_is_not_read_behind_its_end(void) {
  xai_Sse p;
  xai_SseEvent ev;
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, LIT("data: this stays in memory\n\n"));
  CHECK(xai_sse_peek(&p, NULL) == 1);
  xai_sse_pop(&p);
  xai_sse_feed(&p, LIT("data:"));
  CHECK(xai_sse_pending(&p, &ev) == 1);
  CHECK_TEXT(ev.data, "");
  xai_sse_free(&p);
}

static void test_that_event_has_the_name_and_the_id_it_was_given(void) {
  xai_Sse p;
  xai_SseEvent ev;
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, LIT("event: e\ndata: a\nid: 7"));
  CHECK(xai_sse_pending(&p, &ev) == 1);
  CHECK_TEXT(ev.name, "e");
  CHECK_TEXT(ev.id, "7");
  xai_sse_free(&p);
}

static void test_an_event_that_is_ready_is_not_pending(void) {
  xai_Sse p;
  xai_SseEvent ev;
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, LIT("data: a\n\ndata: b"));
  CHECK(xai_sse_pending(&p, &ev) == 0);
  CHECK(xai_sse_peek(&p, &ev) == 1);
  CHECK_TEXT(ev.data, "a");
  xai_sse_pop(&p);
  CHECK(xai_sse_pending(&p, &ev) == 1);
  CHECK_TEXT(ev.data, "b");
  xai_sse_free(&p);
}

/* ------------------------------------------------------------------- limits */

static char text[64 * 1024];

/* Append 'n' times 's' to the text of length 'at'; the new length. */
static size_t repeat(size_t at, const char *s, size_t n) {
  size_t len = strlen(s);
  for (; n > 0 && at + len < sizeof text; n--, at += len)
    memcpy(text + at, s, len);
  return at;
}

/* Is 'text', after an event "first", read or refused alike at each cut? */
static void limit(size_t n, int expected) {
  static const size_t pieces[] = {1, 2, 3, 7, 100, 1000, 1024, sizeof text};
  xai_Buffer out;
  size_t i;
  xai_buffer_init(&out, 0);
  for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    int rc = read_pieces(text, n, pieces[i], MAX_EVENT, &out);
    CHECK(rc == expected);
    CHECK(xai_buffer_size(&out) >= 16 &&
          memcmp(xai_buffer_data(&out), "[message|first|]", 16) == 0);
  }
  xai_buffer_free(&out);
}

static size_t first_event(void) { return repeat(0, "data: first\n\n", 1); }

static void test_max_event_bounds_the_data_whatever_the_cut(void) {
  size_t n = repeat(first_event(), "data: ", 1);
  check_note("just small enough");
  n = repeat(n, "x", MAX_EVENT);
  limit(repeat(n, "\n\n", 1), 0);
  check_note("one byte more");
  limit(repeat(n, "x\n\n", 1), XAI_ELIMIT);
}

static void test_lines_count_with_what_joins_them(void) {
  size_t n = repeat(first_event(), "data: 123456789\n", MAX_EVENT / 10);
  check_note("just small enough"); /* the last line brings no LF */
  limit(repeat(n, "data\n\n", 1), 0);
  check_note("one byte more");
  limit(repeat(n, "data: x\n\n", 1), XAI_ELIMIT);
}

static void test_what_is_not_data_does_not_count(void) {
  size_t n = repeat(first_event(), "data\n", MAX_EVENT);
  check_note("names of fields");
  limit(repeat(n, "\n", 1), 0);
  check_note("comments inside an event");
  n = repeat(first_event(), "data: a\n", 1);
  n = repeat(n, ": keep-alive\r\n", 4000);
  limit(repeat(n, "data: b\n\n", 1), 0);
  check_note("comments between events");
  n = repeat(first_event(), ": keep-alive\n\n", 4000);
  limit(repeat(n, "data: b\n\n", 1), 0);
}

/* Feed 'head' and then 's' for ever: how many bytes are held at most? */
static size_t endless(const char *head, const char *s, int expected) {
  xai_Sse p;
  size_t i, most = 0;
  int rc = 0;
  check_note("%s%s...", head, s);
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, head, strlen(head));
  for (i = 0; i < 100000 && rc == 0; i++) {
    xai_sse_feed(&p, s, strlen(s));
    rc = xai_sse_peek(&p, NULL);
    if (xai_sse_size(&p) > most) most = xai_sse_size(&p);
  }
  CHECK(rc == expected);
  CHECK(xai_sse_peek(&p, NULL) == expected); /* and stays refused */
  xai_sse_free(&p);
  return most;
}

static void test_what_never_ends_is_refused_or_takes_no_room(void) {
  const size_t bound = MAX_EVENT + 8 * 1024;
  CHECK(endless("data: ", "x", XAI_ELIMIT) < bound);
  CHECK(endless(": ", "x", XAI_ELIMIT) < bound);
  CHECK(endless("id: ", "x", XAI_ELIMIT) < bound);
  CHECK(endless("", "x", XAI_ELIMIT) < bound);
  CHECK(endless("", "data: x\n", XAI_ELIMIT) < bound);
  CHECK(endless("", "data\n", XAI_ELIMIT) < bound);
  CHECK(endless("", ": keep-alive\n", 0) < bound);
  CHECK(endless("", "event: e\r", 0) < bound);
  CHECK(endless("", "\r\n", 0) < bound);
  CHECK(endless("data: a\n", ": keep-alive\n", 0) < bound);
  CHECK(endless("data: a\r\n", "event: e\r\n", 0) < bound);
}

static void test_a_last_event_that_is_too_large_is_refused(void) {
  xai_Sse p;
  xai_SseEvent ev;
  size_t n = repeat(repeat(0, "data: ", 1), "x", MAX_EVENT + 1);
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, text, n);
  CHECK(xai_sse_peek(&p, NULL) == 0);
  CHECK(xai_sse_pending(&p, &ev) == XAI_ELIMIT);
  xai_sse_free(&p);
}

static void test_a_parser_that_was_freed_can_be_used_again(void) {
  xai_Sse p;
  xai_Buffer out;
  xai_buffer_init(&out, 0);
  xai_sse_init(&p, MAX_EVENT);
  xai_sse_feed(&p, LIT("id: 1\ndata: a\n\nevent: e\ndata: b\r"));
  CHECK(drain(&p, &out) == 0);
  xai_sse_free(&p);
  xai_buffer_clear(&out);
  CHECK(feed(&p, LIT("\n" BOM "data: a\n\ndata: b\n\n"), &out) == 0);
  CHECK_TEXT(xai_buffer_slice(&out), "[message|b|]");
  xai_sse_free(&p);
  xai_buffer_free(&out);
}

/* However few bytes there are: it is told as it will be, or not at all. */
static void test_it_is_told_what_begins_a_stream(void) {
  static const char *const streams[] = {"data: x",
                                        "data:",
                                        "event: a",
                                        "id:1",
                                        "retry: 5",
                                        ": hello",
                                        ":",
                                        "\n\ndata:",
                                        "\r\n\r: x",
                                        "\xEF\xBB\xBF:",
                                        "\ndata:{}",
                                        "data: {\"a\":1}\n\n",
                                        "\xEF\xBB\xBF\n\nevent:x"};
  static const char *const others[] = {
      "{\"data\":1}", " data: x", "<html>",         "[1]",
      "\"data:\"",    "null",     "true",           "12",
      "date",         "datum:",   "foo: bar",       "ok",
      "Data: x",      "eventual", "\xEF\xBB\xBF{}", "\xEF\xBB\xBF\xEF\xBB\xBF:",
      "\xEF\xBBx",    "error: x"};
  size_t i, n;
  for (i = 0; i < sizeof streams / sizeof *streams; i++) {
    check_note("%s", streams[i]);
    CHECK(xai_sse_begins(streams[i], strlen(streams[i])) == 1);
    for (n = 0; n < strlen(streams[i]); n++) {
      char *copy = check_copy(streams[i], n);
      CHECK(xai_sse_begins(copy, n) != 0);
      free(copy);
    }
  }
  for (i = 0; i < sizeof others / sizeof *others; i++) {
    check_note("%s", others[i]);
    CHECK(xai_sse_begins(others[i], strlen(others[i])) == 0);
    for (n = 0; n < strlen(others[i]); n++) {
      char *copy = check_copy(others[i], n);
      CHECK(xai_sse_begins(copy, n) != 1);
      free(copy);
    }
  }
}

static void test_bytes_that_are_taken_over_are_read_like_others(void) {
  xai_Buffer bytes;
  xai_Sse p;
  xai_SseEvent ev;
  xai_buffer_init(&bytes, 100);
  xai_buffer_puts(&bytes, "data: 1\n\nda");
  xai_sse_init(&p, 1000);
  xai_sse_adopt(&p, &bytes);
  CHECK(xai_buffer_size(&bytes) == 0 && bytes.max == 100);
  CHECK(xai_sse_peek(&p, &ev) == 1 && xai_slice_is(ev.data, "1"));
  xai_sse_pop(&p);
  CHECK(xai_sse_peek(&p, &ev) == 0);
  CHECK(xai_sse_feed(&p, "ta: 2\n\n", 7) == XAI_OK);
  CHECK(xai_sse_peek(&p, &ev) == 1 && xai_slice_is(ev.data, "2"));
  xai_sse_free(&p);
  xai_buffer_free(&bytes);
}

/* ------------------------------------------------------------ putting back */

/* Take all events that are there and write down their names and data. */
static void list_events(xai_Sse *p, xai_Buffer *out) {
  xai_SseEvent ev;
  while (xai_sse_peek(p, &ev) == 1) {
    xai_buffer_puts(out, "[");
    xai_buffer_append(out, ev.name.at, ev.name.len);
    xai_buffer_puts(out, "|");
    xai_buffer_append(out, ev.data.at, ev.data.len);
    xai_buffer_puts(out, "]");
    xai_sse_pop(p);
  }
}

/* Take up to 'most' events, put them back, and list all. */
static void read_with_held(const char *s, size_t n, size_t cut, int most,
                           xai_Buffer *out) {
  xai_SseEvent ev;
  xai_Buffer held;
  xai_Sse p;
  xai_sse_init(&p, 0xFFFF);
  xai_buffer_init(&held, 0);
  xai_buffer_clear(out);
  CHECK(xai_sse_feed(&p, s, cut) == XAI_OK);
  for (; xai_sse_peek(&p, &ev) == 1 && most > 0; most--) {
    CHECK(xai_sse_write(&ev, &held) == XAI_OK);
    xai_sse_pop(&p);
  }
  CHECK(xai_sse_put_back(&p, xai_buffer_slice(&held)) == XAI_OK);
  if (cut % 2) CHECK(xai_sse_peek(&p, NULL) >= 0);
  CHECK(xai_sse_feed(&p, s + cut, n - cut) == XAI_OK);
  list_events(&p, out);
  xai_buffer_free(&held);
  xai_sse_free(&p);
}

static void test_events_that_are_put_back_come_again(void) {
  static const char *const texts[] = {
      "event: a\ndata: 1\n\nevent: b\ndata: 2\ndata: 3\n\ndata: 4\n\n",
      "event: a\r\ndata: 1\r\n\r\ndata\r\n\r\nevent: c\r\ndata: 2\r\n\r\n",
      "event: a\rdata: 1\r\rdata: 2\rdata:\rdata: 3\r\rdata: 4\r\r",
      "\xEF\xBB\xBF: hello\n\ndata: 1\n\n: more\nid: 7\nevent: b\ndata: 2\n\n",
      "data: {\"a\":\ndata: 1}\n\n\n\ndata: x\r\n\r\nretry: 1\n\ndata: y\n\n"};
  xai_Buffer plain, out;
  size_t i, cut, n;
  int most;
  xai_buffer_init(&plain, 0);
  xai_buffer_init(&out, 0);
  for (i = 0; i < sizeof texts / sizeof *texts; i++) {
    n = strlen(texts[i]);
    read_with_held(texts[i], n, n, 0, &plain);
    CHECK(xai_buffer_size(&plain) > 10);
    for (most = 1; most <= 4; most++)
      for (cut = 0; cut <= n; cut++) {
        check_note("text %d, cut at %d, %d held", (int)i, (int)cut, most);
        read_with_held(texts[i], n, cut, most, &out);
        CHECK(xai_buffer_size(&out) == xai_buffer_size(&plain) &&
              memcmp(xai_buffer_data(&out), xai_buffer_data(&plain),
                     xai_buffer_size(&out)) == 0);
      }
  }
  xai_buffer_free(&plain);
  xai_buffer_free(&out);
}

int main(void) {
  RUN(test_the_events_are_those_of_the_standard);
  RUN(test_however_the_bytes_arrive_the_events_are_the_same);
  RUN(test_events_that_wait_to_be_taken_are_not_lost);
  RUN(test_each_fixture_gives_its_events_whatever_the_cut);
  RUN(test_a_last_event_without_its_blank_line_can_be_asked_for);
  RUN(test_a_pending_line_is_not_read_behind_its_end);
  RUN(test_that_event_has_the_name_and_the_id_it_was_given);
  RUN(test_an_event_that_is_ready_is_not_pending);
  RUN(test_max_event_bounds_the_data_whatever_the_cut);
  RUN(test_lines_count_with_what_joins_them);
  RUN(test_what_is_not_data_does_not_count);
  RUN(test_what_never_ends_is_refused_or_takes_no_room);
  RUN(test_a_last_event_that_is_too_large_is_refused);
  RUN(test_a_parser_that_was_freed_can_be_used_again);
  RUN(test_it_is_told_what_begins_a_stream);
  RUN(test_bytes_that_are_taken_over_are_read_like_others);
  RUN(test_events_that_are_put_back_come_again);
  return check_done();
}
