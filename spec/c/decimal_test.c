/*
** decimal_test.c - numbers have a point.  Other locales: requests_spec.lua.
*/
#include "base/text.h"

#include "check.h"

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

int main(void) {
  RUN(test_numbers_are_written_with_a_point);
  RUN(test_numbers_are_read_with_a_point);
  RUN(test_the_first_locale_of_a_program_has_a_point);
  return check_done();
}
