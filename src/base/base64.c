/*
** base64.c - bytes as base64 text, and back (RFC 4648).
*/
#include "base/base64.h"

#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------- encoding */

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t xai_base64_length(size_t n) { return (n + 2) / 3 * 4; }

static void encode_group(uint32_t n, char *out) {
  out[0] = digits[n >> 18];
  out[1] = digits[(n >> 12) & 63];
  out[2] = digits[(n >> 6) & 63];
  out[3] = digits[n & 63];
}

void xai_base64_encode(const char *s, size_t n, char *out) {
  const unsigned char *p = (const unsigned char *)s;
  for (; n >= 3; n -= 3, p += 3, out += 4)
    encode_group((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2], out);
  if (n == 0) return;
  encode_group((uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0), out);
  out[3] = '=';
  if (n == 1) out[2] = '=';
}

/* ----------------------------------------------------------------- decoding */

/* What a character is, beside a value below 64. */
#define SPACE 64
#define PAD 65
#define NONE 128

#define S SPACE
#define P PAD
#define N NONE
static const unsigned char values[256] = {
    N,  N,  N,  N,  N,  N,  N,  N,  N,  S,  S,  N,  N,  S,  N,  N,  /* 00 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* 10 */
    S,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  62, N,  62, N,  63, /* 20 */
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, N,  N,  N,  P,  N,  N,  /* 30 */
    N,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, /* 40 */
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, N,  N,  N,  N,  63, /* 50 */
    N,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, /* 60 */
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, N,  N,  N,  N,  N,  /* 70 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* 80 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* 90 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* A0 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* B0 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* C0 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* D0 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* E0 */
    N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  /* F0 */
};
#undef S
#undef P
#undef N

void xai_base64_begin(xai_Base64 *d) { memset(d, 0, sizeof *d); }

size_t xai_base64_room(size_t n) { return n / 4 * 3 + 3; }

static void put_group(uint32_t bits, char *out) {
  out[0] = (char)(bits >> 16);
  out[1] = (char)(bits >> 8 & 0xFF);
  out[2] = (char)(bits & 0xFF);
}

/* Decode whole groups of four digits.  Returns how many characters that were:
** fewer than 'n' where another character stands. */
static size_t decode_groups(const unsigned char *p, size_t n, char *out) {
  size_t i;
  for (i = 0; n - i >= 4; i += 4, out += 3) {
    uint32_t a = values[p[i]], b = values[p[i + 1]], c = values[p[i + 2]],
             e = values[p[i + 3]];
    if ((a | b | c | e) & ~(uint32_t)63) break;
    put_group(a << 18 | b << 12 | c << 6 | e, out);
  }
  return i;
}

static void fail(xai_Base64 *d, xai_Base64Fault fault, unsigned char c) {
  d->fault = fault;
  d->wrong = c;
}

/* Has the last character bits that are part of no byte? */
static int has_more_bits(const xai_Base64 *d) {
  return (d->count == 2 && (d->bits & 15) != 0) ||
         (d->count == 3 && (d->bits & 3) != 0);
}

/* Take one character.  Returns the number of bytes written, 0 or 3. */
static size_t decode_one(xai_Base64 *d, unsigned char c, char *out) {
  unsigned char value = values[c];
  if (value == NONE) {
    fail(d, XAI_BASE64_CHARACTER, c);
  } else if (value == PAD) {
    if (d->count < 2 || d->count + d->pads == 4)
      fail(d, XAI_BASE64_PADDING, c);
    else if (has_more_bits(d))
      fail(d, XAI_BASE64_BITS, c);
    else
      d->pads++;
  } else if (value != SPACE) {
    if (d->pads > 0) {
      fail(d, XAI_BASE64_BEHIND, c);
      return 0;
    }
    d->bits = d->bits << 6 | value;
    if (++d->count < 4) return 0;
    put_group(d->bits & 0xFFFFFF, out);
    d->bits = 0;
    d->count = 0;
    return 3;
  }
  return 0;
}

size_t xai_base64_decode(xai_Base64 *d, const char *s, size_t n, char *out) {
  const unsigned char *p = (const unsigned char *)s, *end = p + n;
  char *start = out;
  while (p < end && d->fault == XAI_BASE64_GOOD) {
    if (d->count == 0) {
      size_t m = decode_groups(p, (size_t)(end - p), out);
      p += m;
      out += m / 4 * 3;
      d->at += m;
      if (p == end) break;
    }
    out += decode_one(d, *p++, out);
    if (d->fault == XAI_BASE64_GOOD) d->at++;
  }
  return (size_t)(out - start);
}

size_t xai_base64_end(xai_Base64 *d, char *out) {
  if (d->fault != XAI_BASE64_GOOD || d->count == 0) return 0;
  if (d->count == 1)
    fail(d, XAI_BASE64_CUT, 0);
  else if (d->pads > 0 && d->count + d->pads < 4)
    fail(d, XAI_BASE64_PADDING, 0);
  else if (has_more_bits(d))
    fail(d, XAI_BASE64_BITS, 0);
  if (d->fault != XAI_BASE64_GOOD) return 0;
  out[0] = (char)(d->count == 2 ? d->bits >> 4 : d->bits >> 10);
  if (d->count == 3) out[1] = (char)(d->bits >> 2 & 0xFF);
  return (size_t)d->count - 1;
}

void xai_base64_explain(const xai_Base64 *d, char *out, size_t size) {
  unsigned long at = (unsigned long)d->at + 1;
  switch (d->fault) {
    case XAI_BASE64_GOOD: snprintf(out, size, "nothing is wrong"); break;
    case XAI_BASE64_CHARACTER:
      if (d->wrong > ' ' && d->wrong < 0x7F)
        snprintf(out, size, "'%c' at position %lu is no character of base64",
                 d->wrong, at);
      else
        snprintf(out, size,
                 "the byte 0x%02X at position %lu is no character of base64",
                 (unsigned)d->wrong, at);
      break;
    case XAI_BASE64_PADDING:
      if (d->wrong == 0)
        snprintf(out, size, "a '=' is missing at the end, position %lu", at);
      else
        snprintf(out, size, "there must be no '=' at position %lu", at);
      break;
    case XAI_BASE64_BEHIND:
      snprintf(out, size, "'%c' at position %lu stands behind the padding",
               d->wrong, at);
      break;
    case XAI_BASE64_CUT:
      snprintf(out, size,
               "the text ends at position %lu, with a single character that "
               "makes no byte",
               at);
      break;
    case XAI_BASE64_BITS:
      snprintf(out, size,
               "the character before position %lu has bits that no byte has",
               at);
      break;
  }
}
