/*
** json_rewrite_test.c - JSON text rewritten so that decoders lose nothing.
*/
#include "base/json_rewrite.h"

#include "base/json_scan.h"
#include "check.h"

/* -------------------------------------------------------------------- marks */

#define ALL (XAI_MARK_EMPTY_ARRAYS | XAI_MARK_INTEGERS | XAI_MARK_SURROGATES)

/* ------------------------------------------ what is promised, byte for byte */

static int in(char c, const char *set) {
  return c != '\0' && strchr(set, c) != NULL;
}

static void put(xai_Buffer *out, char c) { xai_buffer_append(out, &c, 1); }

/* The UTF-16 unit that the escape at 's' stands for; -1 when it is none. */
static long unit_at(const char *s, size_t n) {
  char digits[5] = "";
  size_t i;
  if (n < 6 || s[0] != '\\' || s[1] != 'u') return -1;
  for (i = 0; i < 4; i++)
    if (!in(s[2 + i], "0123456789abcdefABCDEF")) return -1;
  memcpy(digits, s + 2, 4);
  return strtol(digits, NULL, 16);
}

/* The bytes that UTF-8 would give to surrogates. */
static void put_surrogate(xai_Buffer *out, long unit) {
  put(out, (char)(0xE0 + unit / 4096));
  put(out, (char)(0x80 + unit / 64 % 64));
  put(out, (char)(0x80 + unit % 64));
}

/* Copy one character of a string, or its escape; how long it was. */
static size_t mark_char(const char *s, size_t n, int what, xai_Buffer *out) {
  long unit = unit_at(s, n), next = n > 6 ? unit_at(s + 6, n - 6) : -1;
  size_t len = unit >= 0 ? 6 : *s == '\\' && n > 1 ? 2 : 1;
  int high = unit >= 0xD800 && unit <= 0xDBFF;
  int low = unit >= 0xDC00 && unit <= 0xDFFF;
  if (high && next >= 0xDC00 && next <= 0xDFFF)
    len = 12;
  else if ((high || low) && (what & XAI_MARK_SURROGATES_RAW))
    return put_surrogate(out, unit), len;
  else if ((high || low) && (what & XAI_MARK_SURROGATES))
    return xai_buffer_puts(out, "\\ufffd"), len;
  xai_buffer_append(out, s, len);
  return len;
}

/* Copy a string from its opening quote on; how long it was. */
static size_t mark_string(const char *s, size_t n, int what, xai_Buffer *out) {
  size_t i = 1;
  put(out, '"');
  while (i < n && s[i] != '"') i += mark_char(s + i, n - i, what, out);
  if (i < n) put(out, s[i++]);
  return i;
}

/* Copy a number, which a value may begin with if 'may'; how long it was. */
static size_t mark_number(const char *s, size_t n, const char *mark, int what,
                          int may, xai_Buffer *out) {
  size_t len = 0, digits = 0, sign = *s == '-', after;
  int marked;
  while (len < n && in(s[len], "0123456789+-.eE")) len++;
  while (sign + digits < len && in(s[sign + digits], "0123456789")) digits++;
  for (after = len; after < n && in(s[after], " \t\r\n");) after++;
  marked = may && sign + digits == len && digits >= 16 && s[sign] != '0' &&
           !(after < n && s[after] == ':') && (what & XAI_MARK_INTEGERS);
  if ((what & XAI_MARK_NUMBERS) && may && !(after < n && s[after] == ':'))
    marked = xai_json_check(s, len) == XAI_JSON_RIGHT;
  if (marked) put(out, '"');
  if (marked) xai_buffer_puts(out, mark);
  xai_buffer_append(out, s, len);
  if (marked) put(out, '"');
  return len;
}

/* Copy an empty array; how long it was, 0 when it is none. */
static size_t mark_empty(const char *s, size_t n, const char *mark, int what,
                         xai_Buffer *out) {
  size_t i = 1;
  while (i < n && in(s[i], " \t\r\n")) i++;
  if (i == n || s[i] != ']' || !(what & XAI_MARK_EMPTY_ARRAYS)) return 0;
  xai_buffer_puts(out, "[\"");
  xai_buffer_puts(out, mark);
  xai_buffer_puts(out, "\"]");
  return i + 1;
}

static void reference(const char *s, size_t n, const char *mark, int what,
                      xai_Buffer *out) {
  size_t i = 0, len;
  while (i < n) {
    len = 0;
    if (s[i] == '"') len = mark_string(s + i, n - i, what, out);
    if (in(s[i], "-0123456789"))
      len = mark_number(s + i, n - i, mark, what,
                        i == 0 || in(s[i - 1], ":,[ \t\r\n"), out);
    if (s[i] == '[') len = mark_empty(s + i, n - i, mark, what, out);
    if (len == 0) put(out, s[i]), len = 1;
    i += len;
  }
}

/* Both agree, also on what is not JSON. */
static void agree(const char *text, size_t n, int what) {
  xai_Buffer expected, out;
  char *copy = check_copy(text, n);
  int rc;
  check_note("%d: %.*s", what, n < 200 ? (int)n : 200, text);
  xai_buffer_init(&expected, 0);
  xai_buffer_init(&out, 0);
  xai_buffer_puts(&out, "..before");
  xai_buffer_consume(&out, 2);
  xai_buffer_puts(&expected, "before");
  rc = xai_json_mark_values(copy, n, "M", what, &out);
  reference(text, n, "M", what, &expected);
  if (rc == 1)
    CHECK(check_same(xai_buffer_slice(&out), xai_buffer_slice(&expected)));
  xai_buffer_consume(&expected, 6);
  CHECK(rc == !check_same(xai_buffer_slice(&expected), check_slice(text, n)));
  if (rc == 0) CHECK_TEXT(xai_buffer_slice(&out), "before");
  xai_buffer_free(&expected);
  xai_buffer_free(&out);
  free(copy);
}

/* ------------------------------------------------------------------ by hand */

static void becomes(const char *text, int what, const char *expected) {
  xai_Buffer out;
  int rc;
  check_note("%s", text);
  xai_buffer_init(&out, 0);
  rc = xai_json_mark_values(text, strlen(text), "M", what, &out);
  CHECK(rc == (expected != NULL));
  CHECK_TEXT(xai_buffer_slice(&out), expected ? expected : "");
  xai_buffer_free(&out);
  agree(text, strlen(text), what);
}

static void test_empty_arrays_hold_the_mark(void) {
  becomes("[]", ALL, "[\"M\"]");
  becomes("{\"a\":[ \r\n\t],\"b\":[1]}", ALL, "{\"a\":[\"M\"],\"b\":[1]}");
  becomes("[[],[[]],[1],{}]", ALL, "[[\"M\"],[[\"M\"]],[1],{}]");
  becomes("[[ ]]", ALL, "[[\"M\"]]");
}

static void test_long_integers_become_marked_strings(void) {
  becomes("1234567890123456", ALL, "\"M1234567890123456\"");
  becomes("[-9223372036854775808]", ALL, "[\"M-9223372036854775808\"]");
  becomes("[01234567890123456,-00000000000000000]", ALL, NULL);
  becomes("{1234567890123456:1,-1234567890123456 :2}", ALL, NULL);
  becomes("{\"a\":9007199254740993,\"b\":18446744073709551616}", ALL,
          "{\"a\":\"M9007199254740993\",\"b\":\"M18446744073709551616\"}");
}

static void test_lone_surrogates_become_the_replacement_character(void) {
  becomes("\"\\ud83d\"", ALL, "\"\\ufffd\"");
  becomes("[\"a\\uDE00b\",\"\\uD83Dx\",\"\\ud83d\\n\"]", ALL,
          "[\"a\\ufffdb\",\"\\ufffdx\",\"\\ufffd\\n\"]");
  becomes("\"\\ud83d\\ud83d\\ude00\\ude00\"", ALL,
          "\"\\ufffd\\ud83d\\ude00\\ufffd\"");
  becomes("{\"\\ud83d\":1}", ALL, "{\"\\ufffd\":1}");
}

static void test_surrogates_can_be_kept_to_be_joined_later(void) {
  const int what = XAI_MARK_SURROGATES_RAW;
  becomes("\"a\\ud83d\"", what, "\"a\xED\xA0\xBD\"");
  becomes("\"\\uDFFFa\\udc00\"", what,
          "\"\xED\xBF\xBF"
          "a\xED\xB0\x80\"");
  becomes("\"\\ud83d\\ude00\"", what, NULL);
  becomes("[[],\"\\udbff\"]", what | XAI_MARK_SURROGATES,
          "[[],\"\xED\xAF\xBF\"]");
}

static void test_text_that_loses_nothing_is_left_alone(void) {
  becomes("", ALL, NULL);
  becomes("{\"a\":[1,\"\",null,{}],\"b\":{}}", ALL, NULL);
  becomes("\"[]\"", ALL, NULL);
  becomes("{\"[]\":\"[ ]\",\"\\\"[]\":1}", ALL, NULL);
  becomes("[123456789012345,-123456789012345]", ALL, NULL);
  becomes("[1234567890123456.5,1234567890123456e2,0.1234567890123456789]", ALL,
          NULL);
  becomes("{\"1234567890123456789\":\"1234567890123456789\"}", ALL, NULL);
  becomes("\"\\ud83d\\ude00 \\\\ud83d \\u00e9\"", ALL, NULL);
}

static void test_all_numbers_can_be_replaced(void) {
  const int what = XAI_MARK_NUMBERS;
  becomes("[1,-0.5,2e9, 1.5E+3 ]", what,
          "[\"M1\",\"M-0.5\",\"M2e9\", \"M1.5E+3\" ]");
  becomes("{\"1.5\":0.5}", what, "{\"1.5\":\"M0.5\"}");
  becomes("7", what, "\"M7\"");
  becomes("[01,1.,.5,-,1e,1.5.5,1-1]", what, NULL);
  becomes("{1:2}", what, "{1:\"M2\"}");
  becomes("[\"a\"1,true0.5]", what, NULL);
  becomes("[\"0.5\",null]", what, NULL);
}

static void test_fractions_are_told_from_prose(void) {
  CHECK(xai_json_may_have_fraction(LIT("[0.5]")));
  CHECK(xai_json_may_have_fraction(LIT("{\"a\":-12.5e3}")));
  CHECK(xai_json_may_have_fraction(LIT("1.5")));
  CHECK(!xai_json_may_have_fraction(LIT("")));
  CHECK(!xai_json_may_have_fraction(LIT("[1,2]")));
  CHECK(
      !xai_json_may_have_fraction(LIT("\"One. Two.Three, a1.5, grok-4.5.\"")));
  CHECK(!xai_json_may_have_fraction(LIT("[5.")));
}

static void test_only_what_was_asked_for_is_replaced(void) {
  static const char text[] = "[[],1234567890123456,\"\\ud83d\"]";
  becomes(text, 0, NULL);
  becomes(text, XAI_MARK_EMPTY_ARRAYS,
          "[[\"M\"],1234567890123456,\"\\ud83d\"]");
  becomes(text, XAI_MARK_INTEGERS, "[[],\"M1234567890123456\",\"\\ud83d\"]");
  becomes(text, XAI_MARK_SURROGATES, "[[],1234567890123456,\"\\ufffd\"]");
}

static void test_a_sign_is_no_digit(void) {
  becomes("[[],-123456789012345,123456789012345]", ALL,
          "[[\"M\"],-123456789012345,123456789012345]");
}

/* ---------------------------------------------------------------- generated */

static char generated[1 << 16];
static size_t size;

static void say(const char *s) {
  size_t n = strlen(s);
  if (size + n > sizeof generated) return;
  memcpy(generated + size, s, n);
  size += n;
}

static void say_digits(size_t n) {
  static const char digits[] = "1234567890";
  for (; n > 0; n--) {
    char one[2] = {digits[check_random(10)], '\0'};
    say(one);
  }
}

static void say_one_of(const char *const *list, uint32_t n) {
  say(list[check_random(n)]);
}

static void say_space(void) {
  static const char *const blanks[] = {"", "", "", " ", "\n", "  \t", "\r\n"};
  say_one_of(blanks, 7);
}

static void say_string(void) {
  static const char *const pieces[] = {
      "\\ud83d", "\\ude00",  "\\uDBFF", "\\uDC00", "\\u00e9",
      "\\\\",    "\\\"",     "[]",      "[ ]",     "\\n",
      "abc",     "\xC3\xA9", "]",       "{",       "12345678901234567",
      "\\ud7ff", "\\ue000"};
  uint32_t n = check_random(6);
  say("\"");
  for (; n > 0; n--) say_one_of(pieces, 17);
  say("\"");
}

static void say_number(void) {
  static const size_t lengths[] = {1, 2, 5, 14, 15, 16, 17, 19, 20, 33};
  if (check_random(3) == 0) say("-");
  say_digits(lengths[check_random(10)]);
  if (check_random(6) == 0) say("."), say_digits(lengths[check_random(10)]);
  if (check_random(8) == 0) say("e-"), say_digits(2);
}

static void say_value(int depth) {
  static const char *const words[] = {"true", "false", "null", "[]", "{}"};
  uint32_t kind = check_random(depth > 0 ? 6 : 4), n = check_random(5), i;
  say_space();
  if (kind < 2) say_number();
  if (kind == 2) say_string();
  if (kind == 3) say_one_of(words, 5);
  if (kind > 3) {
    say(kind == 4 ? "[" : "{");
    for (i = 0; i < n; i++) {
      if (i > 0) say(",");
      if (kind == 5) say_string(), say(":");
      say_value(depth - 1);
    }
    say_space();
    say(kind == 4 ? "]" : "}");
  }
  say_space();
}

static void test_any_json_text_is_rewritten_as_the_reference_does(void) {
  int i;
  for (i = 0; i < 30000; i++) {
    size = 0;
    say_value(4);
    agree(generated, size, (int)check_random(2 * XAI_MARK_NUMBERS));
  }
}

static void test_any_bytes_are_rewritten_as_the_reference_does(void) {
  static const char *const bits[] = {"[",  "]", " ", "\"", "\\", "\\u", "d8",
                                     "00", ",", "-", "1",  "2e", "{",   "\xFF"};
  int i;
  uint32_t n;
  for (i = 0; i < 30000; i++) {
    size = 0;
    for (n = check_random(12); n > 0; n--) {
      say_one_of(bits, 14);
      if (check_random(8) == 0) say_digits(10 + check_random(10));
      if (check_random(8) == 0) say("\\ud800");
    }
    agree(generated, size,
          ALL + (int)check_random(2) * XAI_MARK_SURROGATES_RAW);
  }
}

static void test_a_long_integer_is_found_wherever_it_stands(void) {
  size_t digits, before, after;
  for (digits = 13; digits <= 34; digits++)
    for (before = 0; before < 35; before++)
      for (after = 0; after < 18; after++) {
        size = 0;
        while (size < before) say(check_random(3) ? " " : "7,");
        say_digits(digits);
        for (; after > 0 && size < before + digits + after;) say(" ");
        agree(generated, size, XAI_MARK_INTEGERS);
      }
}

static void test_each_cut_of_a_text_is_rewritten_and_nothing_outside(void) {
  size_t cut, whole;
  size = 0;
  say("{\"a\":[],\"b\":-1234567890123456789,\"c\":\"\\ud83d\\ude00\\ud83d\","
      "\"\\udead[]\":[ [ ] ,12345678901234567]}");
  whole = size;
  for (cut = 0; cut <= whole; cut++) agree(generated, cut, ALL);
  for (cut = 0; cut <= whole; cut++) agree(generated + cut, whole - cut, ALL);
}

/* ------------------------------------------------------------- long strings */

#define N XAI_LONG_STRING_MIN

static char long_text[8 * XAI_LONG_STRING_MIN];
static size_t length;

static void begin(void) { length = 0; }

static void put_text(const char *s) {
  size_t n = strlen(s);
  memcpy(long_text + length, s, n);
  length += n;
}

static void fill(char c, size_t n) {
  memset(long_text + length, c, n);
  length += n;
}

/* How many strings are found; they are 'lengths', in this order. */
static int found(const size_t *lengths) {
  size_t at = 0;
  int count = 0;
  xai_Slice one;
  char *copy = check_copy(long_text, length);
  while (xai_json_next_long_string(check_slice(copy, length), &at, &one)) {
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
  put_text("{\"a\":\"");
  fill('A', N - 1);
  put_text("\",\"b\" : \"");
  fill('B', N);
  put_text("\",\"c\":[1,\"x\",\"");
  fill('C', N + 1);
  put_text("\"]}");
  CHECK(found(lengths) == 2);
}

static void test_names_stay(void) {
  begin();
  put_text("{\"");
  fill('A', N);
  put_text("\" \n:1}");
  CHECK(found(NULL) == 0);
}

static void test_what_must_be_unescaped_or_refused_stays(void) {
  static const char *const inside[] = {"\\n", "\\\"", "\\\\", "\n", "\t"};
  size_t i, where;
  for (i = 0; i < sizeof inside / sizeof *inside; i++)
    for (where = 0; where <= N; where += N / 2) {
      check_note("%d at %d", (int)i, (int)where);
      begin();
      put_text("[\"");
      fill('A', where);
      put_text(inside[i]);
      fill('A', N - where);
      put_text("\"]");
      CHECK(found(NULL) == 0);
    }
}

static void test_quotes_in_other_strings_do_not_confuse(void) {
  const size_t lengths[] = {N};
  begin();
  put_text("[\"\\\"\",\"\\\\\",\"a\\\\\\\"b\",\"\",\"");
  fill('A', N);
  put_text("\"]");
  CHECK(found(lengths) == 1);
}

static void test_a_cut_text_has_no_end(void) {
  size_t whole;
  const size_t lengths[] = {N};
  begin();
  put_text("[\"");
  fill('A', N);
  put_text("\"]");
  whole = length;
  for (length = 0; length < whole - 1; length += 1 + length / 3)
    CHECK(found(lengths) == 0);
  begin();
  put_text("[\"");
  fill('A', N);
  put_text("\\");
  CHECK(found(lengths) == 0);
}

/* ----------------------------------------------------- text that breaks off */

static xai_Buffer out;

/* What closes_as of the first 'n' bytes. */
static const char *closed(const char *text, size_t n) {
  char *copy = check_copy(text, n);
  xai_buffer_clear(&out);
  CHECK(xai_json_close_truncated(check_slice(copy, n), &out) == XAI_OK);
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

static void closes_as(const char *text, const char *wanted) {
  CHECK(strcmp(closed(text, strlen(text)), wanted) == 0);
}

static void test_what_is_left_out(void) {
  closes_as("{\"a\":\"b", "{\"a\":\"b\"}");
  closes_as("{\"a\":1,\"b", "{\"a\":1}");
  closes_as("{\"a\":1,\"b\"", "{\"a\":1}");
  closes_as("{\"a\":1,\"b\":", "{\"a\":1}");
  closes_as("{\"a\":[1,2", "{\"a\":[1]}");
  closes_as("{\"a\":tru", "{}");
  closes_as("[\"a\\", "[\"a\"]");
  closes_as("[\"a\\u12", "[\"a\"]");
  closes_as("[\"a\xE2\x82", "[\"a\"]");
}

static void test_what_is_no_json(void) {
  closes_as("{'a':", "");
  closes_as("{a", "");
  CHECK(*closed("[\0\0", 3) == '\0');
  CHECK(*closed("[1,a\0b", 6) == '\0');
  closes_as("", "");
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
  RUN(test_empty_arrays_hold_the_mark);
  RUN(test_long_integers_become_marked_strings);
  RUN(test_lone_surrogates_become_the_replacement_character);
  RUN(test_surrogates_can_be_kept_to_be_joined_later);
  RUN(test_text_that_loses_nothing_is_left_alone);
  RUN(test_all_numbers_can_be_replaced);
  RUN(test_fractions_are_told_from_prose);
  RUN(test_only_what_was_asked_for_is_replaced);
  RUN(test_a_sign_is_no_digit);
  RUN(test_any_json_text_is_rewritten_as_the_reference_does);
  RUN(test_any_bytes_are_rewritten_as_the_reference_does);
  RUN(test_a_long_integer_is_found_wherever_it_stands);
  RUN(test_each_cut_of_a_text_is_rewritten_and_nothing_outside);
  RUN(test_a_long_value_is_found_and_a_shorter_one_is_not);
  RUN(test_names_stay);
  RUN(test_what_must_be_unescaped_or_refused_stays);
  RUN(test_quotes_in_other_strings_do_not_confuse);
  RUN(test_a_cut_text_has_no_end);
  RUN(test_every_beginning_becomes_a_whole_value);
  RUN(test_what_is_whole_stays);
  RUN(test_what_is_left_out);
  RUN(test_what_is_no_json);
  RUN(test_depth);
  return check_done();
}
