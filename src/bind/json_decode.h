/*
** json_decode.h - from JSON text to Lua values.
*/
#ifndef XAI_BIND_JSON_DECODE_H
#define XAI_BIND_JSON_DECODE_H

#include "base/buffer.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* ----------------------------- what the two halves of the JSON bridge share */

#define XAI_CODEC_MT "xai.codec"
#define XAI_ARRAY_MT "xai.array"

/* Slots of a codec's environment. */
#define XAI_CODEC_ENCODE 1
#define XAI_CODEC_DECODE 2
#define XAI_CODEC_NULL 3
#define XAI_CODEC_VIM_NULL 4 /* vim.NIL; nil outside of Neovim */

typedef struct xai_Codec {
  xai_Buffer scratch; /* between two uses: empty */
  char mark[40];      /* begins strings that stand for something else */
  size_t mark_len;
  int own_null;        /* the module's null is xai.null */
  int empty_is_object; /* the module writes {} for an empty table */
  int lenient;         /* the module reads numbers that JSON does not have */
} xai_Codec;

/* Give back the memory of an unusually large text. */
void xai_codec_trim(xai_Codec *c);

/* ----------------------- the long strings of a JSON text, decoded beside it */

#define XAI_LONG_STRING 'L' /* behind a mark: the number of a string follows */

/* ----------------------------------------- between Lua values and JSON text */

/*
** A JSON library for Lua (lua-cjson in any of its forms, vim.json) does the
** conversion.  A codec makes all of them behave the same and lose nothing:
** integers of 64 bits, numbers beyond them, fractions in any locale, empty
** arrays, null, halves of surrogate pairs.
*/

/* Register the metatables of codecs and of marked arrays. */
void xai_json_open_lua(lua_State *L);

/* core.codec(module) -> codec.  'module' has encode and decode. */
int xai_json_codec(lua_State *L);

/*
** Replace the string on top of the stack by the value it holds; 1.  When it
** is not JSON, by the reason as a string; 0.  A byte order mark is skipped.
*/
int xai_json_decode(lua_State *L, int codec);

/*
** The same, but halves of surrogate pairs stay, as the three bytes that UTF-8
** would give them, so that they can be joined with what follows.
*/
int xai_json_decode_surrogates(lua_State *L, int codec);

#pragma GCC visibility pop

#endif
