/*
** floor_json.c - the floor with lua-cjson: user code is a Lua function for
** each event, decoded through the C API straight from libcurl's buffer.
*/
#define _GNU_SOURCE
#include "floor.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

static lua_State *L;
static long use_c, scan, splice, nojson;
static lua_State *co;
static int l_next(lua_State *l) { return lua_yield(l, 0); }
static int ref_decode, ref_encode;
static void check(int rc) {
  if (rc) {
    fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
    exit(1);
  }
}

void event(struct req *r, const char *p, size_t n) {
  r->events++;
  if (n == 6 && !memcmp(p, "[DONE]", 6)) return;
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
}

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
  if (user_is("co")) {
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

void workload(const char *w, int has_n, long n) {
  use_c = user_is("c");
  scan = user_is("scan");
  splice = envl("FJ_SPLICE");
  nojson = getenv("FJ_JSON") && !envl("FJ_JSON");
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
  if (has_n)
    lua_pushinteger(L, n);
  else
    lua_pushnil(L);
  check(lua_pcall(L, 2, 0, 0));
}
