/*
** endpoint_test.c - the endpoints, and the default settings.
*/
#include "base/endpoint.h"

#include "check.h"

/* ---------------------------------------------------------------- endpoints */

/* The table of the project's design: function, operation, id, stream. */
static const struct {
  const char *name, *method, *path, *id;
  xai_Api api;
  unsigned int traits;
} rows[] = {
    {"chat", "POST", "/chat/completions", NULL, XAI_API_CHAT, 0},
    {"get_deferred", "GET", "/chat/deferred-completion/{}", "request_id",
     XAI_API_PLAIN, XAI_PENDING | XAI_READ_ONCE},
    {"respond", "POST", "/responses", NULL, XAI_API_RESPONSES, 0},
    {"get_response", "GET", "/responses/{}", "response_id", XAI_API_PLAIN, 0},
    {"delete_response", "DELETE", "/responses/{}", "response_id", XAI_API_PLAIN,
     0},
    {"message", "POST", "/messages", NULL, XAI_API_MESSAGES, 0},
    {"complete", "POST", "/completions", NULL, XAI_API_COMPLETIONS, 0},
    {"complete_legacy", "POST", "/complete", NULL, XAI_API_COMPLETE, 0},
    {"generate_image", "POST", "/images/generations", NULL, XAI_API_PLAIN,
     XAI_PICTURES},
    {"tokenize", "POST", "/tokenize-text", NULL, XAI_API_PLAIN, 0},
    {"get_api_key", "GET", "/api-key", NULL, XAI_API_PLAIN, 0},
    {"list_models", "GET", "/models", NULL, XAI_API_PLAIN, 0},
    {"get_model", "GET", "/models/{}", "model_id", XAI_API_PLAIN, 0},
    {"list_language_models", "GET", "/language-models", NULL, XAI_API_PLAIN, 0},
    {"get_language_model", "GET", "/language-models/{}", "model_id",
     XAI_API_PLAIN, 0},
    {"list_image_models", "GET", "/image-generation-models", NULL,
     XAI_API_PLAIN, 0},
    {"get_image_model", "GET", "/image-generation-models/{}", "model_id",
     XAI_API_PLAIN, 0},
    {"create_batch", "POST", "/batches", NULL, XAI_API_PLAIN, XAI_STARTS_WORK},
    {"list_batches", "GET", "/batches", NULL, XAI_API_PLAIN, XAI_QUERY},
    {"get_batch", "GET", "/batches/{}", "batch_id", XAI_API_PLAIN, 0},
    {"add_to_batch", "POST", "/batches/{}/requests", "batch_id", XAI_API_PLAIN,
     XAI_MAY_BE_EMPTY | XAI_STARTS_WORK | XAI_OWN_IDS},
    {"list_batch_requests", "GET", "/batches/{}/requests", "batch_id",
     XAI_API_PLAIN, XAI_QUERY},
    {"list_batch_results", "GET", "/batches/{}/results", "batch_id",
     XAI_API_PLAIN, XAI_QUERY},
    {"cancel_batch", "POST", "/batches/{}:cancel", "batch_id", XAI_API_PLAIN,
     XAI_NO_BODY | XAI_REPEATABLE},
    {"generate_video", "POST", "/videos/generations", NULL, XAI_API_PLAIN,
     XAI_STARTS_WORK},
    {"get_video", "GET", "/videos/{}", "request_id", XAI_API_PLAIN,
     XAI_PENDING | XAI_JOB},
};

#define ROWS (sizeof rows / sizeof *rows)

static int same(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_there_are_these_operations_and_each_is_as_designed(void) {
  const xai_Endpoint *e;
  size_t i;
  for (i = 0; i < ROWS; i++) {
    check_note("%s", rows[i].name);
    e = xai_endpoint_find(rows[i].name);
    if (!CHECK(e != NULL)) continue;
    CHECK(same(e->method, rows[i].method));
    CHECK(same(e->path, rows[i].path));
    CHECK(same(e->id, rows[i].id));
    CHECK(e->api == rows[i].api);
    CHECK(e->traits == rows[i].traits);
    CHECK(xai_endpoint_has_body(e) ==
          (same(rows[i].method, "POST") && !same(e->name, "cancel_batch")));
    CHECK((e->id != NULL) == (strstr(e->path, "{}") != NULL));
  }
  for (i = 0; xai_endpoint_at(i) != NULL; i++)
    CHECK(xai_endpoint_find(xai_endpoint_at(i)->name) == xai_endpoint_at(i));
  CHECK(i == ROWS);
}

static void test_what_has_another_name_is_no_operation(void) {
  CHECK(xai_endpoint_find("") == NULL);
  CHECK(xai_endpoint_find("Chat") == NULL);
  CHECK(xai_endpoint_find("chat ") == NULL);
  CHECK(xai_endpoint_find("chats") == NULL);
  CHECK(xai_endpoint_at((size_t)-1) == NULL);
}

static void path_is(const char *name, xai_Slice id, const char *expected) {
  xai_Buffer out;
  xai_buffer_init(&out, 0);
  xai_buffer_puts(&out, "/v1");
  CHECK(xai_endpoint_path(xai_endpoint_find(name), id.at, id.len, &out) ==
        XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
}

static void test_a_path_holds_its_id_percent_encoded(void) {
  path_is("chat", check_slice("", 0), "/v1/chat/completions");
  path_is("get_model", check_slice("grok-4.5", 8), "/v1/models/grok-4.5");
  path_is("get_deferred", check_slice("a/b?c", 5),
          "/v1/chat/deferred-completion/a%2Fb%3Fc");
  path_is("get_response", check_slice("../x", 4), "/v1/responses/..%2Fx");
  path_is("delete_response", check_slice("{} %", 4),
          "/v1/responses/%7B%7D%20%25");
  path_is("add_to_batch", check_slice("a/b", 3), "/v1/batches/a%2Fb/requests");
  path_is("cancel_batch", check_slice("a:b{}", 5),
          "/v1/batches/a%3Ab%7B%7D:cancel");
}

static void test_all_bytes_but_the_unreserved_ones_are_encoded(void) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-._~";
  char expected[4], byte;
  xai_Buffer out;
  int i;
  xai_buffer_init(&out, 0);
  for (i = 0; i < 256; i++) {
    check_note("byte %d", i);
    byte = (char)i;
    xai_buffer_clear(&out);
    CHECK(xai_percent_encode(&byte, 1, &out) == XAI_OK);
    snprintf(expected, sizeof expected, "%%%02X", (unsigned)i);
    if (i > 0 && strchr(plain, i) != NULL)
      snprintf(expected, sizeof expected, "%c", i);
    CHECK_TEXT(xai_buffer_slice(&out), expected);
  }
  xai_buffer_clear(&out);
  CHECK(xai_percent_encode("gr\xC3\xBC\xC3\x9F"
                           "e",
                           7, &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), "gr%C3%BC%C3%9Fe");
  xai_buffer_free(&out);
}

static int id_ok(const char *id) { return xai_endpoint_id_ok(id, strlen(id)); }

static void test_an_id_that_would_name_another_path_is_of_no_use(void) {
  CHECK(!id_ok(""));
  CHECK(!id_ok("/"));
  CHECK(!id_ok("//"));
  CHECK(!id_ok("."));
  CHECK(!id_ok(".."));
  CHECK(!id_ok("../.."));
  CHECK(id_ok("a"));
  CHECK(id_ok("..a"));
  CHECK(id_ok("a/"));
  CHECK(id_ok("0"));
  CHECK(id_ok("7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e"));
  CHECK(xai_endpoint_id_ok("\0", 1));
}

/* ----------------------------------------------------------------- settings */

static void test_the_defaults_are_those_of_the_design(void) {
  xai_Settings s;
  memset(&s, 0xFF, sizeof s);
  xai_settings_init(&s);
  CHECK(s.timeout_ms == 3600000);
  CHECK(s.connect_timeout_ms == 10000);
  CHECK(s.idle_timeout_ms == 900000);
  CHECK(s.deadline_ms == 0);
  CHECK(s.max_retries == 2);
  CHECK(s.max_body == (size_t)256 * 1024 * 1024);
  CHECK(s.max_event == (size_t)64 * 1024 * 1024);
  CHECK(s.max_buffer == (size_t)1024 * 1024);
  CHECK(s.http_version == 0);
  CHECK(s.allow_http == 0);
  CHECK(strncmp(s.base_url, "https://api.x.ai", 16) == 0);
  CHECK(s.proxy == NULL && s.no_proxy == NULL);
  CHECK(s.ca_file == NULL && s.ca_path == NULL);
  CHECK(s.unix_socket == NULL);
}

/* As on a system of 32 bits, where a size above 4 GiB was once cut to what its
** lower half says. */
static void test_a_size_beyond_the_largest_means_the_largest(void) {
  const size_t most = 0x3FFFFFFF;
  CHECK(xai_settings_bytes(1, most) == 1);
  CHECK(xai_settings_bytes(1.5, most) == 1);
  CHECK(xai_settings_bytes(0x3FFFFFFE, most) == 0x3FFFFFFE);
  CHECK(xai_settings_bytes(0x3FFFFFFF, most) == most);
  CHECK(xai_settings_bytes(4294967297.0, most) == most);
  CHECK(xai_settings_bytes(9e15, most) == most);
  CHECK(xai_settings_bytes(9e15, (size_t)-1) <= (size_t)-1);
}

int main(void) {
  RUN(test_there_are_these_operations_and_each_is_as_designed);
  RUN(test_what_has_another_name_is_no_operation);
  RUN(test_a_path_holds_its_id_percent_encoded);
  RUN(test_all_bytes_but_the_unreserved_ones_are_encoded);
  RUN(test_an_id_that_would_name_another_path_is_of_no_use);
  RUN(test_a_size_beyond_the_largest_means_the_largest);
  RUN(test_the_defaults_are_those_of_the_design);
  return check_done();
}
