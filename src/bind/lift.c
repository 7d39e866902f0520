/*
** lift.c - the long strings of a JSON text, decoded beside it.
*/
#include "bind/lift.h"

#include <stdio.h>

#include "base/jsonlift.h"
#include "bind/push.h"

#define MOST 64 /* what comes behind these is left to the decoder */

typedef struct Lift {
  xai_Slice text;
  xai_Slice found[MOST];
  int count;
} Lift;

static void look(Lift *l) {
  size_t at = 0;
  l->count = 0;
  while (l->count < MOST && xai_jsonlift(l->text, &at, &l->found[l->count]))
    l->count++;
}

/* Append "<mark>L<i>" and what stands before it. */
static int put(xai_Codec *c, xai_Slice before, int i) {
  char number[16];
  int rc = xai_buffer_append(&c->scratch, before.at, before.len);
  snprintf(number, sizeof number, "%c%d", XAI_LIFTED, i);
  if (rc == XAI_OK) rc = xai_buffer_append(&c->scratch, c->mark, c->mark_len);
  return rc == XAI_OK ? xai_buffer_puts(&c->scratch, number) : rc;
}

/* Write the text without its long strings into the codec's scratch. */
static int write_rest(xai_Codec *c, const Lift *l) {
  xai_Slice between = l->text;
  int i, rc = XAI_OK;
  xai_buffer_clear(&c->scratch);
  for (i = 0; i < l->count && rc == XAI_OK; i++) {
    between.len = (size_t)(l->found[i].at - between.at);
    rc = put(c, between, i + 1);
    between.at = l->found[i].at + l->found[i].len;
  }
  between.len = (size_t)(l->text.at + l->text.len - between.at);
  return rc == XAI_OK ? xai_buffer_append(&c->scratch, between.at, between.len)
                      : rc;
}

int xai_lift_strings(lua_State *L, xai_Codec *c) {
  Lift l;
  int i, text = lua_gettop(L) + 1;
  l.text.at = lua_tolstring(L, text - 1, &l.text.len);
  lua_pushnil(L);
  lua_insert(L, text - 1);
  look(&l);
  if (l.count == 0) return 0;
  if (write_rest(c, &l) != XAI_OK) luaL_error(L, "not enough memory");
  xai_push_buffer(L, &c->scratch); /* at once: a finalizer may decode, too */
  xai_codec_trim(c);
  lua_createtable(L, l.count, 0);
  for (i = 0; i < l.count; i++) {
    lua_pushlstring(L, l.found[i].at, l.found[i].len);
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, text - 1); /* the list, for nil */
  lua_replace(L, text);     /* the rest, for the text: the last that needs it */
  return 1;
}
