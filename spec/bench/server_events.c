/*
** server_events.c - the events of a stream: rendered once, copied often.
*/
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const TOK[8] = {
    " the",      " quick",        " brown",        " fox,",
    " jumps\\n", " \\\"over\\\"", " na\xc3\xafve", " \\u00e9t\\u00e9"};

static uint64_t real_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000u + t.tv_nsec / 1000;
}

void own_need(struct conn *c, size_t n) {
  if (c->ownlen + n > c->owncap)
    c->own = xr(c->own, c->owncap = (c->ownlen + n) * 2);
}
void own_add(struct conn *c, const void *p, size_t n) {
  own_need(c, n);
  memcpy(c->own + c->ownlen, p, n);
  c->ownlen += n;
}

static const char P1[] =
    "data: "
    "{\"id\":\"chatcmpl-BenchAbCdEfGhIjKlMnOpQrStUv\",\"object\":\"chat."
    "completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-"
    "18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_";
static void render(struct ev *e, char frame, const char *delta, size_t dl,
                   const char *fin, const char *more) {
  char *b = xr(NULL, dl + 1200);
  size_t n = 0, off;
  char hex[16];
  n += sprintf(b, "%s0000000000000000\",\"choices\":[{\"index\":0,\"delta\":{",
               P1);
  off = sizeof P1 - 1;
  memcpy(b + n, delta, dl);
  n += dl;
  n += sprintf(b + n,
               "},\"logprobs\":null,\"finish_reason\":%s}],\"usage\":null}\n\n",
               fin);
  if (more) n += sprintf(b + n, "%s", more);
  if (frame == 'e') {
    int h = sprintf(hex, "%zx\r\n", n);
    memmove(b + h, b, n);
    memcpy(b, hex, h);
    n += h;
    off += h;
    memcpy(b + n, "\r\n", 2);
    n += 2;
  }
  e->p = b;
  e->len = n;
  e->stamp_off = off;
}
static struct block *blocks;
struct block *get_block(long size, char frame) {
  for (struct block *k = blocks; k; k = k->next)
    if (k->size == size && k->frame == frame) return k;
  struct block *k = calloc(1, sizeof *k);
  k->size = size;
  k->frame = frame;
  k->next = blocks;
  blocks = k;
  char *d = xr(NULL, size + 64);
  static const char role[] =
      "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null";
  render(&k->role, frame, role, sizeof role - 1, "null", NULL);
  for (int i = 0; i < NTOK; i++) {
    int n = sprintf(d, "\"content\":\"");
    if (size) {
      memset(d + n, 'a' + i % 26, size);
      n += size;
      d[n++] = '"';
    } else
      n += sprintf(d + n, "%s\"", TOK[i % 8]);
    render(&k->tok[i], frame, d, n, "null", NULL);
    k->off[i] = k->runlen;
    k->run = xr(k->run, k->runlen + k->tok[i].len);
    memcpy(k->run + k->runlen, k->tok[i].p, k->tok[i].len);
    k->runlen += k->tok[i].len;
  }
  k->off[NTOK] = k->runlen;
  static const char more[] =
      "data: "
      "{\"id\":\"chatcmpl-BenchAbCdEfGhIjKlMnOpQrStUv\",\"object\":\"chat."
      "completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-"
      "07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_"
      "0000000000000000\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
      "\"completion_tokens\":4242,\"total_tokens\":4251,\"prompt_tokens_"
      "details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_"
      "details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}}\n\ndata: "
      "[DONE]\n\n";
  render(&k->fin, frame, "", 0, "\"stop\"", more);
  free(d);
  return k;
}

static void add_event(struct conn *c, struct ev *e, int varying_field) {
  own_need(c, e->len);
  char *d = c->own + c->ownlen;
  memcpy(d, e->p, e->len);
  c->ownlen += e->len;
  if (varying_field) {
    uint64_t t = real_us();
    for (int i = 15; i >= 0; i--, t /= 10) d[e->stamp_off + i] = '0' + t % 10;
  }
}
void next_batch(struct conn *c) {
  struct block *k = c->blk;
  int varying_field = c->c.varying_field || c->c.delay;
  long n = c->c.chunks - c->sent;
  if (n > c->c.batch) n = c->c.batch;
  size_t at = c->ownlen, room = 0;
  char hex[32];
  if (k->frame == 'w') {
    own_need(c, 20);
    c->ownlen += 10;
    room = 10;
  }
  if (c->sent == 0) add_event(c, &k->role, varying_field);
  if (varying_field)
    for (long i = 0; i < n; i++) add_event(c, &k->tok[(c->sent + i) % NTOK], 1);
  else
    for (long left = n, i = c->sent % NTOK; left;) {
      long m = NTOK - i < left ? NTOK - i : left;
      own_add(c, k->run + k->off[i], k->off[i + m] - k->off[i]);
      left -= m;
      i = 0;
    }
  c->sent += n;
  int last = c->sent >= c->c.chunks;
  if (last) add_event(c, &k->fin, varying_field);
  if (room) {
    sprintf(hex, "%08zx\r\n", c->ownlen - at - room);
    memcpy(c->own + at, hex, 10);
    own_add(c, "\r\n", 2);
  }
  if (last) {
    own_add(c, "0\r\n\r\n", 5);
    c->streaming = 0;
  }
}
