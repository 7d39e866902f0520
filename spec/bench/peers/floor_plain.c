/*
** floor_plain.c - the floor without JSON: counts events and bytes.
*/
#define _GNU_SOURCE
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t *lat;
static size_t nlat, caplat;
static void lat_add(int64_t v) {
  if (nlat == caplat)
    lat = realloc(lat, sizeof *lat * (caplat = caplat ? caplat * 2 : 1024));
  lat[nlat++] = v;
}
static int cmp64(const void *a, const void *b) {
  int64_t x = *(int64_t *)a, y = *(int64_t *)b;
  return x < y ? -1 : x > y;
}
static void lat_print(const char *pre) {
  if (!nlat) return;
  qsort(lat, nlat, sizeof *lat, cmp64);
  printf("\"%s_p50_us\":%lld,\"%s_p99_us\":%lld,\"%s_max_us\":%lld,", pre,
         (long long)lat[nlat / 2], pre, (long long)lat[(size_t)(nlat * 0.99)],
         pre, (long long)lat[nlat - 1]);
}
static int want_lat;
static int64_t t_call, t_first;

void event(struct req *r, const char *p, size_t n) {
  r->events++;
  if (n == 6 && !memcmp(p, "[DONE]", 6)) return;
  r->chunks++;
  r->content += n;
  if (want_lat) {
    const char *f = memmem(p, n, "\"fp_", 4);
    int64_t s = f ? strtoll(f + 4, NULL, 10) : 0, t = now_us();
    if (want_lat == 2) {
      if (t_call) {
        lat_add(t - t_call);
        t_first = t - s;
        t_call = 0;
      }
    } else if (s)
      lat_add(t - s);
  }
}

static const char REQ[] =
    "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"system\",\"content\":"
    "\"You are a helpful "
    "assistant.\"},{\"role\":\"user\",\"content\":\"Hello!\"}]}";
static const char SREQ[] =
    "{\"model\":\"gpt-4o-mini\",\"stream\":true,\"stream_options\":{\"include_"
    "usage\":true},\"messages\":[{\"role\":\"system\",\"content\":\"You are a "
    "helpful assistant.\"},{\"role\":\"user\",\"content\":\"Hello!\"}]}";

static void many(long n, const char *s, size_t sl, int fn, struct req *rs) {
  for (long i = 0; i < n; i++) {
    rs[i].e = curl_easy_init();
    rs[i].stream = 1;
    rs[i].fn = fn;
    setup(&rs[i], "/chat/completions");
    body(&rs[i], s, sl);
    curl_multi_add_handle(multi, rs[i].e);
  }
  drive(loopn, n);
}

void workload(const char *w, int has_n, long n) {
  (void)has_n;
  struct req *r = NULL;
  printf("{");
  if (!strcmp(w, "seq") || !strcmp(w, "cold")) {
    size_t got = 0;
    for (long i = 0; i < n; i++) {
      r = prepare("/chat/completions");
      body(r, REQ, sizeof REQ - 1);
      go(r);
      got += r->body.n;
    }
    printf("\"n\":%ld,\"raw_bytes\":%zu,", n, got);
  } else if (!strcmp(w, "stream")) {
    for (long i = 0; i < n; i++) {
      r = prepare("/chat/completions");
      r->stream = 1;
      body(r, SREQ, sizeof SREQ - 1);
      go(r);
    }
    printf("\"events\":%ld,\"raw_bytes\":%ld,", r->events, r->content);
  } else if (!strcmp(w, "conc")) {
    struct req *rs = calloc(n, sizeof *rs);
    long ev = 0;
    want_lat = 1;
    many(n, SREQ, sizeof SREQ - 1, 0, rs);
    for (long i = 0; i < n; i++) ev += rs[i].events;
    printf("\"events\":%ld,", ev);
    lat_print("lat");
  } else if (!strcmp(w, "ttft")) {
    int64_t *l2 = malloc(sizeof *l2 * n);
    want_lat = 2;
    for (long i = 0; i < n; i++) {
      t_call = now_us();
      r = prepare("/chat/completions");
      r->stream = 1;
      body(r, SREQ, sizeof SREQ - 1);
      go(r);
      l2[i] = t_first;
    }
    lat_print("ttft");
    nlat = 0;
    for (long i = 0; i < n; i++) lat_add(l2[i]);
    lat_print("lat");
  } else if (!strcmp(w, "image")) {
    r = prepare("/images/generations");
    body(r, "{\"prompt\":\"a cat\"}", 18);
    go(r);
    printf("\"raw_bytes\":%zu,", r->body.n);
  } else if (!strcmp(w, "upload")) {
    struct buf b = {0};
    char t[2200];
    badd(&b, "{\"model\":\"gpt-4o-mini\",\"messages\":[", 35);
    for (long i = 0; i < n * 512; i++) {
      int k = sprintf(t, "%s{\"role\":\"user\",\"content\":\"", i ? "," : "");
      for (int j = 0; j < 44; j++)
        k += sprintf(t + k, "The quick brown fox said hi to the lazy dog....");
      k += sprintf(t + k, "\"}");
      badd(&b, t, k);
    }
    badd(&b, "]}", 2);
    for (int i = 0; i < 4; i++) {
      r = prepare("/chat/completions");
      body(r, b.p, b.n);
      go(r);
    }
    printf("\"sent\":%zu,", b.n);
  }
  printf("\"floor\":1}\n");
}
