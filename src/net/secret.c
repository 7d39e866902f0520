/*
** secret.c - the key that a call sends: kept out of all that is shown.
*/
#include "net/secret.h"

#include <string.h>

#define MIN_SECRET 8 /* a shorter key is none, and masking it spoils words */

/* The key in a header line; length 0 when it carries none.  Before it there
** may be the name of a scheme, such as "Bearer". */
static xai_Slice key_of(const char *line) {
  xai_Slice name = {line, strcspn(line, ":")}, key = {"", 0};
  size_t i;
  if (!xai_slice_like(name, "authorization") &&
      !xai_slice_like(name, "x-api-key"))
    return key;
  key.at = line + name.len + (line[name.len] == ':');
  key.len = strlen(key.at);
  key = xai_slice_trim(key);
  for (i = key.len; i > 0 && key.at[i - 1] != ' ';) i--;
  key.at += i;
  key.len -= i;
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

void xai_secret_hide(const xai_Call *c, char *s, size_t n) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL && n > 0; h = h->next) {
    xai_Slice key = key_of(h->data);
    if (key.len >= MIN_SECRET) xai_bytes_mask(s, n, key);
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
  xai_secret_hide(c, c->fault.text, strlen(c->fault.text));
  xai_secret_hide_in(c, &c->complaint.message);
  xai_secret_hide_in(c, &c->complaint.code);
  xai_secret_hide_in(c, &c->complaint.type);
  xai_secret_hide_in(c, &c->complaint.param);
  xai_secret_hide_in(c, &c->transfer.head);
  if (c->fault.kind != XAI_KIND_NONE) xai_secret_hide_in(c, &c->transfer.body);
}
