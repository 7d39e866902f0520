/*
** http_head_test.c - headers and dates of an HTTP answer.
*/
#define _POSIX_C_SOURCE 200112L

#include "base/http_head.h"

#include <string.h>
#include <time.h>

#include "check.h"

/* ------------------------------------------------------------------ headers */

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

/* -------------------------------------------------------------------- dates */

#define NOW 1767225600 /* 2026-01-01 */

static int64_t date(const char *text) {
  check_note("%s", text);
  return xai_http_date(check_slice(text, strlen(text)), NOW);
}

static void test_the_three_forms_of_one_moment(void) {
  CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
  CHECK(date("Sun Nov  6 08:49:37 1994") == 784111777);
}

static void test_the_edges_of_the_calendar(void) {
  CHECK(date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(date("Thu, 29 Feb 2024 12:00:00 GMT") == 1709208000);
  CHECK(date("Wed, 29 Feb 2023 12:00:00 GMT") == -1);
  CHECK(date("Mon, 29 Feb 2100 12:00:00 GMT") == -1);
  CHECK(date("Tue, 29 Feb 2000 12:00:00 GMT") == 951825600);
  CHECK(date("Sat, 31 Dec 2016 23:59:60 GMT") ==
        1483228800); /* a leap second */
  CHECK(date("Fri, 31 Dec 9999 23:59:59 GMT") == 253402300799);
  CHECK(date("Wed, 31 Dec 1969 23:59:59 GMT") == -1);
  CHECK(date("Wed Dec 31 23:59:59 2025") == 1767225599);
}

static void test_two_digits_mean_the_year_nearest_below_fifty_from_now(void) {
  CHECK(date("Friday, 02-Jan-26 00:00:00 GMT") == NOW + 86400);
  CHECK(date("Friday, 01-Jan-76 00:00:00 GMT") == 3345062400); /* 2076 */
  CHECK(date("Friday, 01-Jan-77 00:00:00 GMT") == 220924800);  /* 1977 */
  CHECK(date("Friday, 01-Jan-00 00:00:00 GMT") == 946684800);
}

static void test_anything_else_is_no_date(void) {
  static const char *const wrong[] = {
      "",
      "Sun",
      "120",
      "sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 1994 8:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 GMT+1",
      "Sun,  06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 0000 08:49:37 GMT",
      "Sun, 06 Nov -994 08:49:37 GMT",
      "Sun, 06 Nov 0x94 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sunday, 06 Nov 94 08:49:37 GMT",
      "Sunday Nov  6 08:49:37 1994",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",
      "Sun Nov 06  08:49:37 1994",
      "Sonntag, 06-Nov-94 08:49:37 GMT",
  };
  size_t i;
  for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
    CHECK(date(wrong[i]) == -1);
}

/* Cut anywhere, a date is none; nothing is read behind the cut. */
static void test_a_part_of_a_date_is_no_date(void) {
  static const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994"};
  size_t i, n;
  for (i = 0; i < 3; i++)
    for (n = 0; n < strlen(forms[i]); n++) {
      check_note("%s, %d bytes", forms[i], (int)n);
      CHECK(xai_http_date(check_slice(forms[i], n), NOW) == -1);
    }
}

/* Every 11 hours for 200 years, as the C library writes it. */
static void test_as_the_c_library_has_it(void) {
  static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
  int64_t at;
  for (at = 0; at < (int64_t)200 * 31556952; at += 39607) {
    time_t t = (time_t)at;
    struct tm tm;
    size_t i;
    gmtime_r(&t, &tm);
    for (i = 0; i < 2; i++) {
      char text[64];
      strftime(text, sizeof text, formats[i], &tm);
      CHECK(date(text) == at);
    }
  }
}

/* ------------------------------------------------------------- status codes */

static void test_each_documented_status_has_its_phrase(void) {
  static const int statuses[] = {202, 400, 401, 403, 404, 405, 410, 413,
                                 415, 422, 429, 500, 502, 503, 504};
  size_t i;
  for (i = 0; i < sizeof statuses / sizeof *statuses; i++)
    CHECK(xai_http_status_phrase(statuses[i])[0] != '\0');
  CHECK(strcmp(xai_http_status_phrase(405), "Method Not Allowed") == 0);
  CHECK(strcmp(xai_http_status_phrase(499), "no explanation given") == 0);
}

int main(void) {
  RUN(test_headers_that_say_different_things_do_not_agree);
  RUN(test_all_headers_come_in_order_without_blanks_around);
  RUN(test_a_header_is_found_in_any_case_and_the_first_counts);
  RUN(test_each_cut_of_a_head_is_read_and_nothing_behind);
  RUN(test_the_three_forms_of_one_moment);
  RUN(test_the_edges_of_the_calendar);
  RUN(test_two_digits_mean_the_year_nearest_below_fifty_from_now);
  RUN(test_anything_else_is_no_date);
  RUN(test_a_part_of_a_date_is_no_date);
  RUN(test_as_the_c_library_has_it);
  RUN(test_each_documented_status_has_its_phrase);
  return check_done();
}
