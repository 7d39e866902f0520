/*
** buffer.h - byte slices, and buffers that grow.
*/
#ifndef XAI_BASE_BUFFER_H
#define XAI_BASE_BUFFER_H

#include <stddef.h>
#include <string.h>

#pragma GCC visibility push(hidden)

/* --------------------------------------- bytes that belong to somebody else */

typedef struct xai_Slice {
  const char *at;
  size_t len;
} xai_Slice;

/* Does the slice hold exactly the bytes of the C string 'text'?  In place,
** because for a literal the compiler then knows its length. */
static inline int xai_slice_is(xai_Slice s, const char *text) {
  size_t n = strlen(text);
  return s.len == n && memcmp(s.at, text, n) == 0;
}

/* The same without regard to the case of ASCII letters. */
int xai_slice_like(xai_Slice s, const char *text);

/* Does 'text' occur in the slice, in any case of ASCII letters? */
int xai_slice_has(xai_Slice s, const char *text);

/* Are there bytes among these that must not get into a header or a URL? */
int xai_bytes_have_control(const char *s, size_t n);

/* The slice without blanks, tabs and line ends at both ends. */
xai_Slice xai_slice_trim(xai_Slice s);

/* The slice without the byte order mark that UTF-8 texts may begin with. */
xai_Slice xai_slice_skip_bom(xai_Slice s);

/* ----------------- bytes that grow at the end and are consumed at the front */

/*
** The only place of the lower layers that allocates memory for contents.
*/

#define XAI_OK 0
#define XAI_ENOMEM (-1) /* the allocator said no; nothing was changed */
#define XAI_ELIMIT (-2) /* the buffer's maximum would be passed */

typedef struct xai_Buffer {
  char *at;   /* the allocation; NULL while nothing was stored */
  size_t rd;  /* first byte that is not consumed yet */
  size_t len; /* end of the stored bytes, counted from 'at' */
  size_t cap;
  size_t max; /* most unconsumed bytes; 0 means no limit */
} xai_Buffer;

void xai_buffer_init(xai_Buffer *b, size_t max);

/* Release the memory; the buffer stays usable and keeps its limit. */
void xai_buffer_free(xai_Buffer *b);

/* As xai_buffer_free, but overwrite the bytes first (for secrets). */
void xai_buffer_wipe(xai_Buffer *b);

/* Overwrite the contents and forget them; keep the memory. */
void xai_buffer_blank(xai_Buffer *b);

/* Make room for 'n' more bytes.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_buffer_reserve(xai_Buffer *b, size_t n);

/* Append 'n' bytes.  XAI_OK, XAI_ENOMEM or XAI_ELIMIT. */
int xai_buffer_append(xai_Buffer *b, const char *s, size_t n);

/* Append a C string. */
int xai_buffer_puts(xai_Buffer *b, const char *s);

/* Drop the first 'n' unconsumed bytes. */
void xai_buffer_consume(xai_Buffer *b, size_t n);

/* Drop 'n' bytes from offset 'at' on; those behind them move up. */
void xai_buffer_remove(xai_Buffer *b, size_t at, size_t n);

/* Forget the contents, keep the memory. */
void xai_buffer_clear(xai_Buffer *b);

/* Add a NUL behind the bytes, which is counted neither as one of them nor
** against the limit.  XAI_OK or XAI_ENOMEM. */
int xai_buffer_terminate(xai_Buffer *b);

/* Overwrite each occurrence of 'secret' with stars, also where characters of
** it stand there as JSON escapes. */
void xai_buffer_mask(xai_Buffer *b, xai_Slice secret);

/* Overwrite bytes that are not needed any more. */
void xai_bytes_wipe(char *s, size_t n);
void xai_bytes_mask(char *s, size_t n, xai_Slice secret);

/* The unconsumed bytes (never NULL) and their number. */
const char *xai_buffer_data(const xai_Buffer *b);
size_t xai_buffer_size(const xai_Buffer *b);

#pragma GCC visibility pop

#endif
