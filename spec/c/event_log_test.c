/*
** event_log_test.c - what a stream has said so far, in little memory.
*/
#include "base/event_log.h"

#include "check.h"

static int add(xai_EventLog *j, xai_Field field, uint32_t a, uint32_t b,
               const char *text) {
  xai_EventInfo r;
  xai_Slice s = check_slice(text, strlen(text)), none = {NULL, 0};
  memset(&r, 0, sizeof r);
  r.field = field;
  r.a = a;
  r.b = b;
  if (field != XAI_FIELD_NONE) r.delta = s;
  return xai_event_log_add(j, &r, none, field == XAI_FIELD_NONE ? s : none);
}

static int event(xai_EventLog *j, const char *data) {
  return add(j, XAI_FIELD_NONE, 0, 0, data);
}

static int text(xai_EventLog *j, const char *delta) {
  return add(j, XAI_FIELD_TEXT, 0, 0, delta);
}

/* The next entry is this one; 'at' is stepped on. */
static void next(const xai_EventLog *j, size_t *at, xai_Field field, uint32_t a,
                 uint32_t b, const char *expected) {
  xai_LogEntry e;
  check_note("%s", expected);
  if (!CHECK(xai_event_log_read(j, at, &e))) return;
  CHECK(e.field == field);
  CHECK(e.a == a && e.b == b);
  CHECK_TEXT(e.text, expected);
}

static void test_an_empty_log_has_no_entry(void) {
  xai_EventLog j;
  xai_LogEntry e;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  CHECK(!xai_event_log_read(&j, &at, &e));
  xai_event_log_free(&j);
}

static void test_entries_come_back_in_the_order_they_were_added(void) {
  xai_EventLog j;
  xai_LogEntry e;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  CHECK(event(&j, "{\"first\":1}") == XAI_OK);
  CHECK(text(&j, "a") == XAI_OK);
  CHECK(event(&j, "") == XAI_OK);
  CHECK(event(&j, "{\"second\":2}") == XAI_OK);
  CHECK(text(&j, "b") == XAI_OK);
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"first\":1}");
  next(&j, &at, XAI_FIELD_TEXT, 0, 0, "a");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"second\":2}");
  next(&j, &at, XAI_FIELD_TEXT, 0, 0, "b");
  CHECK(!xai_event_log_read(&j, &at, &e));
  xai_event_log_free(&j);
}

static void test_deltas_of_one_text_that_follow_each_other_are_joined(void) {
  xai_EventLog j;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  text(&j, "a");
  text(&j, "");
  text(&j, "bc\\ud83d");
  text(&j, "\\ude00");
  next(&j, &at, XAI_FIELD_TEXT, 0, 0, "abc\\ud83d\\ude00");
  CHECK(at == xai_buffer_size(&j.bytes));
  xai_event_log_free(&j);
}

static void test_another_part_or_field_begins_another_text(void) {
  xai_EventLog j;
  xai_LogEntry e;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  add(&j, XAI_FIELD_TEXT, 0, 0, "a");
  add(&j, XAI_FIELD_TEXT, 1, 0, "b");
  add(&j, XAI_FIELD_TEXT, 1, 2, "c");
  add(&j, XAI_FIELD_REASONING, 1, 2, "d");
  add(&j, XAI_FIELD_REASONING, 1, 2, "e");
  add(&j, XAI_FIELD_TEXT, 1, 2, "f");
  next(&j, &at, XAI_FIELD_TEXT, 0, 0, "a");
  next(&j, &at, XAI_FIELD_TEXT, 1, 0, "b");
  next(&j, &at, XAI_FIELD_TEXT, 1, 2, "c");
  next(&j, &at, XAI_FIELD_REASONING, 1, 2, "de");
  next(&j, &at, XAI_FIELD_TEXT, 1, 2, "f");
  CHECK(!xai_event_log_read(&j, &at, &e));
  xai_event_log_free(&j);
}

static void test_whole_events_are_never_joined(void) {
  xai_EventLog j;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  event(&j, "{}");
  event(&j, "{}");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{}");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{}");
  xai_event_log_free(&j);
}

static void named(xai_EventLog *j, const char *name, const char *data) {
  xai_EventInfo r;
  memset(&r, 0, sizeof r);
  r.untyped = 1;
  CHECK(xai_event_log_add(j, &r, check_slice(name, strlen(name)),
                          check_slice(data, strlen(data))) == XAI_OK);
}

static void test_an_event_that_has_its_type_as_name_gets_it_as_member(void) {
  xai_EventLog j;
  size_t at = 0;
  xai_event_log_init(&j, 0);
  named(&j, "a.b", " {\"c\":1} ");
  named(&j, "d", "{}");
  named(&j, "e_f", "{ }");
  event(&j, "{}");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"type\":\"a.b\",\"c\":1}");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"type\":\"d\"}");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"type\":\"e_f\" }");
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{}");
  xai_event_log_free(&j);
}

static void test_a_hundred_thousand_deltas_are_one_entry(void) {
  xai_EventLog j;
  xai_LogEntry e;
  size_t at = 0, i;
  xai_event_log_init(&j, 0);
  for (i = 0; i < 100000; i++) CHECK(text(&j, "0123456789") == XAI_OK);
  CHECK(xai_event_log_read(&j, &at, &e) && e.text.len == 1000000);
  CHECK(!xai_event_log_read(&j, &at, &e));
  CHECK(j.bytes.cap <= 2 * 1024 * 1024);
  xai_event_log_free(&j);
}

static void test_what_exceeds_the_limit_is_refused_and_changes_nothing(void) {
  xai_EventLog j;
  xai_LogEntry e;
  size_t at = 0;
  xai_event_log_init(&j, 200);
  CHECK(event(&j, "{\"first\":1}") == XAI_OK);
  while (text(&j, "0123456789") == XAI_OK) continue;
  CHECK(text(&j, "0123456789") == XAI_ELIMIT);
  CHECK(event(&j, "0123456789") == XAI_ELIMIT);
  CHECK(xai_buffer_size(&j.bytes) <= 200);
  next(&j, &at, XAI_FIELD_NONE, 0, 0, "{\"first\":1}");
  CHECK(xai_event_log_read(&j, &at, &e) && e.text.len % 10 == 0);
  CHECK(!xai_event_log_read(&j, &at, &e));
  xai_event_log_free(&j);
}

/* The same in plain sight: one row for each entry. */
typedef struct Row {
  xai_Field field;
  uint32_t part;
  char text[200 * 7 + 1];
} Row;

static void test_any_mixture_is_read_back_as_it_was_added(void) {
  static Row rows[200];
  xai_EventLog j;
  Row *row;
  size_t i, n, at;
  uint32_t left;
  int round;
  for (round = 0; round < 200; round++) {
    xai_event_log_init(&j, 0);
    n = 0;
    for (left = check_random(200); left > 0; left--) {
      xai_Field field = (xai_Field)check_random(3);
      uint32_t part = field == XAI_FIELD_NONE ? 0 : check_random(2);
      const char *delta = &"abcdefg"[check_random(8)];
      CHECK(add(&j, field, part, 0, delta) == XAI_OK);
      row = &rows[n > 0 ? n - 1 : 0];
      if (n == 0 || field == XAI_FIELD_NONE || field != row->field ||
          part != row->part) {
        row = &rows[n++];
        row->field = field;
        row->part = part;
        row->text[0] = '\0';
      }
      strcat(row->text, delta);
    }
    for (at = i = 0; i < n; i++)
      next(&j, &at, rows[i].field, rows[i].part, 0, rows[i].text);
    CHECK(at == xai_buffer_size(&j.bytes));
    xai_event_log_free(&j);
  }
}

int main(void) {
  RUN(test_an_empty_log_has_no_entry);
  RUN(test_entries_come_back_in_the_order_they_were_added);
  RUN(test_deltas_of_one_text_that_follow_each_other_are_joined);
  RUN(test_another_part_or_field_begins_another_text);
  RUN(test_whole_events_are_never_joined);
  RUN(test_an_event_that_has_its_type_as_name_gets_it_as_member);
  RUN(test_a_hundred_thousand_deltas_are_one_entry);
  RUN(test_what_exceeds_the_limit_is_refused_and_changes_nothing);
  RUN(test_any_mixture_is_read_back_as_it_was_added);
  return check_done();
}
