/*
** complaint_test.c - errors within successes, and texts that speak of money.
** Whole bodies: fault_test.c, errors_spec.lua.
*/
#include "base/error_body.h"

#include "base/error.h"
#include "check.h"

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

static int lacks(const char *text) {
  return xai_quota_is_exhausted(check_slice(text, strlen(text)), 0);
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
  RUN(test_an_error_is_seen_beside_anything);
  RUN(test_what_is_none_is_not_taken_for_one);
  RUN(test_a_body_may_be_cut_anywhere);
  RUN(test_a_lack_of_money_is_told_from_other_texts);
  return check_done();
}
