/*
** text_test.c - UTF-8, decimal numbers, and the nearest of known names.
*/
#include "base/text.h"

#include <string.h>

#include "check.h"

/* -------------------------------------------------------------------- UTF-8 */

/* One character as UTF-8 has it, as long as 'length' says; how many bytes. */
static size_t put(char *out, unsigned long c, size_t length) {
  static const unsigned char heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  size_t i;
  if (length == 1) {
    out[0] = (char)c;
    return 1;
  }
  for (i = length - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)(heads[length] | c);
  return length;
}

static size_t shortest(unsigned long c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static void test_every_character_passes_in_its_shortest_form_only(void) {
  unsigned long c;
  for (c = 0; c < 0x200000; c++) {
    size_t length;
    for (length = shortest(c); length <= 4; length++) {
      char s[4];
      size_t n = put(s, c, length);
      int right = length == shortest(c) && c <= 0x10FFFF &&
                  !(c >= 0xD800 && c <= 0xDFFF);
      check_note("U+%lX in %lu bytes", c, (unsigned long)length);
      CHECK(xai_utf8_check(s, n) == (right ? n : 0));
    }
  }
}

static void test_a_cut_is_found_wherever_it_is(void) {
  static const char text[] = "aé€😀, and so on without an end: 世界";
  size_t n = sizeof text - 1, cut;
  for (cut = 0; cut <= n; cut++) {
    size_t whole = cut;
    while (whole > 0 && whole < n &&
           ((unsigned char)text[whole] & 0xC0) == 0x80)
      whole--;
    check_note("cut at %lu", (unsigned long)cut);
    CHECK(xai_utf8_check(text, cut) == whole);
  }
}

static void test_the_place_is_told_behind_any_text(void) {
  char text[64];
  size_t at;
  memset(text, 'x', sizeof text);
  for (at = 0; at < sizeof text; at++) {
    text[at] = (char)0xFF;
    CHECK(xai_utf8_check(text, sizeof text) == at);
    CHECK(xai_utf8_check(text, at) == at);
    text[at] = 'x';
  }
  CHECK(xai_utf8_check("", 0) == 0);
}

/* ---------------------------------------------------------- decimal numbers */

static double read_back(const char *s) {
  char scratch[64 + XAI_DECIMAL_POINT_SIZE];
  return xai_decimal_read(s, strlen(s), scratch);
}

static void writes(double v, int digits, const char *expected) {
  char text[XAI_DECIMAL_SIZE];
  xai_decimal_write(text, v, digits);
  CHECK_TEXT(check_slice(text, strlen(text)), expected);
}

static void test_numbers_are_written_with_a_point(void) {
  writes(0.5, 15, "0.5");
  writes(-0.1, 17, "-0.10000000000000001");
  writes(1.5e300, 15, "1.5e+300");
  writes(5e-324, 17, "4.9406564584124654e-324");
  writes(7, 15, "7");
}

static void test_numbers_are_read_with_a_point(void) {
  CHECK(read_back("0.5") == 0.5);
  CHECK(read_back("-1.25e2") == -125);
  CHECK(read_back("7") == 7);
  CHECK(read_back("18446744073709551616") == 18446744073709551616.0);
}

static void test_the_first_locale_of_a_program_has_a_point(void) {
  char point[XAI_DECIMAL_POINT_SIZE];
  xai_decimal_point(point);
  CHECK_TEXT(check_slice(point, strlen(point)), ".");
  CHECK(!xai_decimal_is_foreign());
}

/* ------------------------------------------------------------- nearest name */

static const char *const names[] = {"api_key",
                                    "base_url",
                                    "timeout",
                                    "connect_timeout",
                                    "max_retries",
                                    "retry",
                                    "headers",
                                    "proxy",
                                    "no_proxy",
                                    "ca_file",
                                    "ca_path",
                                    "http_version",
                                    "debug",
                                    "raw",
                                    "on_event",
                                    "respond",
                                    "message",
                                    "complete",
                                    "chat",
                                    "complete_legacy",
                                    "list_models",
                                    "get_response",
                                    "list_models_of_a_very_long_name_indeed",
                                    "spawn",
                                    "step"};

static const char *guess(const char *wrong) {
  xai_Nearest n;
  size_t i;
  xai_nearest_begin(&n, wrong);
  for (i = 0; i < sizeof names / sizeof *names; i++)
    xai_nearest_consider(&n, names[i]);
  return n.name ? n.name : "";
}

#define GUESS(wrong, right)                                                    \
  (check_note(wrong), CHECK(strcmp(guess(wrong), right) == 0))

static void test_a_slip_of_the_fingers_is_found(void) {
  GUESS("timout", "timeout");
  GUESS("tiemout", "timeout");
  GUESS("timeoutt", "timeout");
  GUESS("time_out", "timeout");
  GUESS("apikey", "api_key");
  GUESS("API_KEY", "api_key");
  GUESS("maxRetries", "max_retries");
  GUESS("max_retry", "max_retries");
  GUESS("rwa", "raw");
  GUESS("spwan", "spawn");
  GUESS("proxi", "proxy");
}

static void test_another_form_of_the_word_is_found(void) {
  GUESS("responses", "respond");
  GUESS("messages", "message");
  GUESS("completions", "complete");
  GUESS("models", "list_models");
  GUESS("timeouts", "timeout");
}

static void test_what_is_far_off_is_no_guess(void) {
  GUESS("key_file", "");
  GUESS("url", "");
  GUESS("zzzzzzzz", "");
  GUESS("embeddings", "");
  GUESS("max_tokens", "");
  GUESS("setup", "");
  GUESS("ca", "");
  GUESS("x", "");
  GUESS("", "");
  GUESS("temperature", "");
  GUESS("verify", "");
}

static void test_long_names_are_left_alone(void) {
  GUESS("list_models_of_a_very_long_name_indee", "");
  GUESS(
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "");
}

static void test_the_order_in_which_they_come_does_not_matter(void) {
  xai_Nearest a, b;
  xai_nearest_begin(&a, "ca_pile");
  xai_nearest_consider(&a, "ca_file");
  xai_nearest_consider(&a, "ca_bile");
  xai_nearest_begin(&b, "ca_pile");
  xai_nearest_consider(&b, "ca_bile");
  xai_nearest_consider(&b, "ca_file");
  CHECK(strcmp(a.name, "ca_bile") == 0 && strcmp(b.name, "ca_bile") == 0);
}

int main(void) {
  RUN(test_every_character_passes_in_its_shortest_form_only);
  RUN(test_a_cut_is_found_wherever_it_is);
  RUN(test_the_place_is_told_behind_any_text);
  RUN(test_numbers_are_written_with_a_point);
  RUN(test_numbers_are_read_with_a_point);
  RUN(test_the_first_locale_of_a_program_has_a_point);
  RUN(test_a_slip_of_the_fingers_is_found);
  RUN(test_another_form_of_the_word_is_found);
  RUN(test_what_is_far_off_is_no_guess);
  RUN(test_long_names_are_left_alone);
  RUN(test_the_order_in_which_they_come_does_not_matter);
  return check_done();
}
