/*
** floor.c - the least that can be done, in two builds of one source: 'floor'
** is plain libcurl, with no JSON and no Lua; 'floorjson' (-DJSON) adds
** lua-cjson and user code in Lua.  Not a product: no error handling beyond
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
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef JSON
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
static lua_State *L;
#endif

static const char *base, *loop1, *loopn;
static long bufsize, fresh, reset_, use_c, splice, h2, pipewait, nojson;
#ifdef JSON
static long scan;
#endif
static long connects;
static struct curl_slist *hdrs;
static CURLM *multi;
static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}
static long envl(const char *k) {
  const char *v = getenv(k);
  return v ? atol(v) : 0;
}
static void die(const char *m) {
  fprintf(stderr, "floor: %s\n", m);
  exit(1);
}

struct buf {
  char *p;
  size_t n, cap;
};
static void badd(struct buf *b, const char *p, size_t n) {
  if (b->n + n > b->cap) {
    while (b->n + n > b->cap) b->cap = b->cap ? b->cap * 2 : 4096;
    b->p = realloc(b->p, b->cap);
    if (!b->p) die("memory");
  }
  memcpy(b->p + b->n, p, n);
  b->n += n;
}
struct req {
  CURL *e;
  char url[600];
  struct buf body, carry;
  int stream;
  long events, content, chunks;
  int fn; /* fn: Lua function reference */
  int done;
  struct req *next;
};
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

#ifdef JSON
/* the text-only path: choices[0].delta.content found by skipping, no tables */
static const char *skip_str(
    const char *p,
    const char *e) { /* p behind the opening quote; returns the closing one */
  for (;;) {
    const char *q = memchr(p, '"', e - p);
    if (!q) return NULL;
    const char *b = q;
    while (b > p && b[-1] == '\\') b--;
    if ((q - b) % 2 == 0) return q;
    p = q + 1;
  }
}
static const char *skip_val(const char *p, const char *e) {
  int d = 0;
  for (; p < e; p++) switch (*p) {
      case '"':
        p = skip_str(p + 1, e);
        if (!p) return NULL;
        if (!d) return p + 1;
        break;
      case '{':
      case '[': d++; break;
      case '}':
      case ']':
        if (--d == 0) return p + 1;
        if (d < 0) return p;
        break;
      case ',':
        if (!d) return p;
        break;
    }
  return p;
}
static const char *ws(const char *p, const char *e) {
  while (p < e && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
  return p;
}
static const char *member(const char *p, const char *e, const char *key,
                          size_t kl) { /* p at '{' */
  if (!p || p >= e || *p != '{') return NULL;
  for (p++;;) {
    p = ws(p, e);
    if (p >= e || *p != '"') return NULL;
    const char *k = p + 1, *q = skip_str(k, e);
    if (!q) return NULL;
    p = ws(q + 1, e);
    if (p >= e || *p != ':') return NULL;
    p = ws(p + 1, e);
    if ((size_t)(q - k) == kl && !memcmp(k, key, kl)) return p;
    p = skip_val(p, e);
    if (!p) return NULL;
    p = ws(p, e);
    if (p >= e || *p != ',') return NULL;
    p++;
  }
}
static int find_text(const char *p, size_t n, struct buf *t) {
  const char *e = p + n, *c = member(ws(p, e), e, "choices", 7);
  if (!c || *c != '[') return 0;
  c = member(member(ws(c + 1, e), e, "delta", 5), e, "content", 7);
  if (!c || c >= e || *c != '"') return 0;
  const char *q = skip_str(c + 1, e);
  if (!q) return 0;
  t->n = 0;
  for (const char *s = c + 1; s < q;) {
    const char *b = memchr(s, '\\', q - s);
    if (!b) {
      badd(t, s, q - s);
      break;
    }
    badd(t, s, b - s);
    char o[4];
    unsigned u;
    int k = 1;
    switch (b[1]) {
      case 'n': o[0] = '\n'; break;
      case 't': o[0] = '\t'; break;
      case 'r': o[0] = '\r'; break;
      case 'b': o[0] = '\b'; break;
      case 'f': o[0] = '\f'; break;
      case 'u':
        u = strtoul((char[]){b[2], b[3], b[4], b[5], 0}, NULL, 16);
        b += 4; /* the bench sends no surrogates */
        if (u < 0x80)
          o[0] = u;
        else if (u < 0x800)
          o[0] = 0xc0 | u >> 6, o[1] = 0x80 | (u & 63), k = 2;
        else
          o[0] = 0xe0 | u >> 12, o[1] = 0x80 | (u >> 6 & 63),
          o[2] = 0x80 | (u & 63), k = 3;
        break;
      default: o[0] = b[1];
    }
    badd(t, o, k);
    s = b + 2;
  }
  return 1;
}
static lua_State *co;
static int l_next(lua_State *l) { return lua_yield(l, 0); }
static int ref_decode, ref_encode;
static void check(int rc) {
  if (rc) {
    fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
    exit(1);
  }
}
#endif

static void event(struct req *r, const char *p, size_t n) {
  r->events++;
  if (n == 6 && !memcmp(p, "[DONE]", 6)) return;
#ifdef JSON
  if (nojson) {
    r->chunks++;
    return;
  }
  if (scan) {
    if (!find_text(p, n, &r->body) || !r->body.n) return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->fn);
    lua_pushlstring(L, r->body.p, r->body.n);
    lua_call(L, 1, 0);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, ref_decode);
  if (co) {
    int nr;
    lua_pushlstring(L, p, n);
    lua_call(L, 1, 1);
    lua_xmove(L, co, 1);
    if (lua_resume(co, L, 1, &nr) != LUA_YIELD) die("coroutine");
    lua_pop(co, nr);
    return;
  }
  if (use_c) {
    lua_pushlstring(L, p, n);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "choices");
    if (lua_rawgeti(L, -1, 1) == LUA_TTABLE) {
      lua_getfield(L, -1, "delta");
      if (lua_getfield(L, -1, "content") == LUA_TSTRING) {
        size_t k;
        const char *s = lua_tolstring(L, -1, &k);
        badd(&r->body, s, k);
        if (k) r->chunks++;
        r->content += k;
      }
    }
    lua_settop(L, 0);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->fn);
    lua_insert(L, -2);
    lua_pushlstring(L, p, n);
    lua_call(L, 1, 1);
    lua_call(L, 1, 0);
  }
#else
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
#endif
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
static void setup(struct req *r, const char *path) {
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
static void body(struct req *r, const char *p, size_t n) {
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
static void drive(const char *how,
                  int want) { /* until want transfers are done */
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
static void go(struct req *r) { /* one request to its end */
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
static struct req *prepare(const char *path) {
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

#ifdef JSON
/* Lua side: json(t) -> text,
** request(path, text) -> table, stream(text, fn), many(n, text, make), now() */
static int l_now(lua_State *l) {
  lua_pushinteger(l, now_us());
  return 1;
}
/* b64 image answers: take the longest run between two quotes out, decode
** the rest, put it back */
static int big_splice(lua_State *l, struct buf *b) {
  char *k = memmem(b->p, b->n < 400 ? b->n : 400, "\"b64_json\":\"", 12);
  if (!k) return 0;
  char *s = k + 12, *e = memchr(s, '"', b->p + b->n - s);
  if (!e || memchr(s, '\\', e - s)) return 0;
  lua_rawgeti(l, LUA_REGISTRYINDEX, ref_decode);
  luaL_Buffer u;
  luaL_buffinit(l, &u);
  luaL_addlstring(&u, b->p, s - b->p);
  luaL_addlstring(&u, e, b->p + b->n - e);
  luaL_pushresult(&u);
  lua_call(l, 1, 1);
  lua_getfield(l, -1, "data");
  lua_rawgeti(l, -1, 1);
  lua_pushlstring(l, s, e - s);
  lua_setfield(l, -2, "b64_json");
  lua_pop(l, 2);
  return 1;
}
static int l_request(lua_State *l) {
  size_t n;
  const char *p = luaL_checklstring(l, 2, &n);
  struct req *r = prepare(luaL_checkstring(l, 1));
  r->stream = 0;
  body(r, p, n);
  go(r);
  if (splice && big_splice(l, &r->body)) return 1;
  lua_rawgeti(l, LUA_REGISTRYINDEX, ref_decode);
  lua_pushlstring(l, r->body.p, r->body.n);
  if (r->body.cap > (1 << 20)) {
    free(r->body.p);
    r->body = (struct buf){0};
  }
  lua_call(l, 1, 1);
  return 1;
}
static int l_stream(lua_State *l) {
  size_t n;
  const char *p = luaL_checklstring(l, 1, &n);
  struct req *r = prepare("/chat/completions");
  r->stream = 1;
  r->content = r->chunks = 0;
  lua_pushvalue(l, 2);
  r->fn = luaL_ref(l, LUA_REGISTRYINDEX);
  if (getenv("FJ_USER") && !strcmp(getenv("FJ_USER"), "co")) {
    int nr;
    co = lua_newthread(l);
    luaL_ref(l, LUA_REGISTRYINDEX); /* the bench keeps it */
    luaL_loadstring(co, "local next, f = ... for c in next do f(c) end");
    lua_pushcfunction(co, l_next);
    lua_rawgeti(co, LUA_REGISTRYINDEX, r->fn);
    if (lua_resume(co, l, 2, &nr) != LUA_YIELD) die("coroutine");
  }
  lua_settop(l, 1);
  body(r, p, n);
  go(r);
  luaL_unref(l, LUA_REGISTRYINDEX, r->fn);
  lua_pushinteger(l, r->content);
  lua_pushinteger(l, use_c || nojson ? r->chunks : 0);
  return 2;
}
static int l_many(lua_State *l) {
  long n = luaL_checkinteger(l, 1);
  size_t sl;
  const char *s = luaL_checklstring(l, 2, &sl);
  struct req *rs = calloc(n, sizeof *rs);
  for (long i = 0; i < n; i++) {
    lua_pushvalue(l, 3);
    lua_pushinteger(l, i + 1);
    lua_call(l, 1, 1);
    rs[i].fn = luaL_ref(l, LUA_REGISTRYINDEX);
    rs[i].e = curl_easy_init();
    rs[i].stream = 1;
    setup(&rs[i], "/chat/completions");
    body(&rs[i], s, sl);
    curl_multi_add_handle(multi, rs[i].e);
  }
  drive(loopn, n);
  lua_pushinteger(l, connects);
  return 1;
}
static const char *SCRIPT =
    "local W, P = ...\n"
    "local T = {model='gpt-4o-mini', messages={{role='system',content='You are "
    "a helpful assistant.'},{role='user',content='Hello!'}}}\n"
    "local out = {}\n"
    "local function sreq() T.stream=true T.stream_options={include_usage=true} "
    "return json(T) end\n"
    "local function collector(st) local parts, n = {}, 0\n"
    "  local function text(s) n = n + 1 parts[n] = s st.chunks = st.chunks + 1 "
    "end\n"
    "  return os.getenv 'FJ_USER' == 'scan' and text or function(c) local ch = "
    "c.choices[1] local s = ch and ch.delta.content if s and s ~= '' then n = "
    "n + 1 parts[n] = s st.chunks = st.chunks + 1 end end, function() return "
    "table.concat(parts) end end\n"
    "local function pct(t, pre) table.sort(t) out[pre..'_p50_us'] = t[#t//2+1] "
    "out[pre..'_p99_us'] = t[math.min(#t, #t*99//100+1)] out[pre..'_max_us'] = "
    "t[#t] end\n"
    "if W == 'seq' or W == 'cold' then\n"
    "  local n, b = P or 1, 0\n"
    "  for i = 1, n do local r = request('/chat/completions', json(T)) b = b + "
    "#r.choices[1].message.content end\n"
    "  out.n, out.content_bytes = n, b\n"
    "elseif W == 'stream' then\n"
    "  local st = {chunks=0}\n local bytes = 0\n"
    "  for i = 1, P or 1 do local f, fin = collector(st) local k, n = "
    "stream(sreq(), f) bytes = bytes + #fin() + k st.chunks = st.chunks + n "
    "end\n"
    "  out.chunks, out.content_bytes = st.chunks, bytes if os.getenv 'FJ_JSON' "
    "== '0' then out.chunks, out.floor = nil, 1 end\n"
    "elseif W == 'conc' then\n"
    "  local st, fins, lat = {chunks=0}, {}, {}\n"
    "  out.connects = many(P, sreq(), function(i) local f, fin = collector(st) "
    "fins[i] = fin return function(c) lat[#lat+1] = now() - "
    "tonumber(c.system_fingerprint:sub(4)) f(c) end end)\n"
    "  local b = 0 for i = 1, #fins do b = b + #fins[i]() end\n"
    "  out.chunks, out.content_bytes = st.chunks, b\n"
    "  for i = 1, #lat do if lat[i] > 1e12 then lat[i] = 0 end end pct(lat, "
    "'lat')\n"
    "elseif W == 'ttft' then\n"
    "  local tt, lt = {}, {}\n"
    "  for i = 1, P do local t0, done = now(), false\n"
    "    stream(sreq(), function(c) if not done then done = true local t = "
    "now() tt[#tt+1] = t - t0 lt[#lt+1] = t - "
    "tonumber(c.system_fingerprint:sub(4)) end end) end\n"
    "  pct(tt, 'ttft') pct(lt, 'lat') out.n = P\n"
    "elseif W == 'image' then\n"
    "  local b = 0 for i = 1, P or 1 do "
    "  local r = request('/images/generations', json{model='gpt-image-1', "
    "prompt='a cat'}) b = b + #r.data[1].b64_json end\n"
    "  out.content_bytes = b\n"
    "elseif W == 'upload' then\n"
    "  local line = ('The quick brown fox said \"hi\" to the lazy "
    "dog.\\n'):rep(44)\n"
    "  T.messages = {} for i = 1, P * 512 do T.messages[i] = {role = i % 2 == "
    "1 and 'user' or 'assistant', content = line .. i} end\n"
    "  local r for i = 1, 4 do r = request('/chat/completions', json(T)) end\n"
    "  out.received = r.usage.prompt_tokens\n"
    "end\n"
    "local s = {} for k, v in pairs(out) do s[#s+1] = "
    "string.format('\"%s\":%d', k, v // 1) end\n"
    "print('{' .. table.concat(s, ',') .. '}')\n";
#endif

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
  splice = envl("FJ_SPLICE");
  h2 = envl("FJ_H2");
  pipewait = envl("FJ_PIPEWAIT");
  use_c = getenv("FJ_USER") && !strcmp(getenv("FJ_USER"), "c");
  nojson = getenv("FJ_JSON") && !envl("FJ_JSON");
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
#ifdef JSON
  (void)REQ;
  (void)SREQ;
  (void)many;
  (void)want_lat;
  (void)t_call;
  (void)t_first;
  (void)lat_print;
  (void)nojson;
  scan = getenv("FJ_USER") && !strcmp(getenv("FJ_USER"), "scan");
  L = luaL_newstate();
  luaL_openlibs(L);
  if (getenv("FJ_GC")) lua_gc(L, LUA_GCGEN, 0, 0);
  lua_register(L, "request", l_request);
  lua_register(L, "stream", l_stream);
  lua_register(L, "many", l_many);
  lua_register(L, "now", l_now);
  check(luaL_dostring(
      L,
      "local c = require 'cjson' json = c.encode return c.decode, c.encode"));
  ref_encode = luaL_ref(L, LUA_REGISTRYINDEX);
  ref_decode = luaL_ref(L, LUA_REGISTRYINDEX);
  check(luaL_loadstring(L, SCRIPT));
  lua_pushstring(L, w);
  if (argc > 3)
    lua_pushinteger(L, n);
  else
    lua_pushnil(L);
  check(lua_pcall(L, 2, 0, 0));
#else
  struct req *r;
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
    printf("\"events\":%ld,\"raw_bytes\":%ld,", one.events, one.content);
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
#endif
  return 0;
}
