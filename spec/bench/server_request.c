/*
** server_request.c - what a request asks for: its settings and its body.
*/
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void set_opt(struct cfg *g, const char *k, size_t kl, const char *v,
                    size_t vl) {
  char b[32];
  if (vl >= sizeof b) return;
  memcpy(b, v, vl);
  b[vl] = 0;
  long n = atol(b);
#define O(name, field)                                                         \
  else if (kl == sizeof name - 1 && !strncasecmp(k, name, kl)) g->field = n
  if (kl == 5 && !strncasecmp(k, "frame", 5)) g->frame = b[0];
  if (kl == 2 && !strncasecmp(k, "mb", 2)) g->kb = n << 10;
  O("chunks", chunks);
  O("batch", batch);
  O("delay", delay);
  O("delay-us", delay);
  O("size", size);
  O("stamp", varying_field);
  O("kb", kb);
  O("status", status);
  O("wait", wait);
}

void head(struct conn *c) {
  char *s = c->in, *e = c->in + c->hdr, *l = memchr(s, '\n', e - s);
  c->c = (struct cfg){.chunks = 100, .batch = 1, .kb = 32 << 10, .frame = 'e'};
  c->need = 0;
  c->chunked = c->cont = 0;
  c->keep = 1;
  c->post = *s == 'P';
  char *p = memchr(s, ' ', l - s);
  p = p ? p + 1 : s;
  char *pe = memchr(p, ' ', l - p);
  if (!pe) pe = l;
  c->path = p;
  c->pathlen = pe - p;
  if (l - s > 3 && l[-2] == '0' && l[-1] == '\r') c->keep = 0; /* HTTP/1.0 */
  if (c->pathlen > 3 && !memcmp(p, "/b/", 3))
    for (char *k = p + 3; k < pe && *k != '/';) {
      char *v = k;
      while (v < pe && *v != '=' && *v != '/') v++;
      if (v >= pe || *v != '=') break;
      char *x = ++v;
      while (x < pe && *x != ',' && *x != '/') x++;
      set_opt(&c->c, k, v - 1 - k, v, x - v);
      k = *x == ',' ? x + 1 : x;
    }
  for (char *h = l + 1; h < e;) {
    char *n = memchr(h, '\n', e - h);
    if (!n) break;
    char *col = memchr(h, ':', n - h);
    if (col) {
      char *v = col + 1;
      while (*v == ' ') v++;
      size_t kl = col - h, vl = n - v;
      while (vl && (v[vl - 1] == '\r' || v[vl - 1] == ' ')) vl--;
      switch (kl) {
        case 14:
          if (!strncasecmp(h, "content-length", 14))
            c->need = strtoul(v, NULL, 10);
          break;
        case 10:
          if (!strncasecmp(h, "connection", 10) && vl >= 5 &&
              !strncasecmp(v, "close", 5))
            c->keep = 0;
          break;
        case 17:
          if (!strncasecmp(h, "transfer-encoding", 17)) c->chunked = 1;
          break;
        case 6:
          if (!strncasecmp(h, "expect", 6)) c->cont = 1;
          break;
      }
      if (kl > 8 && !strncasecmp(h, "x-bench-", 8))
        set_opt(&c->c, h + 8, kl - 8, v, vl);
    }
    h = n + 1;
  }
  if (c->c.batch < 1) c->c.batch = 1;
  if (c->c.chunks < 1) c->c.chunks = 1;
  if (c->c.kb < 1 || c->c.kb > 512 << 10) c->c.kb = 32 << 10;
  c->parsed = 1;
}

/* with a chunked request body: 0 not whole yet, else bytes it takes; decoded
** in place into *out */
size_t unchunk(char *b, size_t n, size_t *out, int dry) {
  size_t i = 0, o = 0;
  for (;;) {
    char *l = memchr(b + i, '\n', n - i);
    if (!l) return 0;
    size_t k = strtoul(b + i, NULL, 16);
    i = l + 1 - b;
    if (i + k + 2 > n) return 0;
    if (!dry) memmove(b + o, b + i, k);
    o += k;
    i += k + 2;
    if (!k) {
      *out = o;
      return i;
    }
  }
}
