/*
** buffer.h - byte slices, and buffers that grow.
**
** Buffers are the only place of base and net that allocates for contents.
*/
#ifndef XAI_BASE_BUFFER_H
#define XAI_BASE_BUFFER_H

#include <stddef.h>
#include <string.h>

#pragma GCC visibility push(hidden)

/* ------------------------------------------------------------------- slices */

/* Bytes that belong to somebody else; no NUL follows them. */
typedef struct xai_Slice {
  const char *at;
  size_t len;
} xai_Slice;

/* 1 if the slice equals the C string 'text'.  Inline: for a literal the
** compiler knows its length. */
static inline int xai_slice_is(xai_Slice s, const char *text) {
  size_t n = strlen(text);
  return s.len == n && memcmp(s.at, text, n) == 0;
}

/* The same, in any case of ASCII letters. */
int xai_slice_like(xai_Slice s, const char *text);

/* Where 'what' first occurs in the slice, or NULL; 'what' is not empty. */
const char *xai_slice_find(xai_Slice s, xai_Slice what);

/* 1 if 'text' occurs in the slice, in any case of ASCII letters. */
int xai_slice_has(xai_Slice s, const char *text);

/* The first byte from 'p' on that is no blank, tab or line end, or 'end'. */
const char *xai_bytes_skip_space(const char *p, const char *end);

/* The slice without blanks, tabs and line ends at both ends. */
xai_Slice xai_slice_trim(xai_Slice s);

/* The slice without the byte order mark that a UTF-8 text may begin with. */
xai_Slice xai_slice_skip_bom(xai_Slice s);

/* 1 if one of the bytes is a control character, which neither a header nor a
** URL may contain. */
int xai_bytes_have_control(const char *s, size_t n);

/* Overwrites the bytes with zeros; the compiler cannot leave it out. */
void xai_bytes_wipe(char *s, size_t n);

/* Overwrites each occurrence of 'secret' with stars, also where JSON escapes
** stand for its characters. */
void xai_bytes_mask(char *s, size_t n, xai_Slice secret);

/* ------------------------------------------------------------------ buffers */

#define XAI_OK 0
#define XAI_ENOMEM (-1) /* an allocation failed; nothing was changed */
#define XAI_ELIMIT (-2) /* the buffer's maximum would be exceeded */

/* Bytes that grow at the end and are consumed at the front. */
typedef struct xai_Buffer {
  char *at;   /* the allocation; NULL while nothing was stored */
  size_t rd;  /* offset of the first unconsumed byte */
  size_t len; /* offset of the end of the stored bytes */
  size_t cap; /* size of the allocation */
  size_t max; /* most unconsumed bytes; 0: no limit */
} xai_Buffer;

/* Makes an empty buffer; nothing is allocated.  'max' as above. */
void xai_buffer_init(xai_Buffer *b, size_t max);

/* Releases the memory.  The buffer is empty, usable, and keeps its limit. */
void xai_buffer_free(xai_Buffer *b);

/* The same, and overwrites the bytes first (for secrets). */
void xai_buffer_wipe(xai_Buffer *b);

/* Overwrites the contents and makes the buffer empty; keeps the memory. */
void xai_buffer_blank(xai_Buffer *b);

/* Makes the buffer empty; keeps the memory. */
void xai_buffer_clear(xai_Buffer *b);

/* Makes room for 'n' more bytes.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_buffer_reserve(xai_Buffer *b, size_t n);

/* Appends 'n' bytes.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_buffer_append(xai_Buffer *b, const char *s, size_t n);

/* Appends a C string.  The same results. */
int xai_buffer_puts(xai_Buffer *b, const char *s);

/* Writes a NUL after the bytes.  It counts neither as one of them nor against
** the limit.  XAI_OK or XAI_ENOMEM. */
int xai_buffer_terminate(xai_Buffer *b);

/* Drops the first 'n' unconsumed bytes, or all of them. */
void xai_buffer_consume(xai_Buffer *b, size_t n);

/* Removes 'n' bytes at offset 'at' of the unconsumed bytes; later ones move up.
** Both must lie within them. */
void xai_buffer_remove(xai_Buffer *b, size_t at, size_t n);

/* The unconsumed bytes (never NULL), their number, and both as a slice.  Valid
** until the buffer changes. */
const char *xai_buffer_data(const xai_Buffer *b);
size_t xai_buffer_size(const xai_Buffer *b);
xai_Slice xai_buffer_slice(const xai_Buffer *b);

#pragma GCC visibility pop

#endif
