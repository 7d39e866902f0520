/*
** error_test.c - the kinds of failure, their names, and the record of one.
*/
#include "base/error.h"

#include "check.h"

static void test_each_kind_and_phase_has_the_name_that_users_ask_for(void) {
  CHECK(strcmp(xai_kind_name(XAI_KIND_BAD_REQUEST), "bad_request") == 0);
  CHECK(strcmp(xai_kind_name(XAI_KIND_UNPROCESSABLE), "unprocessable") == 0);
  CHECK(strcmp(xai_kind_name(XAI_KIND_QUOTA), "quota") == 0);
  CHECK(strcmp(xai_kind_name(XAI_KIND_CONNECTION), "connection") == 0);
  CHECK(strcmp(xai_kind_name(XAI_KIND_TRUNCATED), "truncated") == 0);
  CHECK(strcmp(xai_kind_name(XAI_KIND_MEMORY), "memory") == 0);
  CHECK(xai_phase_name(XAI_PHASE_NONE) == NULL);
  CHECK(strcmp(xai_phase_name(XAI_PHASE_DNS), "dns") == 0);
  CHECK(strcmp(xai_phase_name(XAI_PHASE_DEADLINE), "deadline") == 0);
}

static void test_a_kind_and_a_phase_are_found_by_their_names(void) {
  int i;
  for (i = 0; i <= XAI_KIND_MEMORY; i++)
    CHECK(xai_kind_find(xai_kind_name((xai_Kind)i)) == (xai_Kind)i);
  for (i = XAI_PHASE_DNS; i <= XAI_PHASE_DEADLINE; i++)
    CHECK(xai_phase_find(xai_phase_name((xai_Phase)i)) == (xai_Phase)i);
  CHECK(xai_kind_find("Timeout") == XAI_KIND_NONE);
  CHECK(xai_kind_find("") == XAI_KIND_NONE);
  CHECK(xai_phase_find("") == XAI_PHASE_NONE);
}

static void test_the_first_failure_is_the_cause(void) {
  xai_Error f;
  memset(&f, 0, sizeof f);
  xai_error_set(&f, XAI_KIND_TLS, XAI_PHASE_CONNECT, "first");
  xai_error_set(&f, XAI_KIND_TIMEOUT, XAI_PHASE_IDLE, "second");
  CHECK(f.kind == XAI_KIND_TLS && f.phase == XAI_PHASE_CONNECT);
  CHECK(strcmp(f.text, "first") == 0);
}

static void test_the_text_of_a_failure_is_cut_between_characters(void) {
  char text[2000];
  xai_Error f;
  size_t pad, n;
  for (pad = 0; pad < 8; pad++) {
    check_note("after %u", (unsigned)pad);
    memset(text, 'x', pad);
    for (n = pad; n + 4 < sizeof text; n += 4)
      memcpy(text + n, "\xF0\x9F\x98\x80", 4);
    text[n] = '\0';
    memset(&f, 0, sizeof f);
    xai_error_set(&f, XAI_KIND_API, XAI_PHASE_NONE, text);
    n = strlen(f.text);
    CHECK(n < sizeof f.text && n + 4 >= sizeof f.text && (n - pad) % 4 == 0);
    CHECK(memcmp(f.text, text, n) == 0);
  }
}

static void test_each_cause_has_its_own_row(void) {
  int cause;
  for (cause = XAI_CAUSE_NONE + 1; cause <= XAI_CAUSE_FORKED; cause++) {
    xai_Error f;
    memset(&f, 0, sizeof f);
    xai_error_set_cause(&f, (xai_Cause)cause);
    CHECK(f.kind != XAI_KIND_NONE && f.text[0] != '\0');
    CHECK(f.kind == xai_cause_kind((xai_Cause)cause));
    CHECK(strcmp(f.text, xai_cause_text((xai_Cause)cause)) == 0);
  }
}

int main(void) {
  RUN(test_each_kind_and_phase_has_the_name_that_users_ask_for);
  RUN(test_a_kind_and_a_phase_are_found_by_their_names);
  RUN(test_the_first_failure_is_the_cause);
  RUN(test_the_text_of_a_failure_is_cut_between_characters);
  RUN(test_each_cause_has_its_own_row);
  return check_done();
}
