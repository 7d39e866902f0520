/*
** floor.c - the least that can be done, in two programs: 'floor'
** (floor_plain.c) is plain libcurl, with no JSON and no Lua; 'floorjson'
** (floor_json.c) adds lua-cjson and user code in Lua.  Not a product: no error handling beyond
** "stop".  Usage as every peer's: see ../README.md.
**
** Settings to try, by environment:
**   FJ_LOOP=easy|multi|socket  how one request is driven (easy), or many
**                              (socket)
**   FJ_BUFSIZE=n   CURLOPT_BUFFERSIZE
**   FJ_FRESH=1     a new easy handle per request, one shared connection
**   FJ_RESET=1     curl_easy_reset and all options again per request
**   FJ_USER=...    who takes choices[1].delta.content:
**                    lua   a Lua function given the decoded table
**                    c     C, through the C API
**                    scan  a Lua function given only the text, which C finds
**                          in the JSON without building tables
**                    co    as lua, in a coroutine resumed for every event
**   FJ_GC=gen      generational collector
**   FJ_JSON=0      streams: scan events, do not decode
**   FJ_SPLICE=1    image: long strings do not go through cjson
**   FJ_CAPATH=0    no default certificate directory, which lets libcurl cache
**                  the parsed file
**   FJ_MCS=n       CURLMOPT_MAX_CONCURRENT_STREAMS
**   FJ_H2=1        HTTP/2 over TLS (https base), FJ_CA=file, FJ_PIPEWAIT=1
*/
#define _GNU_SOURCE
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

const char *loopn;
CURLM *multi;
long connects;
static const char *base, *loop1;
static long bufsize, fresh, reset_, h2, pipewait;
static struct curl_slist *hdrs;

int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}
long envl(const char *k) {
  const char *v = getenv(k);
  return v ? atol(v) : 0;
}
void die(const char *m) {
  fprintf(stderr, "floor: %s\n", m);
  exit(1);
}

int user_is(const char *who) {
  const char *v = getenv("FJ_USER");
  return v && !strcmp(v, who);
}
void badd(struct buf *b, const char *p, size_t n) {
  if (b->n + n > b->cap) {
    while (b->n + n > b->cap) b->cap = b->cap ? b->cap * 2 : 4096;
    b->p = realloc(b->p, b->cap);
    if (!b->p) die("memory");
  }
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

static void line(struct req *r, const char *p, size_t n) {
  if (n && p[n - 1] == '\r') n--;
  if (n > 5 && !memcmp(p, "data:", 5)) {
    p += 5;
    n -= 5;
    if (*p == ' ') p++, n--;
    event(r, p, n);
  }
}
static size_t on_body(char *p, size_t one, size_t n, void *u) {
  struct req *r = u;
  (void)one;
  if (!r->stream) {
    badd(&r->body, p, n);
    return n;
  }
  char *s = p, *e = p + n, *nl;
  if (r->carry.n) { /* finish the line begun in an earlier callback */
    nl = memchr(s, '\n', n);
    if (!nl) {
      badd(&r->carry, s, n);
      return n;
    }
    badd(&r->carry, s, nl - s);
    line(r, r->carry.p, r->carry.n);
    r->carry.n = 0;
    s = nl + 1;
  }
  while (s < e && (nl = memchr(s, '\n', e - s))) {
    line(r, s, nl - s);
    s = nl + 1;
  } /* straight from curl's buffer */
  if (s < e) badd(&r->carry, s, e - s);
  return n;
}
void setup(struct req *r, const char *path) {
  CURL *e = r->e;
  snprintf(r->url, sizeof r->url, "%s%s", base, path);
  curl_easy_setopt(e, CURLOPT_URL, r->url);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, hdrs);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
  curl_easy_setopt(e, CURLOPT_PRIVATE, r);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  if (bufsize) curl_easy_setopt(e, CURLOPT_BUFFERSIZE, bufsize);
  if (getenv("FJ_CA")) curl_easy_setopt(e, CURLOPT_CAINFO, getenv("FJ_CA"));
  if (getenv("FJ_CAPATH")) curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                   h2 ? (long)CURL_HTTP_VERSION_2TLS
                      : (long)CURL_HTTP_VERSION_1_1);
  if (pipewait) curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
}
void body(struct req *r, const char *p, size_t n) {
  curl_easy_setopt(r->e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
  curl_easy_setopt(r->e, CURLOPT_POSTFIELDS, p);
}

/* ---- the multi by sockets and epoll ---- */
static int ep = -1;
static long timer_ms = -1;
static int64_t timer_at;
static int sock_cb(CURL *e, curl_socket_t s, int what, void *u, void *sp) {
  (void)e;
  (void)u;
  struct epoll_event v = {.events = (what & CURL_POLL_IN ? EPOLLIN : 0) |
                                    (what & CURL_POLL_OUT ? EPOLLOUT : 0),
                          .data.fd = s};
  if (what == CURL_POLL_REMOVE)
    epoll_ctl(ep, EPOLL_CTL_DEL, s, NULL);
  else if (epoll_ctl(ep, sp ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s, &v) && !sp)
    epoll_ctl(ep, EPOLL_CTL_MOD, s, &v);
  curl_multi_assign(multi, s, what == CURL_POLL_REMOVE ? NULL : (void *)1);
  return 0;
}
static int timer_cb(CURLM *m, long ms, void *u) {
  (void)m;
  (void)u;
  timer_ms = ms;
  timer_at = ms < 0 ? 0 : now_us() + ms * 1000;
  return 0;
}
static int finished(void) {
  CURLMsg *m;
  int left, n = 0;
  while ((m = curl_multi_info_read(multi, &left)))
    if (m->msg == CURLMSG_DONE) {
      struct req *r;
      long code;
      if (m->data.result) die(curl_easy_strerror(m->data.result));
      curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
      curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &code);
      if (code != 200) die("status");
      long k = 0;
      curl_easy_getinfo(m->easy_handle, CURLINFO_NUM_CONNECTS, &k);
      connects += k;
      r->done = 1;
      n++;
      curl_multi_remove_handle(multi, m->easy_handle);
    }
  return n;
}
void drive(const char *how, int want) { /* until want transfers are done */
  int running;
  if (!strcmp(how, "socket")) {
    struct epoll_event ev[256];
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    for (;;) {
      want -= finished();
      if (want <= 0) return;
      int64_t w = timer_ms < 0 ? 1000 : (timer_at - now_us() + 999) / 1000;
      if (w < 0) w = 0;
      int n = epoll_wait(ep, ev, 256, (int)w);
      for (int i = 0; i < n; i++)
        curl_multi_socket_action(
            multi, ev[i].data.fd,
            (ev[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
                (ev[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (ev[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0),
            &running);
      if (timer_ms >= 0 && timer_at <= now_us()) {
        timer_ms = -1; /* also while sockets keep being ready */
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
      }
    }
  }
  for (;;) {
    curl_multi_perform(multi, &running);
    want -= finished();
    if (want <= 0) return;
    curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
}
void go(struct req *r) { /* one request to its end */
  if (!strcmp(loop1, "easy")) {
    CURLcode c = curl_easy_perform(r->e);
    long code = 0;
    if (c) die(curl_easy_strerror(c));
    curl_easy_getinfo(r->e, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200) die("status");
  } else {
    r->done = 0;
    curl_multi_add_handle(multi, r->e);
    drive(loop1, 1);
  }
}
static struct req one;
struct req *prepare(const char *path) {
  if (fresh && one.e) {
    curl_easy_cleanup(one.e);
    one.e = NULL;
  }
  if (!one.e) {
    one.e = curl_easy_init();
    setup(&one, path);
  } else if (reset_) {
    curl_easy_reset(one.e);
    setup(&one, path);
  }
  one.body.n = one.carry.n = 0;
  return &one;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *w = argv[1];
  base = argv[2];
  long n = argc > 3 ? atol(argv[3]) : 1;
  loop1 = getenv("FJ_LOOP");
  if (!loop1) loop1 = "easy";
  loopn = getenv("FJ_LOOP");
  if (!loopn || !strcmp(loopn, "easy")) loopn = "socket";
  bufsize = envl("FJ_BUFSIZE");
  fresh = envl("FJ_FRESH");
  reset_ = envl("FJ_RESET");
  h2 = envl("FJ_H2");
  pipewait = envl("FJ_PIPEWAIT");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  hdrs = curl_slist_append(hdrs, "Content-Type: application/json");
  hdrs = curl_slist_append(
      hdrs, "Authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef");
  hdrs = curl_slist_append(hdrs, "Expect:");
  multi = curl_multi_init();
  if (envl("FJ_MCS"))
    curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, envl("FJ_MCS"));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2000L);
  if (!strcmp(loop1, "socket") || !strcmp(w, "conc")) {
    if (!strcmp(loopn, "socket") || !strcmp(loop1, "socket")) {
      ep = epoll_create1(EPOLL_CLOEXEC);
      curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, sock_cb);
      curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_cb);
    }
  }
  workload(w, argc > 3, n);
  return 0;
}
