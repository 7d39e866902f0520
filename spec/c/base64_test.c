/*
** base64_test.c - what is encoded decodes to the same, however it is cut, and
** what no encoder writes is refused with its place.
*/
#include "base/base64.h"

#include "check.h"

#define MOST 600

/* Decode a text in pieces of 'step' characters.  Returns the bytes' number, or
** -1 with the fault in 'd'. */
static long decode_by(xai_Base64 *d, const char *s, size_t n, size_t step,
                      char *out) {
  size_t at, made = 0;
  xai_base64_begin(d);
  for (at = 0; at < n; at += step) {
    size_t len = n - at < step ? n - at : step;
    size_t got = xai_base64_decode(d, s + at, len, out + made);
    CHECK(got <= xai_base64_room(len));
    made += got;
  }
  made += xai_base64_end(d, out + made);
  return d->fault == XAI_BASE64_GOOD ? (long)made : -1;
}

/* The examples of RFC 4648, section 10. */
static void encodes_the_examples_of_the_rfc(void) {
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
  size_t i;
  for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[16], bytes[16];
    xai_Base64 d;
    size_t n = strlen(pairs[i][0]), length = xai_base64_length(n);
    check_note("%s", pairs[i][0]);
    CHECK(length == strlen(pairs[i][1]));
    xai_base64_encode(pairs[i][0], n, text);
    CHECK(memcmp(text, pairs[i][1], length) == 0);
    CHECK(decode_by(&d, text, length, 16, bytes) == (long)n);
    CHECK(memcmp(bytes, pairs[i][0], n) == 0);
  }
}

static void decodes_what_was_encoded_however_it_is_cut(void) {
  static char bytes[MOST], text[MOST * 4 / 3 + 8], back[MOST + 8];
  size_t n, i, step;
  for (n = 0; n < MOST; n += n < 40 ? 1 : 61) {
    size_t length = xai_base64_length(n);
    for (i = 0; i < n; i++) bytes[i] = (char)(i * 7919 + n * 31 + (i >> 3));
    xai_base64_encode(bytes, n, text);
    for (step = 1; step <= 9; step++) {
      xai_Base64 d;
      check_note("%lu bytes by %lu", (unsigned long)n, (unsigned long)step);
      CHECK(decode_by(&d, text, length, step, back) == (long)n);
      CHECK(memcmp(bytes, back, n) == 0);
    }
  }
}

typedef struct Good {
  const char *text, *bytes;
} Good;

static void takes_both_alphabets_blanks_and_missing_padding(void) {
  static const Good rows[] = {
      {"+/+/", "\xfb\xff\xbf"},
      {"-_-_", "\xfb\xff\xbf"},
      {"-/+_", "\xfb\xff\xbf"},
      {"Zg", "f"},
      {"Zm8", "fo"},
      {"Zm9v\r\nYmFy\n", "foobar"},
      {" Z m 9 v\t", "foo"},
      {"Z\ng\n=\n=\n", "f"},
      {"\n", ""},
      {"Zm9vYg==\n", "foob"},
  };
  size_t i, step;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    for (step = 1; step <= 5; step++) {
      char out[32];
      xai_Base64 d;
      size_t n = strlen(rows[i].bytes);
      check_note("row %lu by %lu", (unsigned long)i, (unsigned long)step);
      CHECK(decode_by(&d, rows[i].text, strlen(rows[i].text), step, out) ==
            (long)n);
      CHECK(memcmp(out, rows[i].bytes, n) == 0);
    }
}

typedef struct Bad {
  const char *text;
  xai_Base64Fault fault;
  const char *words;
} Bad;

static void names_what_is_wrong_and_where(void) {
  static const Bad rows[] = {
      {"Zm9v*mFy", XAI_BASE64_CHARACTER,
       "'*' at position 5 is no character of base64"},
      {"Zm\xc3\xa4", XAI_BASE64_CHARACTER,
       "the byte 0xC3 at position 3 is no character of base64"},
      {"Zm9v\x01", XAI_BASE64_CHARACTER,
       "the byte 0x01 at position 5 is no character of base64"},
      {"=", XAI_BASE64_PADDING, "there must be no '=' at position 1"},
      {"Z===", XAI_BASE64_PADDING, "there must be no '=' at position 2"},
      {"Zg===", XAI_BASE64_PADDING, "there must be no '=' at position 5"},
      {"Zm9v=", XAI_BASE64_PADDING, "there must be no '=' at position 5"},
      {"Zg=", XAI_BASE64_PADDING, "a '=' is missing at the end, position 4"},
      {"Zg==Zg==", XAI_BASE64_BEHIND,
       "'Z' at position 5 stands behind the padding"},
      {"Zg=g", XAI_BASE64_BEHIND,
       "'g' at position 4 stands behind the padding"},
      {"Zm9vY", XAI_BASE64_CUT,
       "the text ends at position 6, with a single character that makes no "
       "byte"},
      {"Zh==", XAI_BASE64_BITS,
       "the character before position 3 has bits that no byte has"},
      {"Zm9", XAI_BASE64_BITS,
       "the character before position 4 has bits that no byte has"},
  };
  size_t i, step;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    for (step = 1; step <= 9; step += 4) {
      char out[32], words[120];
      xai_Base64 d;
      check_note("row %lu by %lu", (unsigned long)i, (unsigned long)step);
      CHECK(decode_by(&d, rows[i].text, strlen(rows[i].text), step, out) == -1);
      CHECK(d.fault == rows[i].fault);
      xai_base64_explain(&d, words, sizeof words);
      CHECK_TEXT(check_slice(words, strlen(words)), rows[i].words);
    }
}

static void counts_positions_over_pieces(void) {
  char out[MOST], words[120];
  xai_Base64 d;
  int i;
  xai_base64_begin(&d);
  for (i = 0; i < 50; i++) xai_base64_decode(&d, "Zm9v\nYmFy\n", 10, out);
  CHECK(d.fault == XAI_BASE64_GOOD);
  CHECK(xai_base64_decode(&d, "Zm9v!", 5, out) == 3);
  CHECK(xai_base64_decode(&d, "Zm9v", 4, out) == 0); /* nothing comes behind */
  xai_base64_explain(&d, words, sizeof words);
  CHECK(strstr(words, "position 505 ") != NULL);
}

/* Each byte decodes as the alphabets say. */
static void knows_each_byte(void) {
  static const char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
  int c;
  for (c = 0; c < 256; c++) {
    char text[4] = {'A', 'A', 'A', 0}, out[8];
    const char *known = c ? strchr(alphabet, c) : NULL;
    xai_Base64 d;
    int blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    text[3] = (char)c;
    check_note("byte %d", c);
    xai_base64_begin(&d);
    if (known != NULL) {
      long value = (long)(known - alphabet);
      if (value >= 64) value -= 2;
      CHECK(xai_base64_decode(&d, text, 4, out) == 3);
      CHECK((unsigned char)out[2] == (unsigned char)value);
    } else {
      CHECK(xai_base64_decode(&d, text, 4, out) == 0);
      CHECK((d.fault == XAI_BASE64_GOOD) == (blank || c == '='));
    }
  }
}

int main(void) {
  RUN(encodes_the_examples_of_the_rfc);
  RUN(decodes_what_was_encoded_however_it_is_cut);
  RUN(takes_both_alphabets_blanks_and_missing_padding);
  RUN(names_what_is_wrong_and_where);
  RUN(counts_positions_over_pieces);
  RUN(knows_each_byte);
  return check_done();
}
