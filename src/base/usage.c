/*
** usage.c - what an answer says of its model and of what it used.
*/
#include "base/usage.h"

#include "base/json_scan.h"

void xai_usage_init(xai_Usage *u) {
  xai_buffer_init(&u->model, 0);
  xai_buffer_init(&u->id, 0);
  xai_buffer_init(&u->first, 0);
  xai_buffer_init(&u->last, 0);
}

void xai_usage_free(xai_Usage *u) {
  xai_buffer_free(&u->model);
  xai_buffer_free(&u->id);
  xai_buffer_free(&u->first);
  xai_buffer_free(&u->last);
}

/* A value of that type replaces what is in the buffer. */
static void take(xai_Buffer *b, const xai_Json *v, xai_JsonType type) {
  if (v->type != type || v->raw.len == 0) return;
  xai_buffer_clear(b);
  xai_buffer_append(b, v->raw.at, v->raw.len);
}

/* Chat names the model in each chunk. */
static void take_model(xai_Usage *u, const xai_Json *v) {
  if (xai_buffer_size(&u->model) == 0) take(&u->model, v, XAI_JSON_STRING);
}

/* The answer itself, as a member of an event. */
static void take_answer(xai_Usage *u, const xai_Json *answer,
                        xai_Buffer *usage) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json v;
  xai_json_open(&w, answer);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "model"))
      take_model(u, &v);
    else if (xai_slice_is(key, "usage"))
      take(usage, &v, XAI_JSON_OBJECT);
  }
}

void xai_usage_read(xai_Usage *u, xai_Slice json) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json whole, v;
  json = xai_slice_skip_bom(json);
  if (!xai_json_read(json.at, json.len, &whole) ||
      whole.type != XAI_JSON_OBJECT)
    return;
  xai_json_open(&w, &whole);
  while (xai_json_next(&w, &key, &v)) {
    if (xai_slice_is(key, "model"))
      take_model(u, &v);
    else if (xai_slice_is(key, "usage"))
      take(&u->last, &v, XAI_JSON_OBJECT);
    else if (xai_slice_is(key, "request_id"))
      take(&u->id, &v, XAI_JSON_STRING);
    else if (xai_slice_is(key, "response")) /* an event of responses */
      take_answer(u, &v, &u->last);
    else if (xai_slice_is(key, "message")) /* the first event of messages */
      take_answer(u, &v, &u->first);
  }
}
