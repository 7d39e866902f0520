/*
** slice_test.c - bytes that belong to somebody else.
*/
#include "base/buffer.h"

#include "check.h"

static xai_Slice of(const char *s) { return check_slice(s, strlen(s)); }

static void test_equality_is_of_all_bytes(void) {
  CHECK(xai_slice_is(of("data"), "data"));
  CHECK(xai_slice_is(of(""), ""));
  CHECK(!xai_slice_is(of("data"), "dat"));
  CHECK(!xai_slice_is(of("dat"), "data"));
  CHECK(!xai_slice_is(of("Data"), "data"));
  CHECK(!xai_slice_is(check_slice("data\0", 5), "data"));
}

static void test_likeness_leaves_out_the_case_of_ascii_letters(void) {
  CHECK(xai_slice_like(of("Content-TYPE"), "content-type"));
  CHECK(!xai_slice_like(of("content-type "), "content-type"));
  CHECK(!xai_slice_like(of("[@`{"), "{`@["));
  CHECK(!xai_slice_like(of("\xC3\x89"), "\xC3\xA9"));
  CHECK(xai_slice_like(of("AZaz09"), "azAZ09"));
}

static void test_a_text_is_found_anywhere_in_any_case(void) {
  CHECK(xai_slice_has(of("no Credits left"), "credits"));
  CHECK(xai_slice_has(of("credits"), "CREDITS"));
  CHECK(xai_slice_has(of("cccredits"), "credits"));
  CHECK(xai_slice_has(of("any"), ""));
  CHECK(!xai_slice_has(of("credit"), "credits"));
  CHECK(!xai_slice_has(of(""), "c"));
}

static void test_blanks_go_from_both_ends_only(void) {
  CHECK_TEXT(xai_slice_trim(of(" \t\r\n a b \n")), "a b");
  CHECK_TEXT(xai_slice_trim(of("a")), "a");
  CHECK_TEXT(xai_slice_trim(of("")), "");
  CHECK_TEXT(xai_slice_trim(of(" \r\n\t ")), "");
  CHECK(xai_slice_trim(check_slice("\0 ", 2)).len == 1);
  CHECK(xai_slice_trim(check_slice(NULL, 0)).len == 0);
}

int main(void) {
  RUN(test_equality_is_of_all_bytes);
  RUN(test_likeness_leaves_out_the_case_of_ascii_letters);
  RUN(test_a_text_is_found_anywhere_in_any_case);
  RUN(test_blanks_go_from_both_ends_only);
  return check_done();
}
