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
#define XAI_ORDERED "xai.ordered" /* field of a metatable: a list of names */

/* Slots of a codec's environment. */
#define XAI_CODEC_DECODE 1
#define XAI_CODEC_NULL 2
#define XAI_CODEC_VIM_NULL 3 /* vim.NIL; nil outside of Neovim */
#define XAI_CODEC_ARRAY_MT 4 /* the module's marks of arrays; else nil */
#define XAI_CODEC_EMPTY_ARRAY_MT 5
#define XAI_CODEC_EMPTY_ARRAY 6
#define XAI_CODEC_OUR_ARRAY 7   /* the metatable XAI_ARRAY_MT */
#define XAI_CODEC_ORDERED_KEY 8 /* the string XAI_ORDERED */

typedef struct xai_Codec {
  xai_Buffer scratch; /* for decoding; empty between uses */
  xai_Buffer text;    /* that is being encoded */
  xai_Buffer members; /* of the objects that are being encoded */
  int busy;           /* 'text' and 'members' are in use */
  char mark[40];      /* begins strings that stand for other values */
  size_t mark_len;
  int own_null; /* the module's null is xai.null */
  int lenient;  /* the module reads numbers that JSON does not have */
} xai_Codec;

/* Empty the buffers, and free those that are large. */
void xai_codec_trim(xai_Codec *c);

/* Between a mark and the number of a long string that was taken out. */
#define XAI_LONG_STRING 'L'

/*
** A JSON library for Lua (lua-cjson in any of its forms, vim.json) decodes.  A
** codec makes all of them behave the same and lose nothing: 64-bit integers,
** longer numbers, fractions in any locale, empty arrays, null, unpaired
** surrogates.
*/

/* Register the metatables of codecs and of marked arrays. */
void xai_codec_open(lua_State *L);

/* core.codec(module) -> codec.  'module' has decode. */
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
