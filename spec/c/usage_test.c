/*
** usage_test.c - what answers and events of all APIs say that they used.
*/
#include "base/usage.h"

#include "check.h"

static xai_Usage usage;

static void read_text(const char *json) {
  xai_usage_read(&usage, check_slice(json, strlen(json)));
}

static void begin(void) {
  xai_usage_free(&usage);
  xai_usage_init(&usage);
}

#define SAYS(buffer, text) CHECK_TEXT(xai_buffer_slice(&usage.buffer), text)

static void reads_a_whole_answer(void) {
  begin();
  read_text("\xEF\xBB\xBF "
            "{\"id\":\"1\",\"model\":\"grok-4.5\",\"output\":[{\"usage\":"
            "{\"x\":1}}],\"usage\":{\"total_tokens\":3} } ");
  SAYS(model, "grok-4.5");
  SAYS(last, "{\"total_tokens\":3}");
  SAYS(first, "");
  SAYS(id, "");
}

static void reads_the_id_of_an_answer_that_comes_later(void) {
  begin();
  read_text("{\"request_id\":\"a-b\"}");
  SAYS(id, "a-b");
  SAYS(last, "");
}

static void takes_the_latest_usage_of_chunks_and_never_null(void) {
  begin();
  read_text("{\"model\":\"\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}");
  read_text("{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":2}}");
  read_text("{\"model\":\"n\",\"choices\":[],\"usage\":null}");
  SAYS(model, "m");
  SAYS(last, "{\"prompt_tokens\":2}");
}

static void reads_the_response_of_an_event(void) {
  begin();
  read_text("{\"type\":\"response.created\",\"response\":{\"model\":\"m\","
            "\"usage\":null}}");
  SAYS(model, "m");
  SAYS(last, "");
  read_text("{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_"
            "tokens\":9}}}");
  SAYS(last, "{\"input_tokens\":9}");
}

static void keeps_what_a_message_begins_with_apart(void) {
  begin();
  read_text("{\"type\":\"message_start\",\"message\":{\"model\":\"m\","
            "\"usage\":{\"input_tokens\":9}}}");
  SAYS(first, "{\"input_tokens\":9}");
  SAYS(last, "");
  read_text("{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":2}}");
  SAYS(first, "{\"input_tokens\":9}");
  SAYS(last, "{\"output_tokens\":2}");
}

static void ignores_what_says_nothing(void) {
  static const char *const texts[] = {"",
                                      "[DONE]",
                                      "null",
                                      "[]",
                                      "\"usage\"",
                                      "{",
                                      "{\"usage\"",
                                      "{\"usage\":",
                                      "{\"usage\":3}",
                                      "{\"usage\":[{}]}",
                                      "{\"usage\":{\"a\":1}",
                                      "{\"response\":[]}",
                                      "{\"message\":\"usage\"}",
                                      "{\"message\":{\"usage\":7,\"model\":8}}",
                                      "{\"model\":null}",
                                      "<html>usage</html>"};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof *texts; i++) {
    begin();
    check_note("%s", texts[i]);
    read_text(texts[i]);
    SAYS(model, "");
    SAYS(first, "");
    SAYS(last, "");
  }
}

static void reads_any_beginning_of_a_text(void) {
  static const char text[] = "{\"model\":\"m\\\"x\",\"response\":{\"usage\":{"
                             "\"a\":{\"b\":[1]}}},\"usage\":{}}";
  size_t n;
  for (n = 0; n < sizeof text; n++) {
    char *copy = (char *)malloc(n + 1); /* its own end, for sanitizers */
    begin();
    memcpy(copy, text, n);
    xai_usage_read(&usage, check_slice(copy, n));
    free(copy);
    CHECK(xai_buffer_size(&usage.last) == 0 || n >= sizeof text - 1);
  }
}

int main(void) {
  RUN(reads_a_whole_answer);
  RUN(reads_the_id_of_an_answer_that_comes_later);
  RUN(takes_the_latest_usage_of_chunks_and_never_null);
  RUN(reads_the_response_of_an_event);
  RUN(keeps_what_a_message_begins_with_apart);
  RUN(ignores_what_says_nothing);
  RUN(reads_any_beginning_of_a_text);
  xai_usage_free(&usage);
  return check_done();
}
