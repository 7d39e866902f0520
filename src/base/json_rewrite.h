/*
** json_rewrite.h - JSON text rewritten so that decoders lose nothing.
*/
#ifndef XAI_BASE_JSON_REWRITE_H
#define XAI_BASE_JSON_REWRITE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* -------------- JSON text made safe for a decoder that would lose something */

/*
** Decoders for Lua lose empty arrays (they become empty tables, and objects
** when sent back) and integers that a double cannot hold.  Some refuse half of
** a surrogate pair.  Some misread numbers in a locale with a decimal comma.  Here such values are replaced, before decoding, by
** strings that begin with a mark; whoever has the decoded value puts the
** real thing in their place.
*/

/* What to replace. */
#define XAI_MARK_EMPTY_ARRAYS 1   /* []      becomes ["<mark>"] */
#define XAI_MARK_INTEGERS 2       /* 16 and more digits become "<mark>..." */
#define XAI_MARK_SURROGATES 4     /* lone halves become \ufffd */
#define XAI_MARK_SURROGATES_RAW 8 /* ... or three bytes, to be joined later */
#define XAI_MARK_NUMBERS 16       /* all numbers become "<mark>..." */

/*
** Rewrite 's' into 'out' (appended).  1 when it was rewritten; 0 when
** nothing needs it; XAI_ENOMEM.  But for 1 'out' is as before.  'mark' holds
** only characters that stand for themselves in JSON.
*/
int xai_json_mark(const char *s, size_t n, const char *mark, int what,
                  xai_Buffer *out);

/* May the text hold a number with a point?  0 only when it holds none. */
int xai_json_mark_fractions(const char *s, size_t n);

/* ----------------- long strings taken out of JSON text before it is decoded */

/*
** A picture in an answer is one string of megabytes.  Decoders read strings a
** byte at a time into memory of their own and copy them again; a string that
** needs no unescaping can be copied once instead (measured: 0.4 of the time,
** and two thirds of the memory).
*/

#define XAI_LONG_STRING_MIN ((size_t)64 << 10) /* shorter ones stay */

/*
** Find the next string value of XAI_LONG_STRING_MIN bytes or more, without escapes
** and control characters, at or behind '*at' (0 at first).  1, with what is
** between its quotes in '*found' and '*at' behind it; 0: there is none.
*/
int xai_json_long_strings(xai_Slice text, size_t *at, xai_Slice *found);

/* ----------------- the beginning of a JSON text, closed where it breaks off */

/*
** Append 's' without what is not whole at its end, with the quote and brackets
** that it lacks: a string is closed where it is cut, as a value; a name without
** a value, and a number that may go on, are left out.  Nothing is appended where
** it is plain that this is no JSON.  XAI_OK or XAI_ENOMEM.
*/
int xai_json_close(xai_Slice s, xai_Buffer *out);

#pragma GCC visibility pop

#endif
