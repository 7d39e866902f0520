/*
** jsoncheck_test.c - is a text JSON, from its first byte to its last?
*/
#include "base/json_scan.h"

#include "check.h"

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
  right("\"\\ud83d\""); /* half a pair is for others to mend */
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

static void test_depth(void) {
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
  RUN(test_values);
  RUN(test_strings);
  RUN(test_what_is_damaged);
  RUN(test_depth);
  RUN(test_escapes);
  return check_done();
}
