/*
** error_body_fuzz.c - any body can be told in one line.
*/
#include "base/error_body.h"
#include "base/retry.h"

#include <stdio.h>

#include "fuzz.h"

/* Length of the character at 's', or 0 when it is none. */
static size_t char_size(const char *s, size_t n) {
  const unsigned char *p = (const unsigned char *)s;
  size_t len = *p < 0x80   ? 1
               : *p < 0xC2 ? 0
               : *p < 0xE0 ? 2
               : *p < 0xF0 ? 3
                           : 4;
  size_t i;
  if (len == 0 || len > n) return 0;
  for (i = 1; i < len; i++)
    if ((p[i] & 0xC0) != 0x80) return 0;
  return len;
}

static int is_utf8(const char *s, size_t n) {
  size_t i, len;
  for (i = 0; i < n; i += len)
    if ((len = char_size(s + i, n - i)) == 0) return 0;
  return 1;
}

/* One line of whole characters, whatever the body's encoding. */
static void check_words(const xai_Buffer *b) {
  const char *s = xai_buffer_data(b);
  size_t i, n = xai_buffer_size(b);
  require(n <= 500);
  for (i = 0; i < n; i++) require((unsigned char)s[i] >= ' ' && s[i] != 0x7F);
  require(is_utf8(s, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static const int statuses[] = {200, 302, 400, 401, 403, 404,
                                 408, 422, 429, 500, 501, 503};
  Input in;
  xai_ErrorBody c;
  xai_Error f;
  xai_Kind kind;
  int status;
  input_open(&in, data, n);
  status = statuses[input_number(&in, sizeof statuses / sizeof *statuses)];
  xai_error_body_init(&c);
  require(xai_error_body_read(&c, in.at, in.len) == XAI_OK);
  check_words(&c.message);
  check_words(&c.code);
  check_words(&c.type);
  check_words(&c.param);
  require(strlen(xai_buffer_data(&c.message)) == xai_buffer_size(&c.message));
  kind = xai_error_body_kind(&c, status);
  require(kind != XAI_KIND_NONE && xai_kind_name(kind)[0] != '\0');
  require(kind != XAI_KIND_QUOTA || !xai_retry_may_help(kind, status));
  memset(&f, 0, sizeof f);
  xai_error_set(&f, kind, XAI_PHASE_STREAM, xai_buffer_data(&c.message));
  require(strlen(f.text) < sizeof f.text);
  require(is_utf8(f.text, strlen(f.text)));
  xai_error_body_free(&c);
  return 0;
}
