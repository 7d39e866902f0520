/*
** jsonlift_test.c - long strings taken out of JSON text.
*/
#include "base/json_rewrite.h"

#include "check.h"

#define N XAI_LONG_STRING_MIN

static char text[8 * XAI_LONG_STRING_MIN];
static size_t length;

static void begin(void) { length = 0; }

static void put(const char *s) {
  size_t n = strlen(s);
  memcpy(text + length, s, n);
  length += n;
}

static void fill(char c, size_t n) {
  memset(text + length, c, n);
  length += n;
}

/* How many strings are found; they are 'lengths', in this order. */
static int found(const size_t *lengths) {
  size_t at = 0;
  int count = 0;
  xai_Slice one;
  char *copy = check_copy(text, length);
  while (xai_json_long_strings(check_slice(copy, length), &at, &one)) {
    CHECK(one.len == lengths[count]);
    CHECK(one.at[-1] == '"' && one.at[one.len] == '"');
    CHECK(at == (size_t)(one.at + one.len + 1 - copy));
    count++;
  }
  free(copy);
  return count;
}

static void test_a_long_value_is_found_and_a_shorter_one_is_not(void) {
  const size_t lengths[] = {N, N + 1};
  begin();
  put("{\"a\":\"");
  fill('A', N - 1);
  put("\",\"b\" : \"");
  fill('B', N);
  put("\",\"c\":[1,\"x\",\"");
  fill('C', N + 1);
  put("\"]}");
  CHECK(found(lengths) == 2);
}

static void test_names_stay(void) {
  begin();
  put("{\"");
  fill('A', N);
  put("\" \n:1}");
  CHECK(found(NULL) == 0);
}

static void test_what_must_be_unescaped_or_refused_stays(void) {
  static const char *const inside[] = {"\\n", "\\\"", "\\\\", "\n", "\t"};
  size_t i, where;
  for (i = 0; i < sizeof inside / sizeof *inside; i++)
    for (where = 0; where <= N; where += N / 2) {
      check_note("%d at %d", (int)i, (int)where);
      begin();
      put("[\"");
      fill('A', where);
      put(inside[i]);
      fill('A', N - where);
      put("\"]");
      CHECK(found(NULL) == 0);
    }
}

static void test_quotes_in_other_strings_do_not_confuse(void) {
  const size_t lengths[] = {N};
  begin();
  put("[\"\\\"\",\"\\\\\",\"a\\\\\\\"b\",\"\",\"");
  fill('A', N);
  put("\"]");
  CHECK(found(lengths) == 1);
}

static void test_a_cut_text_has_no_end(void) {
  size_t whole;
  const size_t lengths[] = {N};
  begin();
  put("[\"");
  fill('A', N);
  put("\"]");
  whole = length;
  for (length = 0; length < whole - 1; length += 1 + length / 3)
    CHECK(found(lengths) == 0);
  begin();
  put("[\"");
  fill('A', N);
  put("\\");
  CHECK(found(lengths) == 0);
}

int main(void) {
  RUN(test_a_long_value_is_found_and_a_shorter_one_is_not);
  RUN(test_names_stay);
  RUN(test_what_must_be_unescaped_or_refused_stays);
  RUN(test_quotes_in_other_strings_do_not_confuse);
  RUN(test_a_cut_text_has_no_end);
  return check_done();
}
