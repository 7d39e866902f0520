/*
** chance.c - random bytes from the operating system, read in portions.
*/
#include "base/chance.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/process.h"

void xai_chance_init(xai_Chance *c) { memset(c, 0, sizeof *c); }

/* Where there is no /dev/urandom: good enough for waits and names, which is
** all that chance is used for here. */
static void weak_bytes(unsigned char *s, size_t n, const void *salt) {
  uint64_t state = (uint64_t)xai_clock_ms() * 0x9E3779B97F4A7C15u;
  size_t i;
  state ^= (uint64_t)time(NULL) ^ (uint64_t)(uintptr_t)salt;
  state ^= (uint64_t)xai_process() << 32;
  for (i = 0; i < n; i++) {
    state += 0x9E3779B97F4A7C15u;
    s[i] = (unsigned char)((state ^ (state >> 31)) * 0xBF58476D1CE4E5B9u >> 56);
  }
}

static void refill(xai_Chance *c) {
  FILE *f = fopen("/dev/urandom", "rb");
  size_t got = 0;
  if (f != NULL) {
    setvbuf(f, NULL, _IONBF, 0);
    got = fread(c->pool, 1, sizeof c->pool, f);
    fclose(f);
  }
  if (got < sizeof c->pool) weak_bytes(c->pool + got, sizeof c->pool - got, c);
  c->left = sizeof c->pool;
  c->pid = xai_process();
}

void xai_chance_bytes(xai_Chance *c, void *s, size_t n) {
  unsigned char *out = (unsigned char *)s;
  if (c->pid != xai_process()) c->left = 0;
  while (n-- > 0) {
    if (c->left == 0) refill(c);
    *out++ = c->pool[sizeof c->pool - c->left--];
  }
}

double xai_chance_roll(xai_Chance *c) {
  uint32_t u;
  xai_chance_bytes(c, &u, sizeof u);
  return (double)u / 4294967296.0;
}

void xai_chance_uuid(xai_Chance *c, char out[XAI_UUID_SIZE]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char b[16];
  int i;
  xai_chance_bytes(c, b, sizeof b);
  b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
  for (i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = digits[b[i] >> 4];
    *out++ = digits[b[i] & 15];
  }
  *out = '\0';
}
