/*
** json_rewrite.h - JSON text rewritten so that decoders lose nothing.
*/
#ifndef XAI_BASE_JSON_REWRITE_H
#define XAI_BASE_JSON_REWRITE_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* ------------------------------------------- values replaced by marked ones */

/*
** Decoders for Lua lose some values.  Empty arrays become empty tables, which
** are objects when they are sent back.  Integers lose digits that a double
** cannot hold.  Some decoders refuse a lone half of a surrogate pair, or
** misread numbers in a locale with a decimal comma.  Here such values become
** strings that begin with a mark.  After decoding, the caller puts the real
** values in their place.
*/

/* What to replace, as bits. */
#define XAI_MARK_EMPTY_ARRAYS 1   /* [] becomes ["<mark>"] */
#define XAI_MARK_INTEGERS 2       /* of 16 digits or more: "<mark>..." */
#define XAI_MARK_SURROGATES 4     /* lone surrogates become \ufffd */
#define XAI_MARK_SURROGATES_RAW 8 /* or three bytes, which are joined later */
#define XAI_MARK_NUMBERS 16       /* all numbers become "<mark>..." */

/*
** Appends 's', rewritten, to 'out'.  1: it was rewritten; 0: nothing needed it,
** and 'out' is as before; XAI_ENOMEM, and 'out' is as before.  'mark' holds
** only characters that stand for themselves in JSON.
*/
int xai_json_mark_values(const char *s, size_t n, const char *mark, int what,
                         xai_Buffer *out);

/* 0 if no number in the text has a decimal point; 1 if one may have. */
int xai_json_may_have_fraction(const char *s, size_t n);

/* ------------------------------------------------------------- long strings */

/*
** A picture in an answer is one string of megabytes.  Decoders read strings
** byte by byte and copy them twice.  A string without escapes can be copied
** once instead (measured: 0.4 of the time, two thirds of the memory).
*/

#define XAI_LONG_STRING_MIN ((size_t)64 << 10) /* bytes */

/*
** Finds the next string value of XAI_LONG_STRING_MIN bytes or more without
** escapes and control characters, from offset '*at' on (0 at first).  1:
** '*found' is the text between its quotes, and '*at' the offset after it; 0:
** there is none.
*/
int xai_json_next_long_string(xai_Slice text, size_t *at, xai_Slice *found);

/* ----------------------------------------------------------- truncated text */

/*
** Appends the whole values at the beginning of a truncated text, with the quote
** and the brackets that close them.  A string value is closed where the text
** ends.  A name without a value, and a number that may go on, are left out.
** Nothing is appended if the text is no JSON.  XAI_OK or XAI_ENOMEM.
*/
int xai_json_close_truncated(xai_Slice s, xai_Buffer *out);

#pragma GCC visibility pop

#endif
