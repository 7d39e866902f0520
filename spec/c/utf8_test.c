/*
** utf8_test.c - what is UTF-8, and where a text begins to be something else.
*/
#include "base/text.h"

#include "check.h"

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

int main(void) {
  RUN(test_every_character_passes_in_its_shortest_form_only);
  RUN(test_a_cut_is_found_wherever_it_is);
  RUN(test_the_place_is_told_behind_any_text);
  return check_done();
}
