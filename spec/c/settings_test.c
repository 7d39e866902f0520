/*
** settings_test.c - how calls are to be made: the documented defaults.
*/
#include "base/endpoint.h"

#include "check.h"

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
  RUN(test_a_size_beyond_the_largest_means_the_largest);
  RUN(test_the_defaults_are_those_of_the_design);
  return check_done();
}
