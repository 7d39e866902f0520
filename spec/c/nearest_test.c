/*
** nearest_test.c - the known name that an unknown one was meant to be.
*/
#include "base/text.h"

#include <string.h>

#include "check.h"

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
  RUN(test_a_slip_of_the_fingers_is_found);
  RUN(test_another_form_of_the_word_is_found);
  RUN(test_what_is_far_off_is_no_guess);
  RUN(test_long_names_are_left_alone);
  RUN(test_the_order_in_which_they_come_does_not_matter);
  return check_done();
}
