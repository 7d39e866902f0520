/*
** head_test.c - the head of an HTTP answer: its status line and headers.
*/
#include "base/http_head.h"

#include "check.h"

static const char head[] = "HTTP/1.1 200 OK\r\n"
                           "Content-Type: application/json\r\n"
                           "X-Empty:\r\n"
                           "x-one:1\r\n"
                           "X-Blanks: \t a: b \t\r\n"
                           "X-One: 2\r\n"
                           "no header\r\n"
                           "\r\n";

static void test_all_headers_come_in_order_without_blanks_around(void) {
  static const char *const expected[][2] = {
      {"Content-Type", "application/json"},
      {"X-Empty", ""},
      {"x-one", "1"},
      {"X-Blanks", "a: b"},
      {"X-One", "2"}};
  xai_Slice s = check_slice(head, sizeof head - 1), name, value;
  size_t at = 0, i;
  for (i = 0; i < 5; i++) {
    CHECK(xai_http_head_next(s, &at, &name, &value));
    CHECK_TEXT(name, expected[i][0]);
    CHECK_TEXT(value, expected[i][1]);
  }
  CHECK(!xai_http_head_next(s, &at, &name, &value));
  CHECK(!xai_http_head_next(s, &at, &name, &value));
}

static void test_a_header_is_found_in_any_case_and_the_first_counts(void) {
  xai_Slice s = check_slice(head, sizeof head - 1);
  CHECK_TEXT(xai_http_head_find(s, "content-type"), "application/json");
  CHECK_TEXT(xai_http_head_find(s, "X-ONE"), "1");
  CHECK_TEXT(xai_http_head_find(s, "x-empty"), "");
  CHECK_TEXT(xai_http_head_find(s, "x-on"), "");
  CHECK_TEXT(xai_http_head_find(s, "no header"), "");
  CHECK_TEXT(xai_http_head_find(check_slice("", 0), "x-one"), "");
}

static int agrees(const char *text) {
  return xai_http_head_agrees(check_slice(text, strlen(text)),
                              "content-length");
}

static void test_headers_that_say_different_things_do_not_agree(void) {
  CHECK(agrees(""));
  CHECK(agrees("Content-Length:\r\n"));
  CHECK(agrees("Content-Length: 5\r\nX: 6\r\n"));
  CHECK(agrees("Content-Length: 5\r\nX: 6\r\ncontent-length:5 \r\n"));
  CHECK(agrees("Content-Length: 5,5 , 5\r\n"));
  CHECK(!agrees("Content-Length: 5\r\nX: 6\r\ncontent-length:6\r\n"));
  CHECK(!agrees("Content-Length: 5\r\nContent-Length: 55\r\n"));
  CHECK(!agrees("Content-Length: 5,6\r\n"));
  CHECK(!agrees("Content-Length: 5,,5\r\n"));
  CHECK(!agrees("Content-Length: 5\r\nContent-Length: 5, 5, 4\r\n"));
}

static void test_each_cut_of_a_head_is_read_and_nothing_behind(void) {
  xai_Slice name, value;
  size_t cut, at, count;
  for (cut = 0; cut < sizeof head; cut++) {
    char *copy = check_copy(head, cut);
    check_note("cut at %u", (unsigned)cut);
    for (at = count = 0;
         xai_http_head_next(check_slice(copy, cut), &at, &name, &value);
         count++)
      CHECK(at <= cut && value.at + value.len <= copy + cut);
    CHECK(count <= 5);
    free(copy);
  }
}

int main(void) {
  RUN(test_headers_that_say_different_things_do_not_agree);
  RUN(test_all_headers_come_in_order_without_blanks_around);
  RUN(test_a_header_is_found_in_any_case_and_the_first_counts);
  RUN(test_each_cut_of_a_head_is_read_and_nothing_behind);
  return check_done();
}
