/*
** error_body_test.c - error answers: their words, their kind, errors within successes.
** Whole bodies: error_body_cases.h.
*/
#include "base/error_body.h"

#include "base/retry.h"
#include "check.h"
#include "error_body_cases.h"

/* ---------------------------------------------------------- words and kinds */

static void check_word(const xai_Buffer *b, const char *expected) {
  CHECK_TEXT(xai_buffer_slice(b), expected ? expected : "");
}

/* The offset of the body: 0, or behind the headers of a whole answer. */
static size_t body_at(xai_Slice s) {
  size_t i;
  if (s.len < 5 || memcmp(s.at, "HTTP/", 5) != 0) return 0;
  for (i = 4; i < s.len; i++)
    if (memcmp(s.at + i - 4, "\r\n\r\n", 4) == 0) break;
  return i;
}

static void test_each_error_body_is_read_and_has_its_kind(void) {
  size_t i;
  for (i = 0; i < ERROR_BODY_CASES; i++) {
    xai_Slice s = check_fixture(error_body_cases[i].name);
    size_t at = body_at(s);
    xai_ErrorBody c;
    xai_Kind kind;
    check_note("%s", error_body_cases[i].name);
    xai_error_body_init(&c);
    CHECK(xai_error_body_read(&c, s.at + at, s.len - at) == XAI_OK);
    check_word(&c.message, error_body_cases[i].message);
    check_word(&c.code, error_body_cases[i].code);
    check_word(&c.type, error_body_cases[i].type);
    check_word(&c.param, error_body_cases[i].param);
    kind = xai_error_body_kind(&c, error_body_cases[i].status);
    CHECK(kind == error_body_cases[i].kind);
    CHECK(xai_retry_may_help(kind, error_body_cases[i].status) ==
          error_body_cases[i].retryable);
    xai_error_body_free(&c);
    check_drop(s);
  }
}

/* ------------------------------------------------------------------- bodies */

static void says(const char *body, const char *message, const char *code,
                 const char *type, const char *param) {
  xai_ErrorBody c;
  size_t n = strlen(body);
  char *copy = check_copy(body, n);
  check_note("%.200s", body);
  xai_error_body_init(&c);
  CHECK(xai_error_body_read(&c, copy, n) == XAI_OK);
  check_word(&c.message, message);
  CHECK(strcmp(xai_buffer_data(&c.message), message) == 0);
  check_word(&c.code, code);
  check_word(&c.type, type);
  check_word(&c.param, param);
  xai_error_body_free(&c);
  free(copy);
}

static void test_all_words_of_an_error_are_found(void) {
  says("{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":\"p\","
       "\"code\":\"c\"}}",
       "m", "c", "t", "p");
  says("{\"code\":429,\"error\":\"m\"}", "m", "429", NULL, NULL);
  says("{\"error\":{\"code\":\"16\",\"msg\":\"m\"}}", "m", "16", NULL, NULL);
  says("{\"message\":\"m\",\"code\":null}", "m", NULL, NULL, NULL);
  says("{\"detail\":\"m\",\"type\":\"t\"}", "m", NULL, "t", NULL);
  says("{\"msg\":\"m\"}", "m", NULL, NULL, NULL);
  says("{\"message\":\"m\",\"detail\":\"d\",\"msg\":\"g\"}", "m", NULL, NULL,
       NULL);
  says("{\"type\":\"error\",\"code\":null,\"message\":\"m\",\"param\":\"p\"}",
       "m", NULL, "error", "p");
  says("{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\","
       "\"error\":{\"code\":\"server_error\",\"message\":\"m\"}}}",
       "m", "server_error", NULL, NULL);
  says("\xEF\xBB\xBF{\"code\":\"c\",\"error\":\"m\"}", "m", "c", NULL, NULL);
}

static void test_a_body_that_says_nothing_leaves_all_empty(void) {
  says("", "", NULL, NULL, NULL);
  says(" \r\n", "", NULL, NULL, NULL);
  says("{}", "", NULL, NULL, NULL);
  says("null", "", NULL, NULL, NULL);
  says("[]", "", NULL, NULL, NULL);
  says("{\"error\":null}", "", NULL, NULL, NULL);
  says("{\"error\":{}}", "", NULL, NULL, NULL);
  says("{\"error\":[],\"code\":{}}", "", NULL, NULL, NULL);
}

static void test_a_text_becomes_one_line(void) {
  says("\n two\nlines\r\n\x1B[31m \n", "two lines   [31m", NULL, NULL, NULL);
  says("\"as JSON\\n\"", "as JSON", NULL, NULL, NULL);
  says("{\"error\":\"a\\tb\\u0000c\\u007f\\n\"}", "a b c", NULL, NULL, NULL);
  says("{\"error\":\"half\\ud83d\",\"code\":\"\\ude00\"}", "half\xEF\xBF\xBD",
       "\xEF\xBF\xBD", NULL, NULL);
}

static void test_of_a_page_only_its_heading_is_told(void) {
  says("<html><head><TITLE>\n 504 Gateway\nTime-out </Title></head><body>x",
       "504 Gateway Time-out", NULL, NULL, NULL);
  says("<!DOCTYPE html><html><body><h1>Oops</h1>", "Oops", NULL, NULL, NULL);
  says("<title></title><p>Oops", "an HTML page", NULL, NULL, NULL);
  says("<title> \n</title><p>Oops", "an HTML page", NULL, NULL, NULL);
  says("<title>never closed <p>Oops", "an HTML page", NULL, NULL, NULL);
  says("</title><p>Oops", "an HTML page", NULL, NULL, NULL);
  says("<html><title lang=\"en\">502</title><p>Oops", "502", NULL, NULL, NULL);
  says(" \r\n<html><title>502</title>", "502", NULL, NULL, NULL);
  says("\xEF\xBB\xBF<html><p>Oops", "an HTML page", NULL, NULL, NULL);
  says("<", "an HTML page", NULL, NULL, NULL);
}

/* Read "'head' pad euros 'tail'": at most 500 bytes, and whole characters. */
static void cut_between_characters(const char *head, const char *tail) {
  xai_Buffer body;
  xai_ErrorBody c;
  size_t pad, i, n;
  for (pad = 0; pad < 6; pad++) {
    check_note("%s after %u", head, (unsigned)pad);
    xai_buffer_init(&body, 0);
    xai_error_body_init(&c);
    xai_buffer_puts(&body, head);
    for (i = 0; i < pad; i++) xai_buffer_puts(&body, "x");
    for (i = 0; i < 2000; i++) xai_buffer_puts(&body, "\xE2\x82\xAC");
    xai_buffer_puts(&body, tail);
    CHECK(xai_error_body_read(&c, xai_buffer_data(&body),
                              xai_buffer_size(&body)) == XAI_OK);
    n = xai_buffer_size(&c.message);
    CHECK(n <= 500 && n > 490 && (n - pad) % 3 == 0);
    CHECK(strlen(xai_buffer_data(&c.message)) == n);
    xai_error_body_free(&c);
    xai_buffer_free(&body);
  }
}

static void test_a_long_text_is_cut_between_characters(void) {
  cut_between_characters("", "");
  cut_between_characters("{\"error\":\"", "\"}");
  cut_between_characters("\"", "\"");
  cut_between_characters("<title>", "</title>");
}

static void test_depth_is_no_danger(void) {
  const size_t depth = 200000;
  xai_Buffer body;
  xai_ErrorBody c;
  size_t i;
  xai_buffer_init(&body, 0);
  xai_error_body_init(&c);
  for (i = 0; i < depth; i++) xai_buffer_puts(&body, "{\"response\":");
  xai_buffer_puts(&body, "{}");
  for (i = 0; i < depth; i++) xai_buffer_puts(&body, "}");
  CHECK(xai_error_body_read(&c, xai_buffer_data(&body),
                            xai_buffer_size(&body)) == XAI_OK);
  CHECK(xai_buffer_size(&c.message) == 0);
  xai_error_body_free(&c);
  xai_buffer_free(&body);
}

static void test_a_body_that_is_read_again_forgets_the_first(void) {
  xai_ErrorBody c;
  xai_error_body_init(&c);
  CHECK(xai_error_body_read(&c, LIT("{\"code\":\"c\",\"error\":\"m\"}")) ==
        XAI_OK);
  CHECK(xai_error_body_read(&c, LIT("plain words")) == XAI_OK);
  check_word(&c.message, "plain words");
  check_word(&c.code, NULL);
  xai_error_body_free(&c);
}

/* -------------------------------------------------------------------- kinds */

static xai_Kind kind_of(int status, const char *body) {
  xai_ErrorBody c;
  xai_Kind kind;
  check_note("%d %s", status, body);
  xai_error_body_init(&c);
  CHECK(xai_error_body_read(&c, body, strlen(body)) == XAI_OK);
  kind = xai_error_body_kind(&c, status);
  xai_error_body_free(&c);
  return kind;
}

static void test_each_status_has_its_kind_and_may_be_retried_or_not(void) {
  static const struct {
    int status;
    xai_Kind kind;
    int retryable;
  } rows[] = {
      {301, XAI_KIND_REDIRECT, 0},      {308, XAI_KIND_REDIRECT, 0},
      {400, XAI_KIND_BAD_REQUEST, 0},   {401, XAI_KIND_AUTHENTICATION, 0},
      {402, XAI_KIND_QUOTA, 0},         {403, XAI_KIND_PERMISSION, 0},
      {404, XAI_KIND_NOT_FOUND, 0},     {405, XAI_KIND_BAD_REQUEST, 0},
      {408, XAI_KIND_BAD_REQUEST, 1},   {409, XAI_KIND_BAD_REQUEST, 1},
      {410, XAI_KIND_BAD_REQUEST, 0},   {413, XAI_KIND_TOO_LARGE, 0},
      {415, XAI_KIND_BAD_REQUEST, 0},   {418, XAI_KIND_BAD_REQUEST, 0},
      {422, XAI_KIND_UNPROCESSABLE, 0}, {429, XAI_KIND_RATE_LIMIT, 1},
      {500, XAI_KIND_SERVER, 1},        {501, XAI_KIND_SERVER, 0},
      {502, XAI_KIND_SERVER, 1},        {503, XAI_KIND_SERVER, 1},
      {504, XAI_KIND_SERVER, 1},        {505, XAI_KIND_SERVER, 0},
      {524, XAI_KIND_SERVER, 1},        {529, XAI_KIND_SERVER, 1}};
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK(kind_of(rows[i].status, "") == rows[i].kind);
    CHECK(xai_retry_may_help(rows[i].kind, rows[i].status) ==
          rows[i].retryable);
  }
}

static void test_money_is_quota_and_is_not_retried(void) {
  CHECK(kind_of(403, "{\"code\":\"personal-team-blocked:spending-limit\"}") ==
        XAI_KIND_QUOTA);
  CHECK(kind_of(429, "You used all available CREDITS.") == XAI_KIND_QUOTA);
  CHECK(kind_of(429, "{\"error\":{\"code\":\"insufficient_quota\"}}") ==
        XAI_KIND_QUOTA);
  CHECK(kind_of(200, "{\"code\":\"resource-exhausted\",\"error\":\"your "
                     "monthly limit\"}") == XAI_KIND_QUOTA);
  CHECK(kind_of(400, "no credits") == XAI_KIND_QUOTA);
  CHECK(!xai_retry_may_help(XAI_KIND_QUOTA, 429));
}

static void test_under_status_200_the_code_tells_the_kind(void) {
  CHECK(kind_of(200, "{\"code\":\"internal\",\"error\":\"m\"}") ==
        XAI_KIND_SERVER);
  CHECK(kind_of(200, "{\"code\":\"unavailable\",\"error\":\"m\"}") ==
        XAI_KIND_SERVER);
  CHECK(kind_of(200, "{\"code\":\"Client specified an invalid argument\"}") ==
        XAI_KIND_BAD_REQUEST);
  CHECK(kind_of(200, "{\"code\":\"unauthenticated\"}") ==
        XAI_KIND_AUTHENTICATION);
  CHECK(kind_of(200, "{\"code\":\"permission-denied\"}") ==
        XAI_KIND_PERMISSION);
  CHECK(kind_of(200, "{\"code\":\"Some requested entity was not found\"}") ==
        XAI_KIND_NOT_FOUND);
  CHECK(kind_of(200, "{\"code\":\"Some resource has been exhausted\"}") ==
        XAI_KIND_RATE_LIMIT);
  CHECK(kind_of(200, "{\"error\":{\"type\":\"overloaded_error\"}}") ==
        XAI_KIND_SERVER);
  CHECK(kind_of(200, "{\"error\":\"a word\"}") == XAI_KIND_API);
}

/* -------------------------------------------------- errors within successes */

static int has_error(const char *body, int any) {
  size_t n = strlen(body);
  char *copy = check_copy(body, n);
  int has;
  check_note("%s", body);
  has = xai_error_body_in_answer(check_slice(copy, n), any);
  free(copy);
  return has;
}

static void test_an_error_is_seen_beside_anything(void) {
  CHECK(has_error("{\"id\":1,\"error\":\"w\"}", 0));
  CHECK(has_error("{\"choices\":[{},{\"error\":{\"code\":5}}]}", 0));
  CHECK(has_error("{\"choices\":[],\"error\":true}", 1));
  CHECK(has_error("\xEF\xBB\xBF [{\"error\":\"w\"}]", 0));
  CHECK(has_error("{\"status\":\"failed\"}", 0));
  CHECK(has_error("{\"error\":{}}", 0));
  CHECK(has_error("{\"error\":{},\"code\":1}", 1));
}

static void test_what_is_none_is_not_taken_for_one(void) {
  CHECK(!has_error("", 0));
  CHECK(!has_error("\"error\"", 0));
  CHECK(!has_error("{\"error\":\"w\"", 0));
  CHECK(!has_error("{\"id\":1,\"error\":{\"a\":[null,0,{\"b\":\"\"}]}}", 0));
  CHECK(!has_error("{\"id\":1,\"error\":false}", 0));
  CHECK(!has_error("{\"id\":1,\"a\":{\"error\":\"w\"}}", 0));
  CHECK(!has_error("{\"id\":1,\"error\":\"w\"}", 1));
  CHECK(!has_error("{\"id\":1,\"status\":\"failed\"}", 1));
  CHECK(!has_error("{\"choices\":[{\"message\":{\"error\":\"w\"}}]}", 0));
  CHECK(!has_error("{\"status\":\"incomplete\",\"error\":null}", 0));
  CHECK(!has_error("[[{\"error\":\"w\"}]]", 0));
}

/* Nothing is read behind a body, however it is cut. */
static void test_a_body_may_be_cut_anywhere(void) {
  static const char *const bodies[] = {
      "{\"error\":{\"message\":\"a \\u00e9 b\",\"metadata\":{\"raw\":\"{}\"}}}",
      ("<?xml version=\"1.0\"?><a:Error><Code>c</Code><Message><![CDATA[w]]>"
       "</Message></a:Error>"),
      "event: error\r\ndata: {\"detail\":[{\"loc\":[\"a\",1],\"msg\":\"w\"}]}",
      "[{\"errors\":{\"a\":[\"b\",\"c\"]}}]", "<html><title>t</title>&lt;&am"};
  size_t i, n, cut;
  for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    n = strlen(bodies[i]);
    for (cut = 0; cut <= n; cut++) {
      char *copy = check_copy(bodies[i], cut);
      xai_ErrorBody c;
      check_note("%.*s", (int)cut, bodies[i]);
      xai_error_body_init(&c);
      CHECK(xai_error_body_read(&c, copy, cut) == XAI_OK);
      CHECK(strlen(xai_buffer_data(&c.message)) == xai_buffer_size(&c.message));
      xai_error_body_in_answer(check_slice(copy, cut), (int)cut & 1);
      xai_error_body_free(&c);
      free(copy);
    }
  }
}

/* Status 404 has no quotas of its own: only the words can make it one. */
static int lacks(const char *text) {
  xai_ErrorBody c;
  int quota;
  xai_error_body_init(&c);
  CHECK(xai_error_body_read(&c, text, strlen(text)) == XAI_OK);
  quota = xai_error_body_kind(&c, 404) == XAI_KIND_QUOTA;
  xai_error_body_free(&c);
  return quota;
}

static void test_a_lack_of_money_is_told_from_other_texts(void) {
  CHECK(lacks("Your credit balance is too low"));
  CHECK(lacks("INSUFFICIENT_QUOTA"));
  CHECK(lacks("you ran out of credits, sorry"));
  CHECK(!lacks(""));
  CHECK(!lacks("credits"));
  CHECK(!lacks("quota, too low"));
  CHECK(!lacks("no"));
  CHECK(!lacks("accredits exhausted"));
}

int main(void) {
  RUN(test_each_error_body_is_read_and_has_its_kind);
  RUN(test_all_words_of_an_error_are_found);
  RUN(test_a_body_that_says_nothing_leaves_all_empty);
  RUN(test_a_text_becomes_one_line);
  RUN(test_of_a_page_only_its_heading_is_told);
  RUN(test_a_long_text_is_cut_between_characters);
  RUN(test_depth_is_no_danger);
  RUN(test_a_body_that_is_read_again_forgets_the_first);
  RUN(test_each_status_has_its_kind_and_may_be_retried_or_not);
  RUN(test_money_is_quota_and_is_not_retried);
  RUN(test_under_status_200_the_code_tells_the_kind);
  RUN(test_an_error_is_seen_beside_anything);
  RUN(test_what_is_none_is_not_taken_for_one);
  RUN(test_a_body_may_be_cut_anywhere);
  RUN(test_a_lack_of_money_is_told_from_other_texts);
  return check_done();
}
