/*
** jsoncodec.h - what the two halves of the JSON bridge share.
*/
#ifndef XAI_JSONCODEC_H
#define XAI_JSONCODEC_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

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

#pragma GCC visibility pop

#endif
