/*
** fuzz.h - what the fuzz targets share.
**
** What decides where an input is cut is taken from its end, so that a fixture
** is a good first input as it is.
*/
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

typedef struct Input {
  const char *at;
  size_t len;
  uint64_t state; /* of the numbers drawn from it */
} Input;

/* The last eight bytes seed the numbers; the rest is the text. */
static inline void input_open(Input *in, const uint8_t *data, size_t n) {
  size_t i, seed = n < 8 ? n : 8;
  in->at = (const char *)data;
  in->len = n;
  in->state = 0x9E3779B97F4A7C15u;
  for (i = 0; i < seed; i++)
    in->state = (in->state ^ data[n - 1 - i]) * 0x100000001B3u;
}

static inline size_t input_number(Input *in, size_t below) {
  in->state = in->state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(in->state >> 33) % below;
}

/* A promise; a broken one ends the program, which the fuzzer reports. */
static inline void require(int kept) {
  if (!kept) abort();
}

static inline int same_bytes(const xai_Buffer *a, const xai_Buffer *b) {
  size_t n = xai_buffer_size(a);
  return n == xai_buffer_size(b) &&
         memcmp(xai_buffer_data(a), xai_buffer_data(b), n) == 0;
}

#endif
