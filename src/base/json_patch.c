/*
** json_patch.c - JSON objects with some members replaced, added or removed.
*/
#include "base/json_patch.h"

#include <string.h>

#include "base/json_scan.h"

/* ------------------------------------------------------------------- lists */

/* Begins a walk through the members or items of a text. */
static xai_JsonWalk walk_of(xai_Slice text) {
  xai_Json v;
  xai_JsonWalk w;
  xai_json_read(text.at, text.len, &v);
  xai_json_open(&w, &v);
  return w;
}

xai_Slice xai_json_patch_at(xai_Slice list, int n) {
  xai_JsonWalk w = walk_of(list);
  xai_Slice key, none = {"", 0};
  xai_Json v;
  while (xai_json_next(&w, &key, &v))
    if (n-- == 0) return v.raw;
  return none;
}

int xai_json_patch_count(xai_Slice list) {
  xai_JsonWalk w = walk_of(list);
  xai_Slice key;
  xai_Json v;
  int n = 0;
  while (xai_json_next(&w, &key, &v)) n++;
  return n;
}

/* ----------------------------------------------------------------- members */

/* Orders names by their bytes. */
static int compare(xai_Slice a, xai_Slice b) {
  int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
  if (order != 0) return order;
  return a.len < b.len ? -1 : a.len > b.len;
}

/* Finds the member of that name.  Returns 1, or 0 if there is none. */
static int find(xai_Slice object, xai_Slice name, xai_Json *v) {
  xai_JsonWalk w = walk_of(object);
  xai_Slice key;
  while (xai_json_next(&w, &key, v))
    if (compare(key, name) == 0) return 1;
  return 0;
}

static int put_quoted(xai_Buffer *out, xai_Slice s) {
  int rc = xai_buffer_puts(out, "\"");
  if (rc == XAI_OK) rc = xai_buffer_append(out, s.at, s.len);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, "\"");
  return rc;
}

/* Appends a member, with a comma unless it is the first. */
static int put_member(xai_Buffer *out, int *count, xai_Slice key,
                      const xai_Json *v) {
  int rc = (*count)++ > 0 ? xai_buffer_puts(out, ",") : XAI_OK;
  if (rc == XAI_OK) rc = put_quoted(out, key);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, ":");
  if (rc != XAI_OK) return rc;
  return v->type == XAI_JSON_STRING
             ? put_quoted(out, v->raw)
             : xai_buffer_append(out, v->raw.at, v->raw.len);
}

/* Appends a member of the patch, if the body has none of that name. */
static int put_new(xai_Buffer *out, int *count, xai_Slice body, xai_Slice key,
                   const xai_Json *v) {
  xai_Json old;
  if (v->type == XAI_JSON_NULL || find(body, key, &old)) return XAI_OK;
  return put_member(out, count, key, v);
}

/* Appends a member of the body as the patch leaves it. */
static int put_old(xai_Buffer *out, int *count, xai_Slice patch, xai_Slice key,
                   const xai_Json *v) {
  xai_Json other;
  if (!find(patch, key, &other)) return put_member(out, count, key, v);
  if (other.type == XAI_JSON_NULL) return XAI_OK;
  return put_member(out, count, key, &other);
}

int xai_json_patch(xai_Slice body, xai_Slice patch, xai_Buffer *out) {
  xai_JsonWalk old = walk_of(body), added = walk_of(patch);
  xai_Slice key, name = {"", 0};
  xai_Json v, other;
  int count = 0, more = xai_json_next(&added, &name, &other);
  int rc = xai_buffer_puts(out, "{");
  while (rc == XAI_OK && xai_json_next(&old, &key, &v)) {
    while (rc == XAI_OK && more && compare(name, key) < 0) {
      rc = put_new(out, &count, body, name, &other);
      more = xai_json_next(&added, &name, &other);
    }
    if (rc == XAI_OK) rc = put_old(out, &count, patch, key, &v);
  }
  while (rc == XAI_OK && more) {
    rc = put_new(out, &count, body, name, &other);
    more = xai_json_next(&added, &name, &other);
  }
  return rc == XAI_OK ? xai_buffer_puts(out, "}") : rc;
}
