/*
** secret.c - masks the keys of a request's header lines, and wipes them.
*/
#include "net/secret.h"

#include <string.h>

#define MIN_SECRET 8 /* masking a shorter key would spoil words */

/* Does the name contain one of these words?  The list ends with NULL. */
static int has_word(xai_Slice name, const char *const *words) {
  for (; *words != NULL; words++)
    if (xai_slice_has(name, *words)) return 1;
  return 0;
}

/* May a header of that name carry a key, which must be masked in other texts? */
static int carries_key(xai_Slice name) {
  static const char *const words[] = {"auth", "api-key", "token", "secret",
                                      NULL};
  return has_word(name, words);
}

int xai_secret_is_header(xai_Slice name) {
  static const char *const words[] = {"auth",   "key",     "token", "secret",
                                      "cookie", "session", NULL};
  return has_word(name, words);
}

/* The offset of the key in a header's value.  "Bearer" precedes it, or in other
** Authorization headers everything but the last word. */
static size_t key_offset(xai_Slice name, xai_Slice value) {
  xai_Slice scheme = {value.at, 7};
  size_t i = value.len;
  if (i > scheme.len && xai_slice_like(scheme, "bearer ")) {
    for (i = scheme.len; i < value.len && value.at[i] == ' ';) i++;
    return i;
  }
  if (!xai_slice_has(name, "authorization")) return 0;
  while (i > 0 && value.at[i - 1] != ' ') i--;
  return i;
}

/* The key in a header line; length 0 when it carries none. */
static xai_Slice key_of(const char *line) {
  xai_Slice name = {line, strcspn(line, ":")}, key = {"", 0};
  size_t skipped;
  if (!carries_key(name)) return key;
  key.at = line + name.len + (line[name.len] == ':');
  key.len = strlen(key.at);
  key = xai_slice_trim(key);
  skipped = key_offset(name, key);
  key.at += skipped;
  key.len -= skipped;
  return key;
}

void xai_secret_wipe(struct curl_slist **headers) {
  struct curl_slist *h;
  for (h = *headers; h != NULL; h = h->next)
    xai_bytes_wipe(h->data, strlen(h->data));
  curl_slist_free_all(*headers);
  *headers = NULL;
}

/* Mask the beginning of a key at the end of a text that was cut. */
static void mask_cut_key(char *s, size_t n, xai_Slice key) {
  size_t part = key.len - 1 < n ? key.len - 1 : n;
  while (part >= MIN_SECRET &&
         (s[n - part] != key.at[0] || memcmp(s + n - part, key.at, part) != 0))
    part--;
  if (part >= MIN_SECRET) memset(s + n - part, '*', part);
}

void xai_secret_mask(const struct curl_slist *headers, char *s, size_t n) {
  const struct curl_slist *h;
  for (h = headers; h != NULL && n > 0; h = h->next) {
    xai_Slice key = key_of(h->data);
    if (key.len < MIN_SECRET) continue;
    xai_bytes_mask(s, n, key);
    mask_cut_key(s, n, key);
  }
}

void xai_secret_mask_buffer(const struct curl_slist *headers, xai_Buffer *b) {
  if (b->at == NULL) return;
  xai_secret_mask(headers, b->at + b->rd, xai_buffer_size(b));
}
