/*
** jsonclose_test.c - the beginning of a JSON text, closed where it breaks off.
*/
#include "base/json_rewrite.h"

#include "base/json_scan.h"
#include "check.h"

static xai_Buffer out;

/* What becomes of the first 'n' bytes. */
static const char *closed(const char *text, size_t n) {
  char *copy = check_copy(text, n);
  xai_buffer_clear(&out);
  CHECK(xai_json_close(check_slice(copy, n), &out) == XAI_OK);
  free(copy);
  xai_buffer_terminate(&out);
  return xai_buffer_data(&out);
}

static const char *const texts[] = {
    "{\"a\":[1,-2.5e3,true,null,{\"b\":\"c\\\"\\u00e9\\n\"},[],{}],\"d\":\"\"}",
    " [ { \"a\" : \"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\" } , [ false ] ] ",
    "[[[[[[\"deep\"]]]]]]", "{\"a\":{\"b\":{\"c\":{\"d\":1.0}}}}"};

static void test_every_beginning_becomes_a_whole_value(void) {
  size_t i, n;
  for (i = 0; i < sizeof texts / sizeof *texts; i++)
    for (n = 2; n <= strlen(texts[i]); n++) {
      const char *s = closed(texts[i], n);
      CHECK(xai_json_check(s, strlen(s)) == XAI_JSON_RIGHT);
    }
}

static void test_what_is_whole_stays(void) {
  size_t i;
  for (i = 0; i < sizeof texts / sizeof *texts; i++)
    CHECK(strncmp(closed(texts[i], strlen(texts[i])), texts[i],
                  strlen(texts[i]) - 1) == 0);
}

static void becomes(const char *text, const char *wanted) {
  CHECK(strcmp(closed(text, strlen(text)), wanted) == 0);
}

static void test_what_is_left_out(void) {
  becomes("{\"a\":\"b", "{\"a\":\"b\"}");
  becomes("{\"a\":1,\"b", "{\"a\":1}");
  becomes("{\"a\":1,\"b\"", "{\"a\":1}");
  becomes("{\"a\":1,\"b\":", "{\"a\":1}");
  becomes("{\"a\":[1,2", "{\"a\":[1]}");
  becomes("{\"a\":tru", "{}");
  becomes("[\"a\\", "[\"a\"]");
  becomes("[\"a\\u12", "[\"a\"]");
  becomes("[\"a\xE2\x82", "[\"a\"]");
}

static void test_what_is_no_json(void) {
  becomes("{'a':", "");
  becomes("{a", "");
  CHECK(*closed("[\0\0", 3) == '\0');
  CHECK(*closed("[1,a\0b", 6) == '\0');
  becomes("", "");
}

/* Deeper levels than are remembered are left out. */
static void test_depth(void) {
  char deep[1000];
  const char *s;
  memset(deep, '[', sizeof deep);
  s = closed(deep, sizeof deep);
  CHECK(xai_json_check(s, strlen(s)) == XAI_JSON_RIGHT);
}

int main(void) {
  xai_buffer_init(&out, 0);
  RUN(test_every_beginning_becomes_a_whole_value);
  RUN(test_what_is_whole_stays);
  RUN(test_what_is_left_out);
  RUN(test_what_is_no_json);
  RUN(test_depth);
  xai_buffer_free(&out);
  return check_done();
}
