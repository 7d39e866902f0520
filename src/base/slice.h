/*
** slice.h - bytes that belong to somebody else.
*/
#ifndef XAI_SLICE_H
#define XAI_SLICE_H

#include <stddef.h>
#include <string.h>

#pragma GCC visibility push(hidden)

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

#pragma GCC visibility pop

#endif
