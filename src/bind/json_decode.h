/*
** json_decode.h - from JSON text to Lua values.
*/
#ifndef XAI_BIND_JSON_DECODE_H
#define XAI_BIND_JSON_DECODE_H

#include "base/buffer.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

#define XAI_CODEC_MT "xai.codec"
#define XAI_ARRAY_MT "xai.array"

/* Slots of a codec's environment. */
#define XAI_CODEC_ENCODE 1
#define XAI_CODEC_DECODE 2
#define XAI_CODEC_NULL 3
#define XAI_CODEC_VIM_NULL 4 /* vim.NIL; nil outside of Neovim */

typedef struct xai_Codec {
  xai_Buffer scratch; /* empty between uses */
  char mark[40];      /* begins strings that stand for other values */
  size_t mark_len;
  int own_null;        /* the module's null is xai.null */
  int empty_is_object; /* the module writes {} for an empty table */
  int lenient;         /* the module reads numbers that JSON does not have */
} xai_Codec;

/* Empty the scratch buffer, and free it if it is large. */
void xai_codec_trim(xai_Codec *c);

/* Between a mark and the number of a long string that was taken out. */
#define XAI_LONG_STRING 'L'

/*
** A JSON library for Lua (lua-cjson in any of its forms, vim.json) converts.  A
** codec makes all of them behave the same and lose nothing: 64-bit integers,
** longer numbers, fractions in any locale, empty arrays, null, unpaired
** surrogates.
*/

/* Register the metatables of codecs and of marked arrays. */
void xai_codec_open(lua_State *L);

/* core.codec(module) -> codec.  'module' has encode and decode. */
int xai_codec_new(lua_State *L);

/*
** Replace the string on top of the stack by the value it holds and return 1; if
** it is not JSON, by the reason as a string and return 0.  A byte order mark is
** skipped.
*/
int xai_json_decode(lua_State *L, int codec);

/*
** The same, but an unpaired surrogate becomes the three bytes that UTF-8 would
** give it, so that it can be joined with its pair in the next text.
*/
int xai_json_decode_surrogates(lua_State *L, int codec);

#pragma GCC visibility pop

#endif
