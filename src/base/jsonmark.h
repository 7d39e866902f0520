/*
** jsonmark.h - JSON text made safe for a decoder that would lose something.
**
** Decoders for Lua lose empty arrays (they become empty tables, and objects
** when sent back) and integers that a double cannot hold.  Some refuse half of
** a surrogate pair.  Some misread numbers in a locale with a decimal comma.  Here such values are replaced, before decoding, by
** strings that begin with a mark; whoever has the decoded value puts the
** real thing in their place.
*/
#ifndef XAI_JSONMARK_H
#define XAI_JSONMARK_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* What to replace. */
#define XAI_MARK_EMPTY_ARRAYS 1 /* []      becomes ["<mark>"] */
#define XAI_MARK_INTEGERS 2     /* 16 and more digits become "<mark>..." */
#define XAI_MARK_SURROGATES 4   /* lone halves become \ufffd */
#define XAI_MARK_HALVES 8       /* ... or three bytes, to be joined later */
#define XAI_MARK_NUMBERS 16     /* all numbers become "<mark>..." */

/*
** Rewrite 's' into 'out' (appended).  1 when it was rewritten; 0 when
** nothing needs it; XAI_ENOMEM.  But for 1 'out' is as before.  'mark' holds
** only characters that stand for themselves in JSON.
*/
int xai_jsonmark(const char *s, size_t n, const char *mark, int what,
                 xai_Buffer *out);

/* May the text hold a number with a point?  0 only when it holds none. */
int xai_jsonmark_fractions(const char *s, size_t n);

#pragma GCC visibility pop

#endif
