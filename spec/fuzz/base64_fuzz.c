/*
** base64_fuzz.c - bytes come back as they were, and a text means the same
** however it is cut.
*/
#include "base/base64.h"

#include "fuzz.h"

/* Decode in pieces of at most 'most' characters.  Returns the bytes' number. */
static size_t decode(xai_Base64 *d, Input *in, const char *s, size_t n,
                     size_t most, char *out) {
  size_t at, len, made = 0;
  xai_base64_begin(d);
  for (at = 0; at < n; at += len) {
    len = 1 + input_number(in, most);
    if (len > n - at) len = n - at;
    made += xai_base64_decode(d, s + at, len, out + made);
  }
  return made + xai_base64_end(d, out + made);
}

static char *room(size_t n) {
  char *p = (char *)malloc(n);
  require(p != NULL);
  return p;
}

static void there_and_back(Input *in) {
  size_t n = in->len, length = xai_base64_length(n);
  char *text = room(length + 1), *back = room(xai_base64_room(length) + 2);
  xai_Base64 d;
  xai_base64_encode(in->at, n, text);
  require(decode(&d, in, text, length, 1 + length / 3, back) == n);
  require(d.fault == XAI_BASE64_GOOD && memcmp(back, in->at, n) == 0);
  free(text);
  free(back);
}

static void however_it_is_cut(Input *in) {
  size_t n = in->len, made, again;
  char *whole = room(xai_base64_room(n) + 2),
       *cut = room(xai_base64_room(n) + 2);
  char words[120];
  xai_Base64 d, e;
  made = decode(&d, in, in->at, n, n + 1, whole);
  again = decode(&e, in, in->at, n, 7, cut);
  require(made == again && memcmp(whole, cut, made) == 0);
  require(d.fault == e.fault && d.at == e.at && d.wrong == e.wrong);
  require(d.at <= n);
  xai_base64_explain(&d, words, sizeof words);
  require(strlen(words) < sizeof words - 1);
  free(whole);
  free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  input_open(&in, data, n);
  there_and_back(&in);
  however_it_is_cut(&in);
  return 0;
}
