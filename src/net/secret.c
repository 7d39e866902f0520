/*
** secret.c - the key that a call sends: kept out of all that is shown.
*/
#include "net/secret.h"

#include <string.h>

#define MIN_SECRET 8 /* a shorter key is none, and masking it spoils words */

static int carries_key(xai_Slice name) {
  static const char *const words[] = {"auth", "api-key", "token", "secret"};
  size_t i;
  for (i = 0; i < sizeof words / sizeof *words; i++)
    if (xai_slice_has(name, words[i])) return 1;
  return 0;
}

/* How much of a header's value stands before the key: the scheme that we use,
** or, where there may be another, all up to the last word. */
static size_t key_begins(xai_Slice name, xai_Slice value) {
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
  skipped = key_begins(name, key);
  key.at += skipped;
  key.len -= skipped;
  return key;
}

/* Overwrite the key before the list goes back to the allocator. */
void xai_secret_forget(xai_Call *c) {
  struct curl_slist *h;
  for (h = c->headers; h != NULL; h = h->next)
    xai_bytes_wipe(h->data, strlen(h->data));
  curl_slist_free_all(c->headers);
  c->headers = NULL;
}

/* What broke off may end within the key. */
static void hide_begun(char *s, size_t n, xai_Slice key) {
  size_t part = key.len - 1 < n ? key.len - 1 : n;
  while (part >= MIN_SECRET && memcmp(s + n - part, key.at, part) != 0) part--;
  if (part >= MIN_SECRET) memset(s + n - part, '*', part);
}

void xai_secret_hide(const xai_Call *c, char *s, size_t n) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL && n > 0; h = h->next) {
    xai_Slice key = key_of(h->data);
    if (key.len < MIN_SECRET) continue;
    xai_bytes_mask(s, n, key);
    hide_begun(s, n, key);
  }
}

void xai_secret_hide_in(const xai_Call *c, xai_Buffer *b) {
  if (b->at != NULL) xai_secret_hide(c, b->at + b->rd, xai_buffer_size(b));
}

void xai_secret_end(xai_Call *c) {
  xai_secret_hide_in(c, &c->transfer.body);
  xai_secret_hide_in(c, &c->transfer.sse.in);
  xai_secret_forget(c);
}

/* Servers echo keys in what they say.  Events that were not read yet are left
** as they are: they are content, unless they turn out to be of no use. */
void xai_secret_scrub(xai_Call *c) {
  xai_secret_hide(c, c->error.text, strlen(c->error.text));
  xai_secret_hide_in(c, &c->error_body.message);
  xai_secret_hide_in(c, &c->error_body.code);
  xai_secret_hide_in(c, &c->error_body.type);
  xai_secret_hide_in(c, &c->error_body.param);
  xai_secret_hide_in(c, &c->transfer.head);
  if (c->error.kind != XAI_KIND_NONE) xai_secret_hide_in(c, &c->transfer.body);
}
