/*
** server_answers.c - the answers that are not streams, and the heads of all.
*/
#define _GNU_SOURCE
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

struct img {
  long kb;
  char *p;
  size_t n;
  struct img *next;
};
static struct img *imgs;
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

static int find_stream(const char *b, size_t n) {
  const char *e = b + n, *p = b;
  while ((p = memmem(p, e - p, "\"stream\"", 8))) {
    p += 8;
    while (p < e && (*p == ' ' || *p == ':')) p++;
    if (p < e && *p == 't') return 1;
  }
  return 0;
}
void respond(struct conn *c, const char *body, size_t blen) {
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
