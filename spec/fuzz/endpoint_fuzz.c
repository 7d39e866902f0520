/*
** endpoint_fuzz.c - any id becomes one segment of a path, or a part of it, and back.
*/
#include "base/endpoint.h"

#include "fuzz.h"

static int value(char c) {
  static const char digits[] = "0123456789ABCDEF";
  const char *at = c != '\0' ? strchr(digits, c) : NULL;
  require(at != NULL);
  return (int)(at - digits);
}

/* Take back what percent-encoding did. */
static void decode(const char *s, size_t n, xai_Buffer *out) {
  size_t i;
  for (i = 0; i < n; i++) {
    char c = s[i];
    require(c > ' ' && c < 0x7F && strchr("/?#&=+:;@!$'()*,[]", c) == NULL);
    if (c == '%') {
      require(n - i >= 3);
      c = (char)(value(s[i + 1]) * 16 + value(s[i + 2]));
      i += 2;
    }
    require(xai_buffer_append(out, &c, 1) == XAI_OK);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  const char *id = (const char *)data;
  const xai_Endpoint *e;
  xai_Buffer path, back;
  const char *place;
  size_t i, before, behind, size;
  xai_buffer_init(&path, 0);
  xai_buffer_init(&back, 0);
  for (i = 0; (e = xai_endpoint_at(i)) != NULL; i++) {
    xai_buffer_clear(&path);
    xai_buffer_clear(&back);
    require(xai_endpoint_path(e, id, n, &path) == XAI_OK);
    place = strstr(e->path, "{}");
    require((place != NULL) == (e->id != NULL));
    before = place != NULL ? (size_t)(place - e->path) : strlen(e->path);
    behind = place != NULL ? strlen(place + 2) : 0;
    size = xai_buffer_size(&path);
    require(size >= before + behind);
    require(memcmp(xai_buffer_data(&path), e->path, before) == 0);
    if (behind > 0)
      require(memcmp(xai_buffer_data(&path) + size - behind, place + 2,
                     behind) == 0);
    decode(xai_buffer_data(&path) + before, size - before - behind, &back);
    require(xai_buffer_size(&back) == (e->id != NULL ? n : 0));
    require(memcmp(xai_buffer_data(&back), id, xai_buffer_size(&back)) == 0);
  }
  if (xai_endpoint_id_ok(id, n)) require(n > 0);
  xai_buffer_free(&path);
  xai_buffer_free(&back);
  return 0;
}
