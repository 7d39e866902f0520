/*
** base64.h - bytes as base64 text, and back (RFC 4648).
**
** The decoder takes a text in pieces.  It knows both alphabets, the usual one
** and that for URLs, and goes past blanks and line ends.  Padding may be
** missing; where it stands, it must be complete and last.
*/
#ifndef XAI_BASE_BASE64_H
#define XAI_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* The most bytes of which xai_base64_encode makes a text. */
#define XAI_BASE64_MOST ((size_t)-1 / 4 * 3 - 3)

/* The characters for 'n' bytes, at most XAI_BASE64_MOST, with padding. */
size_t xai_base64_length(size_t n);

/* Write these characters to 'out'; no NUL follows them. */
void xai_base64_encode(const char *s, size_t n, char *out);

/* What is wrong with a text. */
typedef enum xai_Base64Fault {
  XAI_BASE64_GOOD,
  XAI_BASE64_CHARACTER, /* a character of no alphabet */
  XAI_BASE64_PADDING,   /* padding in the wrong place, or too little of it */
  XAI_BASE64_BEHIND,    /* something stands behind the padding */
  XAI_BASE64_CUT,       /* a single character remains: six bits are no byte */
  XAI_BASE64_BITS       /* the last character has bits that no byte has */
} xai_Base64Fault;

/* A decoder.  The first fault ends it: 'at' is where it is. */
typedef struct xai_Base64 {
  uint32_t bits;       /* of the characters of the group under way */
  int count;           /* these characters, 0 to 3 */
  int pads;            /* padding characters that came */
  size_t at;           /* offset of the next character in the whole text */
  unsigned char wrong; /* the character there */
  xai_Base64Fault fault;
} xai_Base64;

/* Make it ready for a new text. */
void xai_base64_begin(xai_Base64 *d);

/* The most bytes that 'n' more characters can give. */
size_t xai_base64_room(size_t n);

/* Decode 'n' more characters to 'out', which has that room.  Returns how many
** bytes were written.  'd->fault' tells whether the text is good so far. */
size_t xai_base64_decode(xai_Base64 *d, const char *s, size_t n, char *out);

/* The text has ended: write the bytes of its last group, up to two.  Returns
** how many. */
size_t xai_base64_end(xai_Base64 *d, char *out);

/* Write what is wrong, as a line of ASCII with the position, from 1. */
void xai_base64_explain(const xai_Base64 *d, char *out, size_t size);

#pragma GCC visibility pop

#endif
