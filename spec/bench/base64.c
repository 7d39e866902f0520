/*
** base64.c - how fast base64 is, without Lua: GB/s of bytes, in CPU time.
**
**   cc -O2 -Isrc spec/bench/base64.c src/base/base64.c -o .build/base64 &&
**     .build/base64
*/
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"

#define SIZE ((size_t)32 << 20)
#define TIMES 15

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double least(double a, double b) { return a < b ? a : b; }

int main(void) {
  size_t length = xai_base64_length(SIZE), i, n = 0;
  char *bytes = (char *)malloc(SIZE), *text = (char *)malloc(length),
       *back = (char *)malloc(xai_base64_room(length) + 2);
  double there = 1e9, again = 1e9;
  int k;
  if (bytes == NULL || text == NULL || back == NULL) return 1;
  for (i = 0; i < SIZE; i++) bytes[i] = (char)((i * 2654435761u) >> 13);
  for (k = 0; k < TIMES; k++) {
    xai_Base64 d;
    double a = now(), b;
    xai_base64_encode(bytes, SIZE, text);
    b = now();
    there = least(there, b - a);
    xai_base64_begin(&d);
    n = xai_base64_decode(&d, text, length, back);
    n += xai_base64_end(&d, back + n);
    again = least(again, now() - b);
  }
  if (n != SIZE || memcmp(bytes, back, n) != 0) return 1;
  printf("encoding %.2f GB/s, decoding %.2f GB/s\n", (double)SIZE / there / 1e9,
         (double)SIZE / again / 1e9);
  free(bytes);
  free(text);
  free(back);
  return 0;
}
