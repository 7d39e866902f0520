/*
** server.c - the server of the benchmarks: one thread, epoll, HTTP/1.1 with
** keep-alive, 127.0.0.1 only.
**
**   server [-p PORT] [-i IDLE_SECONDS]
**
** Prints "PORT <n>" once it listens (-p 0: any free port) and exits by itself
** after IDLE_SECONDS (30) without any traffic.
**
**   POST .../v1/chat/completions    a completion of about 600 bytes, whose
**                                   usage.prompt_tokens is the size of the body
**                                   received; with "stream":true a stream
**   POST .../v1/images/generations  {"data":[{"b64_json":...}]}, 'kb' KiB
**   GET  .../v1/models              a short list
**   GET  /bench/stats               the server's own CPU, requests, connections
**
** Settings come from a path prefix, so that any client can be pointed at them
** by its base URL, http://127.0.0.1:PORT/b/chunks=200,batch=1,delay=5000/v1,
** or from headers x-bench-chunks, x-bench-batch, ...:
**   chunks  content events in a stream (100)
**   batch   events per write() (1)
**   delay   us between two writes (0)
**   size    content bytes per event (0: a mix of short tokens)
**   frame   e: one HTTP chunk per event, w: one per write (e)
**   stamp   1: the 16 digits in system_fingerprint "fp_..." are the us of
**           CLOCK_REALTIME at which the event was written (also with a delay)
**   mb      MiB of base64 in the image answer (32)
**   kb      the same in KiB
**   status  answer with this status and an error body
**   wait    us before any answer
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NTOK 64
static const char *const TOK[8] = {
    " the",      " quick",        " brown",        " fox,",
    " jumps\\n", " \\\"over\\\"", " na\xc3\xafve", " \\u00e9t\\u00e9"};

struct cfg {
  long chunks, batch, delay, size, stamp, kb, status, wait;
  char frame;
};

/* events rendered once per (size, frame) */
struct ev {
  char *p;
  uint32_t len, stamp_off;
};
struct block {
  long size;
  char frame;
  struct ev role, tok[NTOK], fin; /* fin: finish_reason, usage and [DONE] */
  char *run;
  size_t runlen;
  uint32_t off[NTOK + 1]; /* all NTOK events laid out one after the other */
  struct block *next;
};

struct conn {
  int fd, heap_i; /* heap_i: place in the timer heap, -1 when not in it */
  char *in;
  size_t inlen, incap, hdr, need;
  int chunked, parsed, keep, cont;
  const char *path;
  size_t pathlen;
  int post;
  struct cfg c;
  char *own;
  size_t owncap, ownlen, ownpos; /* bytes owned by the connection */
  const char *st;
  size_t stlen; /* then static bytes (image body) */
  struct block *blk;
  long sent;
  int streaming; /* then a stream */
  uint64_t due;
  int wantout, waiting;
  struct conn *nextrun;
  int inrun;
};

static int ep;
static uint64_t nreq, nconn, nopen, last_ns;
static struct conn **heap;
static int nheap, capheap;
static struct conn *run_head;

static uint64_t mono(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}
static uint64_t real_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000u + t.tv_nsec / 1000;
}
static void *xr(void *p, size_t n) {
  p = realloc(p, n);
  if (!p) {
    perror("realloc");
    exit(1);
  }
  return p;
}

/* ---- timer heap ---- */
static void hset(int i, struct conn *c) {
  heap[i] = c;
  c->heap_i = i;
}
static void hup(int i) {
  struct conn *c = heap[i];
  while (i && heap[(i - 1) / 2]->due > c->due) {
    hset(i, heap[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  hset(i, c);
}
static void hdown(int i) {
  struct conn *c = heap[i];
  for (;;) {
    int k = 2 * i + 1;
    if (k >= nheap) break;
    if (k + 1 < nheap && heap[k + 1]->due < heap[k]->due) k++;
    if (heap[k]->due >= c->due) break;
    hset(i, heap[k]);
    i = k;
  }
  hset(i, c);
}
static void hpush(struct conn *c) {
  if (c->heap_i >= 0) return;
  if (nheap == capheap)
    heap = xr(heap, sizeof *heap * (capheap = capheap ? capheap * 2 : 64));
  nheap++;
  hset(nheap - 1, c);
  hup(nheap - 1);
}
static void hdel(struct conn *c) {
  int i = c->heap_i;
  if (i < 0) return;
  c->heap_i = -1;
  nheap--;
  if (i != nheap) {
    struct conn *m = heap[nheap];
    hset(i, m);
    hup(i);
    hdown(m->heap_i);
  }
}

/* ---- rendering ---- */
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
static struct block *get_block(long size, char frame) {
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
static const char HDRS[] =
    "date: Thu, 09 Oct 2025 08:53:20 GMT\r\naccess-control-expose-headers: "
    "X-Request-ID\r\nopenai-organization: org-bench\r\nopenai-processing-ms: "
    "241\r\nopenai-version: 2020-10-01\r\nx-ratelimit-limit-requests: "
    "10000\r\nx-ratelimit-limit-tokens: "
    "200000\r\nx-ratelimit-remaining-requests: "
    "9999\r\nx-ratelimit-remaining-tokens: "
    "199978\r\nx-ratelimit-reset-requests: 8.64s\r\nx-ratelimit-reset-tokens: "
    "6ms\r\nx-request-id: "
    "req_0123456789abcdef0123456789abcdef\r\nstrict-transport-security: "
    "max-age=31536000; includeSubDomains; preload\r\nserver: bench\r\n";

static void own_need(struct conn *c, size_t n) {
  if (c->ownlen + n > c->owncap)
    c->own = xr(c->own, c->owncap = (c->ownlen + n) * 2);
}
static void own_add(struct conn *c, const void *p, size_t n) {
  own_need(c, n);
  memcpy(c->own + c->ownlen, p, n);
  c->ownlen += n;
}
static void reply(struct conn *c, int status, const char *ct, const char *body,
                  size_t n, size_t extra) {
  char h[1600];
  int k = sprintf(
      h,
      "HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n%s%s\r\n",
      status, status == 200 ? "OK" : "Error", ct, n + extra, HDRS,
      c->keep ? "" : "connection: close\r\n");
  own_add(c, h, k);
  own_add(c, body, n);
}

static struct img {
  long kb;
  char *p;
  size_t n;
  struct img *next;
} * imgs;
static struct img *get_img(long kb) {
  for (struct img *i = imgs; i; i = i->next)
    if (i->kb == kb) return i;
  struct img *g = calloc(1, sizeof *g);
  g->kb = kb;
  g->next = imgs;
  imgs = g;
  size_t n = (size_t)kb << 10;
  static const char A[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  g->p = xr(NULL, n + 300);
  uint32_t x = 12345;
  size_t k = sprintf(g->p, "{\"created\":1760000000,\"background\":\"opaque\","
                           "\"data\":[{\"b64_json\":\"");
  for (size_t i = 0; i < n; i++) {
    x = x * 1664525u + 1013904223u;
    g->p[k++] = A[x >> 26];
  }
  k += sprintf(g->p + k, "\"}],\"output_format\":\"png\",\"quality\":\"high\","
                         "\"size\":\"1024x1024\",\"usage\":{\"input_tokens\":"
                         "14,\"output_tokens\":4160,\"total_tokens\":4174}}");
  g->n = k;
  return g;
}

/* ---- requests ---- */
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
  O("stamp", stamp);
  O("kb", kb);
  O("status", status);
  O("wait", wait);
}
static void drop(struct conn *c) {
  hdel(c);
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
  close(c->fd);
  nopen--;
  if (c->inrun) {
    c->fd = -1;
    return;
  }
  free(c->in);
  free(c->own);
  free(c);
}
static void want(struct conn *c, int out) {
  if (c->wantout == out) return;
  c->wantout = out;
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0),
                          .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
/* write what is owned/static; 1 all gone, 0 blocked, -1 closed */
static int flush(struct conn *c) {
  while (c->ownpos < c->ownlen || c->stlen) {
    struct iovec v[2] = {{c->own + c->ownpos, c->ownlen - c->ownpos},
                         {(void *)c->st, c->stlen}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) {
        want(c, 1);
        return 0;
      }
      if (errno == EINTR) continue;
      drop(c);
      return -1;
    }
    size_t a = c->ownlen - c->ownpos;
    if ((size_t)n < a) {
      c->ownpos += n;
      continue;
    }
    c->ownpos = c->ownlen;
    n -= a;
    c->st += n;
    c->stlen -= n;
  }
  c->ownpos = c->ownlen = 0;
  want(c, 0);
  return 1;
}
static void add_event(struct conn *c, struct ev *e, int stamp) {
  own_need(c, e->len);
  char *d = c->own + c->ownlen;
  memcpy(d, e->p, e->len);
  c->ownlen += e->len;
  if (stamp) {
    uint64_t t = real_us();
    for (int i = 15; i >= 0; i--, t /= 10) d[e->stamp_off + i] = '0' + t % 10;
  }
}
/* put the next batch of events behind what is owned */
static void next_batch(struct conn *c) {
  struct block *k = c->blk;
  int stamp = c->c.stamp || c->c.delay;
  long n = c->c.chunks - c->sent;
  if (n > c->c.batch) n = c->c.batch;
  size_t at = c->ownlen, room = 0;
  char hex[32];
  if (k->frame == 'w') {
    own_need(c, 20);
    c->ownlen += 10;
    room = 10;
  }
  if (c->sent == 0) add_event(c, &k->role, stamp);
  if (stamp)
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
  if (last) add_event(c, &k->fin, stamp);
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
static void feed(struct conn *c);
static void after(struct conn *c) {
  if (!c->keep) {
    shutdown(c->fd, SHUT_WR);
    drop(c);
  } else
    feed(c);
}
static void pump(struct conn *c) {
  int r = flush(c);
  if (r <= 0) return;
  for (int i = 0; c->streaming; i++) {
    if (c->c.delay) {
      uint64_t now = mono();
      if (c->due > now) {
        hpush(c);
        return;
      }
      c->due += c->c.delay * 1000;
    } else if (i == 64) {
      if (!c->inrun) {
        c->inrun = 1;
        c->nextrun = run_head;
        run_head = c;
      }
      return;
    }
    next_batch(c);
    r = flush(c);
    if (r <= 0) return;
  }
  if (c->waiting) return;
  after(c);
}
static int find_stream(const char *b, size_t n) {
  const char *e = b + n, *p = b;
  while ((p = memmem(p, e - p, "\"stream\"", 8))) {
    p += 8;
    while (p < e && (*p == ' ' || *p == ':')) p++;
    if (p < e && *p == 't') return 1;
  }
  return 0;
}
static void respond(struct conn *c, const char *body, size_t blen) {
  static const char tail[] = "/chat/completions";
  const char *p = c->path;
  size_t n = c->pathlen;
  char b[2000];
  const char *q = memchr(p, '?', n);
  if (q) n = q - p;
  nreq++;
#define IS(s)                                                                  \
  (n >= sizeof s - 1 && !memcmp(p + n - (sizeof s - 1), s, sizeof s - 1))
  if (c->c.status && c->c.status != 200) {
    int k = sprintf(
        b, "{\"error\":{\"message\":\"bench "
           "error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}");
    reply(c, c->c.status, "application/json", b, k, 0);
  } else if (IS(tail) && c->post && find_stream(body, blen)) {
    int k = sprintf(b,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; "
                    "charset=utf-8\r\ntransfer-encoding: "
                    "chunked\r\ncache-control: no-cache\r\n%s%s\r\n",
                    HDRS, c->keep ? "" : "connection: close\r\n");
    own_add(c, b, k);
    c->blk = get_block(c->c.size, c->c.frame);
    c->sent = 0;
    c->streaming = 1;
    c->due = mono();
    if (c->c.delay) c->due += c->c.delay * 1000;
    next_batch(c);
  } else if (IS(tail)) {
    int k = sprintf(
        b,
        "{\n  \"id\": \"chatcmpl-BenchAbCdEfGhIjKlMnOpQrStUv\",\n  \"object\": "
        "\"chat.completion\",\n  \"created\": 1760000000,\n  \"model\": "
        "\"gpt-4o-mini-2024-07-18\",\n  \"choices\": [{\"index\": 0, "
        "\"message\": {\"role\": \"assistant\", \"content\": \"Hello! How can "
        "I assist you today? I can write, explain, translate or summarise.\", "
        "\"refusal\": null, \"annotations\": []}, \"logprobs\": null, "
        "\"finish_reason\": \"stop\"}],\n  \"usage\": {\"prompt_tokens\": %zu, "
        "\"completion_tokens\": 18, \"total_tokens\": 27, "
        "\"prompt_tokens_details\": {\"cached_tokens\": 0, \"audio_tokens\": "
        "0}},\n  \"service_tier\": \"default\",\n  \"system_fingerprint\": "
        "\"fp_0123456789\"\n}\n",
        blen);
    reply(c, 200, "application/json", b, k, 0);
  } else if (IS("/images/generations")) {
    struct img *g = get_img(c->c.kb);
    reply(c, 200, "application/json", "", 0, g->n);
    c->st = g->p;
    c->stlen = g->n;
  } else if (IS("/models")) {
    int k =
        sprintf(b, "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\","
                   "\"object\":\"model\",\"created\":1721172741,\"owned_by\":"
                   "\"system\"},{\"id\":\"gpt-4o\",\"object\":\"model\","
                   "\"created\":1715367049,\"owned_by\":\"system\"}]}");
    reply(c, 200, "application/json", b, k, 0);
  } else if (IS("/bench/stats")) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    int k = sprintf(b,
                    "{\"user_us\":%ld,\"sys_us\":%ld,\"requests\":%llu,"
                    "\"connections\":%llu,\"open\":%llu}",
                    u.ru_utime.tv_sec * 1000000L + u.ru_utime.tv_usec,
                    u.ru_stime.tv_sec * 1000000L + u.ru_stime.tv_usec,
                    (unsigned long long)nreq, (unsigned long long)nconn,
                    (unsigned long long)nopen);
    reply(c, 200, "application/json", b, k, 0);
  } else
    reply(c, 404, "application/json",
          "{\"error\":{\"message\":\"no such path\"}}", 36, 0);
}
/* headers complete: look at them once */
static void head(struct conn *c) {
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
static size_t unchunk(char *b, size_t n, size_t *out, int dry) {
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
static void feed(struct conn *c) {
  while (!c->streaming && !c->waiting && c->ownlen == c->ownpos && !c->stlen &&
         c->inlen) {
    if (!c->parsed) {
      char *e = memmem(c->in, c->inlen, "\r\n\r\n", 4);
      if (!e) return;
      c->hdr = e + 4 - c->in;
      head(c);
      if (c->cont && c->inlen < c->hdr + c->need) {
        if (send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) <
            0) {
          drop(c);
          return;
        }
      }
      if (!c->chunked && c->incap < c->hdr + c->need) {
        size_t off = c->path - c->in;
        c->in = xr(c->in, c->incap = c->hdr + c->need);
        c->path = c->in + off;
      }
    }
    size_t take = c->need, blen = c->need;
    if (c->chunked) {
      take = unchunk(c->in + c->hdr, c->inlen - c->hdr, &blen, 1);
      if (!take) return;
      unchunk(c->in + c->hdr, c->inlen - c->hdr, &blen, 0);
    } else if (c->inlen - c->hdr < c->need)
      return;
    respond(c, c->in + c->hdr, blen);
    size_t used = c->hdr + take;
    memmove(c->in, c->in + used, c->inlen - used);
    c->inlen -= used;
    c->parsed = 0;
    if (c->incap > (1 << 20) && !c->inlen) {
      free(c->in);
      c->in = NULL;
      c->incap = 0;
    }
    if (c->c.wait) {
      c->waiting = 1;
      c->due = mono() + c->c.wait * 1000;
      hpush(c);
      return;
    }
    pump(c);
    return; /* pump comes back here by after() */
  }
}
static void readable(struct conn *c) {
  for (;;) {
    if (c->incap - c->inlen < 4096) {
      size_t off = c->parsed ? c->path - c->in : 0;
      c->in = xr(c->in, c->incap = c->incap ? c->incap * 2 : 16384);
      if (c->parsed) c->path = c->in + off;
    }
    size_t room = c->incap - c->inlen;
    ssize_t n = recv(c->fd, c->in + c->inlen, room, 0);
    if (n < 0) {
      if (errno == EAGAIN) break;
      if (errno == EINTR) continue;
      drop(c);
      return;
    }
    if (n == 0) {
      drop(c);
      return;
    }
    c->inlen += n;
    if ((size_t)n < room) break;
  }
  feed(c);
}
int main(int argc, char **argv) {
  int port = 0, idle = 30, o;
  while ((o = getopt(argc, argv, "p:i:")) != -1) {
    if (o == 'p')
      port = atoi(optarg);
    else if (o == 'i')
      idle = atoi(optarg);
    else
      return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET,
                          .sin_port = htons(port),
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t al = sizeof a;
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 8192)) {
    perror("listen");
    return 1;
  }
  getsockname(ls, (void *)&a, &al);
  printf("PORT %d\n", ntohs(a.sin_port));
  fflush(stdout);
  ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  last_ns = mono();
  static struct epoll_event ev[512];
  for (;;) {
    struct timespec ts = {1, 0};
    if (run_head)
      ts.tv_sec = 0;
    else if (nheap) {
      uint64_t now = mono(), d = heap[0]->due > now ? heap[0]->due - now : 0;
      if (d < 1000000000u) {
        ts.tv_sec = 0;
        ts.tv_nsec = d;
      }
    }
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    if (n < 0 && errno != EINTR) {
      perror("epoll");
      return 1;
    }
    uint64_t now = mono();
    if (n > 0 || nheap || run_head)
      last_ns = now;
    else if (now - last_ns > (uint64_t)idle * 1000000000u)
      return 0;
    for (int i = 0; i < n; i++) {
      struct conn *c = ev[i].data.ptr;
      if (!c) {
        int fd;
        for (int k = 0;
             k < 64 &&
             (fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;
             k++) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = calloc(1, sizeof *c);
          c->fd = fd;
          c->heap_i = -1;
          nconn++;
          nopen++;
          struct epoll_event x = {.events = EPOLLIN, .data.ptr = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
        }
        continue;
      }
      if (c->fd < 0) continue;
      if (ev[i].events & (EPOLLERR | EPOLLHUP)) {
        drop(c);
        continue;
      }
      if (ev[i].events & EPOLLOUT) {
        pump(c);
        continue;
      } /* level-triggered: input is seen next round */
      if (ev[i].events & EPOLLIN) readable(c);
    }
    while (nheap && heap[0]->due <= now) {
      struct conn *c = heap[0];
      hdel(c);
      c->waiting = 0;
      pump(c);
    }
    struct conn *r = run_head;
    run_head = NULL;
    while (r) {
      struct conn *x = r->nextrun;
      r->inrun = 0;
      if (r->fd < 0) {
        free(r->in);
        free(r->own);
        free(r);
      } else
        pump(r);
      r = x;
    }
  }
}
