/*
** json_patch_test.c - JSON objects with some members replaced.
*/
#include "base/json_patch.h"

#include "base/json_scan.h"
#include "check.h"

static xai_Slice slice(const char *s) {
  xai_Slice text;
  text.at = s;
  text.len = strlen(s);
  return text;
}

static void patched(const char *body, const char *patch, const char *is) {
  xai_Buffer out;
  xai_buffer_init(&out, 0);
  check_note("%s with %s", body, patch);
  CHECK(xai_json_patch(slice(body), slice(patch), &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), is);
  CHECK(xai_json_check(xai_buffer_data(&out), xai_buffer_size(&out)) ==
        XAI_JSON_RIGHT);
  xai_buffer_free(&out);
}

static void test_members_are_replaced_where_they_stand(void) {
  patched("{\"a\":1,\"b\":[{\"a\":2}],\"c\":\"x\\\"y\"}", "{\"b\":\"\\\\\"}",
          "{\"a\":1,\"b\":\"\\\\\",\"c\":\"x\\\"y\"}");
  patched("{\"z\":1,\"a\":2}", "{\"a\":3,\"z\":{\"b\":null}}",
          "{\"z\":{\"b\":null},\"a\":3}");
}

static void test_members_are_not_merged(void) {
  patched("{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":3}}",
          "{\"a\":{\"c\":3}}");
}

static void test_null_removes_a_member(void) {
  patched("{\"a\":1,\"b\":2}", "{\"a\":null}", "{\"b\":2}");
  patched("{\"a\":1,\"b\":2}", "{\"b\":null}", "{\"a\":1}");
  patched("{\"a\":1}", "{\"a\":null}", "{}");
  patched("{\"a\":1}", "{\"b\":null}", "{\"a\":1}");
}

static void test_new_members_stand_in_the_order_of_names(void) {
  patched("{\"b\":1,\"d\":2}", "{\"a\":3,\"c\":4,\"e\":5}",
          "{\"a\":3,\"b\":1,\"c\":4,\"d\":2,\"e\":5}");
  patched("{\"bb\":1}", "{\"b\":2,\"bbb\":3}", "{\"b\":2,\"bb\":1,\"bbb\":3}");
  patched("{}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}");
}

static void test_each_new_member_comes_once_in_any_order(void) {
  patched("{\"m\":1,\"c\":2}", "{\"z\":3,\"a\":4,\"m\":5}",
          "{\"m\":5,\"c\":2,\"z\":3,\"a\":4}");
  patched("{\"c\":1,\"b\":2}", "{\"a\":3}", "{\"a\":3,\"c\":1,\"b\":2}");
}

static void test_names_are_compared_as_they_are_written(void) {
  patched("{\"a\\/b\":1,\"a\":2}", "{\"a\\/b\":3}", "{\"a\\/b\":3,\"a\":2}");
  patched("{\"a]}\":\"{[\"}", "{\"a\":1}", "{\"a\":1,\"a]}\":\"{[\"}");
}

static void test_a_list_of_patches_is_counted_and_read(void) {
  xai_Slice list = slice("[{\"a\":[1,2]},{\"b\":\"},{\"},{}]");
  CHECK(xai_json_patch_count(list) == 3);
  CHECK_TEXT(xai_json_patch_at(list, 0), "{\"a\":[1,2]}");
  CHECK_TEXT(xai_json_patch_at(list, 1), "{\"b\":\"},{\"}");
  CHECK_TEXT(xai_json_patch_at(list, 2), "{}");
  CHECK_TEXT(xai_json_patch_at(list, 3), "");
  CHECK(xai_json_patch_count(slice("[]")) == 0);
}

int main(void) {
  RUN(test_members_are_replaced_where_they_stand);
  RUN(test_members_are_not_merged);
  RUN(test_null_removes_a_member);
  RUN(test_new_members_stand_in_the_order_of_names);
  RUN(test_each_new_member_comes_once_in_any_order);
  RUN(test_names_are_compared_as_they_are_written);
  RUN(test_a_list_of_patches_is_counted_and_read);
  return check_done();
}
