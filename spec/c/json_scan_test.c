/*
** json_scan_test.c - finding values in JSON text, and checking it.
*/
#include "base/json_scan.h"

#include <limits.h>

#include "check.h"

/* ----------------------------------------------------------- finding values */

/* Copies end where their allocation ends: a sanitizer sees reads behind. */
static void value(const char *text, xai_JsonType type, const char *raw) {
  size_t n = strlen(text);
  char *copy = check_copy(text, n);
  xai_Json v;
  check_note("%s", text);
  CHECK(xai_json_read(copy, n, &v) == (type != XAI_JSON_NONE));
  CHECK(v.type == type);
  if (type != XAI_JSON_NONE) CHECK_TEXT(v.raw, raw);
  free(copy);
}

static void test_a_whole_value_is_known_by_its_type_and_text(void) {
  value("null", XAI_JSON_NULL, "null");
  value("true", XAI_JSON_TRUE, "true");
  value(" false\n", XAI_JSON_FALSE, "false");
  value("0", XAI_JSON_NUMBER, "0");
  value("\t-12.5e+3\r\n ", XAI_JSON_NUMBER, "-12.5e+3");
  value("\"\"", XAI_JSON_STRING, "");
  value("\"a \\\" \\\\\"", XAI_JSON_STRING, "a \\\" \\\\");
  value("[]", XAI_JSON_ARRAY, "[]");
  value(" [ 1 , [ \"]\" ] ] ", XAI_JSON_ARRAY, "[ 1 , [ \"]\" ] ]");
  value("{}", XAI_JSON_OBJECT, "{}");
  value("{\"a\":{\"}\":[{}]}}", XAI_JSON_OBJECT, "{\"a\":{\"}\":[{}]}}");
}

static void test_what_is_not_one_whole_value_is_none(void) {
  static const char *const texts[] = {
      "",    " ",     "\"",     "\"a",   "\"\\\"", "\"\\",    "{",
      "[",   "[1",    "{\"a\"", "[\"]",  "]",      "}",       ",",
      ":",   "nul",   "nulll",  "True",  "tru",    "+1",      ".5",
      "abc", "[DONE", "1 2",    "{} {}", "[]]",    "\"a\"b",  "null,",
      "{}x", "1}",    "1]",     "1,",    "{\"\\",  "[\"\\\"]"};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof *texts; i++)
    value(texts[i], XAI_JSON_NONE, NULL);
}

static void test_no_cut_of_a_value_is_whole(void) {
  static const char text[] =
      "{\"s\":\"a\\\\ \\\" \\ud83d\\ude00\",\"n\":[1,-2.5e3,{}],\"t\":true,"
      "\"deep\":{\"a\":[[[{\"b\":null}]]]},\"empty\":[]}";
  size_t n = sizeof text - 1, cut;
  xai_Json v;
  for (cut = 0; cut < n; cut++) {
    char *copy = check_copy(text, cut);
    check_note("cut at %u", (unsigned)cut);
    CHECK(!xai_json_read(copy, cut, &v));
    free(copy);
  }
}

/* -------------------------------------------------------------------- walks */

/* The members as "key=raw(type)", and the number of them. */
static int walk(const char *s, size_t n, xai_Buffer *out) {
  xai_Json v, member;
  xai_JsonWalk w;
  xai_Slice key;
  int count = 0;
  xai_buffer_clear(out);
  if (!xai_json_read(s, n, &v)) return -1;
  if (!xai_json_open(&w, &v)) return -2;
  for (; xai_json_next(&w, &key, &member); count++) {
    if (count > 0) xai_buffer_puts(out, ";");
    xai_buffer_append(out, key.at, key.len);
    xai_buffer_puts(out, "=");
    xai_buffer_append(out, member.raw.at, member.raw.len);
  }
  CHECK(!xai_json_next(&w, &key, &member)); /* the end stays the end */
  return count;
}

static void walks(const char *text, int count, const char *members) {
  xai_Buffer out;
  size_t n = strlen(text);
  char *copy = check_copy(text, n);
  check_note("%s", text);
  xai_buffer_init(&out, 0);
  CHECK(walk(copy, n, &out) == count);
  CHECK_TEXT(xai_buffer_slice(&out), members);
  xai_buffer_free(&out);
  free(copy);
}

static void test_a_walk_gives_all_members_in_order(void) {
  walks("{}", 0, "");
  walks("[ ]", 0, "");
  walks("{\"a\":1}", 1, "a=1");
  walks("[1,\"b\",[2],{\"c\":3},null]", 5, "=1;=b;=[2];={\"c\":3};=null");
  walks(" { \"a\" : 1 , \"b\"\t:\r\n\"x\" , \"\" : [ ] } ", 3, "a=1;b=x;=[ ]");
  walks("{\"a\":1,\"a\":2,\"\\\"\":3}", 3, "a=1;a=2;\\\"=3");
}

static void test_a_walk_ends_where_the_text_is_broken(void) {
  walks("{\"a\":1,b:2}", 1, "a=1");
  walks("{\"a\":1,\"b\"}", 1, "a=1");
  walks("{\"a\":1,\"b\":}", 1, "a=1");
  walks("{\"a\":1,\"b\":nope}", 1, "a=1");
  walks("{\"a\" 1}", 0, "");
  walks("[1,,2]", 1, "=1");
  walks("[1 2,3]", 0, "");
  walks("[1,]", 1, "=1");
  walks("{:}", 0, "");
}

static void test_what_is_no_container_cannot_be_walked(void) {
  walks("\"[1]\"", -2, "");
  walks("12", -2, "");
  walks("null", -2, "");
}

static void test_broken_text_is_never_read_outside(void) {
  static const char text[] =
      "{\"a\":[1,\"\\u00e9\",{\"b\":\"\\\\\"}],\"c\":null,\"d\":{\"e\":[]}}";
  static const char odd[] = "{}[]\",:\\ \n1a\0u\xFF";
  size_t n = sizeof text - 1, i, cut, k;
  xai_Buffer out;
  xai_buffer_init(&out, 0);
  for (i = 0; i < n; i++)
    for (k = 0; k < sizeof odd - 1; k++)
      for (cut = i + 1; cut <= n; cut += 3) {
        char *copy = check_copy(text, cut);
        copy[i] = odd[k];
        CHECK(walk(copy, cut, &out) < 100);
        free(copy);
      }
  xai_buffer_free(&out);
}

static void test_members_are_found_by_name_and_the_first_counts(void) {
  static const char text[] = "{\"ab\":1,\"b\":{\"a\":2},\"a\":3,\"a\":4}";
  xai_Json v, m;
  CHECK(xai_json_read(text, sizeof text - 1, &v));
  m = xai_json_get(&v, "a");
  CHECK(m.type == XAI_JSON_NUMBER);
  CHECK_TEXT(m.raw, "3");
  CHECK(xai_json_get(&v, "c").type == XAI_JSON_NONE);
  CHECK(xai_json_get(&v, "").type == XAI_JSON_NONE);
  m = xai_json_get(&m, "a");
  CHECK(m.type == XAI_JSON_NONE);
  CHECK(xai_json_read("[\"a\",1]", 7, &v));
  CHECK(xai_json_get(&v, "a").type == XAI_JSON_NONE);
}

static void test_given_means_there_and_not_null(void) {
  xai_Json v;
  memset(&v, 0, sizeof v);
  CHECK(!xai_json_given(&v));
  CHECK(xai_json_read("null", 4, &v) && !xai_json_given(&v));
  CHECK(xai_json_read("false", 5, &v) && xai_json_given(&v));
  CHECK(xai_json_read("\"\"", 2, &v) && xai_json_given(&v));
}

static void index_is(const char *text, long max, long expected) {
  xai_Json v;
  check_note("%s up to %ld", text, max);
  xai_json_read(text, strlen(text), &v);
  CHECK(xai_json_index(&v, max) == expected);
}

static void test_an_index_is_a_whole_number_up_to_its_maximum(void) {
  char most[32], more[32];
  snprintf(most, sizeof most, "%ld", LONG_MAX);
  snprintf(more, sizeof more, "%ld0", LONG_MAX);
  index_is("0", 0, 0);
  index_is("0", 9, 0);
  index_is("7", 9, 7);
  index_is("9", 9, 9);
  index_is("10", 9, -1);
  index_is("15", 19, 15);
  index_is("19", 19, 19);
  index_is("20", 19, -1);
  index_is("128", 128, 128);
  index_is("99999999999999999999999999", 128, -1);
  index_is(most, LONG_MAX, LONG_MAX);
  index_is(more, LONG_MAX, -1);
  more[strlen(most)] = '\0';
  more[strlen(most) - 1]++;
  index_is(more, LONG_MAX, -1);
  index_is("-1", 9, -1);
  index_is("1.0", 9, -1);
  index_is("1e0", 9, -1);
  index_is("\"1\"", 9, -1);
  index_is("null", 9, -1);
  index_is("[]", 9, -1);
}

/* ------------------------------------------------------------------ strings */

static void unescaped(const char *raw, const char *expected) {
  xai_Buffer out;
  unsigned surrogate = 0;
  size_t n = strlen(raw);
  char *copy = check_copy(raw, n);
  check_note("%s", raw);
  xai_buffer_init(&out, 0);
  CHECK(xai_json_unescape(check_slice(copy, n), &surrogate, &out) == XAI_OK);
  CHECK(surrogate == 0);
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
  free(copy);
}

static void test_every_escape_becomes_its_character(void) {
  unescaped("", "");
  unescaped("plain \xC3\xA9 \xF0\x9F\x98\x80",
            "plain \xC3\xA9 \xF0\x9F\x98\x80");
  unescaped("\\\" \\\\ \\/ \\b \\f \\n \\r \\t", "\" \\ / \b \f \n \r \t");
  unescaped("\\u0041\\u00e9\\u00E9\\u20aC\\u07ff\\u0800\\uffff",
            "A\xC3\xA9\xC3\xA9\xE2\x82\xAC\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
  unescaped("\\u007f\\u0080", "\x7F\xC2\x80");
  unescaped("a\\ud83d\\ude00b", "a\xF0\x9F\x98\x80"
                                "b");
  unescaped("\\uD800\\uDC00 \\uDBFF\\uDFFF",
            "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF");
}

static void test_nul_is_a_character(void) {
  xai_Buffer out;
  unsigned surrogate = 0;
  xai_buffer_init(&out, 0);
  CHECK(xai_json_unescape(check_slice("a\\u0000b", 8), &surrogate, &out) ==
        XAI_OK);
  CHECK(check_same(xai_buffer_slice(&out), check_slice("a\0b", 3)));
  xai_buffer_free(&out);
}

#define LONE "\xEF\xBF\xBD"

static void test_a_lone_half_becomes_the_replacement_character(void) {
  unescaped("\\ude00", LONE);
  unescaped("a\\ud83db", "a" LONE "b");
  unescaped("\\ud83d\\u0041", LONE "A");
  unescaped("\\ud83d\\ud83d\\ude00", LONE "\xF0\x9F\x98\x80");
  unescaped("\\ud83d\\n", LONE "\n");
  unescaped("\\ude00\\ude00", LONE LONE);
  unescaped("\\ud83d\\ude00\\ude00", "\xF0\x9F\x98\x80" LONE);
}

/* The text of pieces that follow each other; the list ends with NULL. */
static void joined(const char *const *pieces, const char *expected) {
  xai_Buffer out;
  unsigned surrogate = 0;
  xai_buffer_init(&out, 0);
  for (; *pieces != NULL; pieces++) {
    xai_Slice raw = check_slice(*pieces, strlen(*pieces));
    check_note("up to %s", *pieces);
    CHECK(xai_json_unescape(raw, &surrogate, &out) == XAI_OK);
  }
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
}

static void test_surrogates_in_strings_that_follow_each_other_are_joined(void) {
  static const char *const pair[] = {"a\\ud83d", "\\ude00b", NULL};
  static const char *const apart[] = {"\\ud83d", "", "", "\\ude00", NULL};
  static const char *const lone[] = {"\\ud83d", "b\\ude00", NULL};
  static const char *const twice[] = {"\\ud83d", "\\ud83d", "\\ude00", NULL};
  joined(pair, "a\xF0\x9F\x98\x80"
               "b");
  joined(apart, "\xF0\x9F\x98\x80");
  joined(lone, LONE "b" LONE);
  joined(twice, LONE "\xF0\x9F\x98\x80");
}

static void test_broken_escapes_are_never_read_outside(void) {
  static const char raw[] = "a\\n\\\\\\u00e9\\ud83d\\ude00\\ud83dx\\u12";
  size_t n = sizeof raw - 1, from, cut;
  xai_Buffer out;
  unsigned surrogate;
  xai_buffer_init(&out, 0);
  for (from = 0; from < n; from++)
    for (cut = from; cut <= n; cut++) {
      char *copy = check_copy(raw + from, cut - from);
      surrogate = 0;
      xai_buffer_clear(&out);
      CHECK(xai_json_unescape(check_slice(copy, cut - from), &surrogate,
                              &out) == XAI_OK);
      CHECK(xai_buffer_size(&out) <= cut - from);
      free(copy);
    }
  xai_buffer_free(&out);
}

static void hex(const char *s, long expected) {
  size_t n = strlen(s);
  char *copy = check_copy(s, n);
  check_note("%s", s);
  CHECK(xai_json_hex4(copy, copy + n) == expected);
  free(copy);
}

static void test_four_digits_are_read_and_nothing_else(void) {
  hex("0000", 0);
  hex("00fF", 0x00FF);
  hex("AB12", 0xAB12);
  hex("ffff5", 0xFFFF);
  hex("abc", -1);
  hex("", -1);
  hex("00g0", -1);
  hex("+123", -1);
  hex(" 123", -1);
  hex("0x12", -1);
}

static void test_a_text_that_does_not_fit_changes_nothing(void) {
  static const char raw[] = "\\ude00 and \\u0041 and so on";
  xai_Buffer out;
  unsigned surrogate = 0xD83D;
  xai_buffer_init(&out, 8);
  xai_buffer_puts(&out, "..ab");
  xai_buffer_consume(&out, 2);
  CHECK(xai_json_unescape(check_slice(raw, sizeof raw - 1), &surrogate, &out) ==
        XAI_ELIMIT);
  CHECK(surrogate == 0xD83D);
  CHECK_TEXT(xai_buffer_slice(&out), "ab");
  CHECK(xai_json_unescape(check_slice(raw, 6), &surrogate, &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), "ab\xF0\x9F\x98\x80");
  xai_buffer_free(&out);
}

/* ---------------------------------------------------------- checking a text */

/* Checks a copy of exactly that length, so that a byte too far is noticed. */
static xai_JsonCheck check(const char *s, size_t n) {
  char *copy = check_copy(s, n);
  xai_JsonCheck rc = xai_json_check(copy, n);
  check_note("%.200s", s);
  free(copy);
  return rc;
}

static void right(const char *s) {
  size_t n = strlen(s), cut;
  CHECK(check(s, n) == XAI_JSON_RIGHT);
  if (*s != '{' && *s != '[' && *s != '"') return;
  for (cut = 0; cut < n; cut++) CHECK(check(s, cut) == XAI_JSON_WRONG);
}

static void wrong(const char *s) {
  CHECK(check(s, strlen(s)) == XAI_JSON_WRONG);
}

static void test_values(void) {
  right("{}"), right("[]"), right("\"\""), right("0"), right("-0"), right("12");
  right("null"), right("true"), right("false"), right("1.5e+10"), right("2E9");
  right("{\"a\":1}"), right("[1,2]"), right("[[],{},[{}]]");
  right("{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"x\"}");
  right("{ \"a\" : [ 1 , 2 ] , \"b\" : { } }");
  CHECK(check(LIT(" \t\r\n{\"a\":1}\n ")) == XAI_JSON_RIGHT);
}

static void test_strings(void) {
  right("\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\\u00e9\"");
  right("\"\\ud83d\""); /* a lone surrogate is valid JSON */
  wrong("\"\\q\""), wrong("\"\\u12zz\""), wrong("\"\\u12\""), wrong("\"\\\"");
  wrong("\"a"), wrong("'a'"), wrong("{\"a\\x\":1}");
  CHECK(check(LIT("\"a\1b\nc\xFF\"")) == XAI_JSON_RIGHT);
  CHECK(check(LIT("\"a\0b\"")) == XAI_JSON_WRONG);
  CHECK(check(LIT("[1]\0")) == XAI_JSON_WRONG);
}

static void test_what_is_damaged(void) {
  wrong(""), wrong(" "), wrong("{"), wrong("}"), wrong("{]"), wrong("[}");
  wrong("[1,]"), wrong("[,1]"), wrong("{\"a\":1,}"), wrong("{,}");
  wrong("{\"a\"}"), wrong("{\"a\":}"), wrong("{\"a\" \"b\"}"), wrong("{a:1}");
  wrong("{1:2}"), wrong("[1 2]"), wrong("[\"a\":1]"), wrong("{\"a\",1}");
  wrong("tru"), wrong("[tru]"), wrong("nulll"), wrong("[nul]"), wrong("True");
  wrong("1x2"), wrong("01"), wrong("1."), wrong(".5"), wrong("+1"), wrong("-");
  wrong("1e"), wrong("0x10"), wrong("NaN"), wrong("Infinity"), wrong("[1e+]");
  wrong("{}{}"), wrong("{} x"), wrong("1 2"), wrong("[1]]"), wrong("{}}");
}

/* 'n' brackets of one kind, and their closing ones. */
static xai_JsonCheck nested(char open, char close, size_t n) {
  char *s = (char *)malloc(6 * n + 8);
  size_t i, len = 0;
  xai_JsonCheck rc;
  for (i = 0; i < n; i++) {
    s[len++] = open;
    if (open == '{' && i + 1 < n) memcpy(s + len, "\"a\":", 4), len += 4;
  }
  for (i = 0; i < n; i++) s[len++] = close;
  rc = check(s, len);
  free(s);
  return rc;
}

static void test_depth_is_limited(void) {
  CHECK(nested('[', ']', XAI_JSON_MAX_DEPTH) == XAI_JSON_RIGHT);
  CHECK(nested('[', ']', XAI_JSON_MAX_DEPTH + 1) == XAI_JSON_DEEP);
  CHECK(nested('{', '}', XAI_JSON_MAX_DEPTH) == XAI_JSON_RIGHT);
  CHECK(nested('{', '}', XAI_JSON_MAX_DEPTH + 1) == XAI_JSON_DEEP);
  CHECK(nested('[', ']', 1000000) == XAI_JSON_DEEP);
}

static void test_escapes(void) {
  static const char s[] = "\\u00e9\\n\\q\\";
  const char *end = s + sizeof s - 1;
  CHECK(xai_json_escape(s, end) == 6);
  CHECK(xai_json_escape(s, s + 5) == 0);
  CHECK(xai_json_escape(s + 6, end) == 2);
  CHECK(xai_json_escape(s + 8, end) == 0);
  CHECK(xai_json_escape(s + 10, end) == 0);
}

int main(void) {
  RUN(test_a_whole_value_is_known_by_its_type_and_text);
  RUN(test_what_is_not_one_whole_value_is_none);
  RUN(test_no_cut_of_a_value_is_whole);
  RUN(test_a_walk_gives_all_members_in_order);
  RUN(test_a_walk_ends_where_the_text_is_broken);
  RUN(test_what_is_no_container_cannot_be_walked);
  RUN(test_broken_text_is_never_read_outside);
  RUN(test_members_are_found_by_name_and_the_first_counts);
  RUN(test_given_means_there_and_not_null);
  RUN(test_an_index_is_a_whole_number_up_to_its_maximum);
  RUN(test_every_escape_becomes_its_character);
  RUN(test_nul_is_a_character);
  RUN(test_a_lone_half_becomes_the_replacement_character);
  RUN(test_surrogates_in_strings_that_follow_each_other_are_joined);
  RUN(test_broken_escapes_are_never_read_outside);
  RUN(test_four_digits_are_read_and_nothing_else);
  RUN(test_a_text_that_does_not_fit_changes_nothing);
  RUN(test_values);
  RUN(test_strings);
  RUN(test_what_is_damaged);
  RUN(test_depth_is_limited);
  RUN(test_escapes);
  return check_done();
}
