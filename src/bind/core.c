/*
** core.c - the module xai.core: its functions.
*/
#if defined(__linux__)
#define _GNU_SOURCE /* dladdr, RTLD_NODELETE */
#endif

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#include "base/platform.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "bind/answer.h"
#include "bind/bytes.h"
#include "bind/call.h"
#include "bind/client.h"
#include "bind/error.h"
#include "bind/guard.h"
#include "bind/json_decode.h"
#include "bind/json_encode.h"
#include "bind/line_file.h"
#include "bind/luautil.h"
#include "bind/options.h"
#include "bind/output.h"
#include "bind/request.h"
#include "bind/stream.h"
#include "net/curl_library.h"

#if defined(_WIN32)
#define XAI_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define XAI_EXPORT __attribute__((visibility("default")))
#else
#define XAI_EXPORT
#endif

XAI_EXPORT int luaopen_xai_core(lua_State *L);

/*
** Resolver threads of libcurl may outlive the Lua state, so this code must stay
** mapped.  The linker's -z nodelete does the same where it is known.
*/
static void stay_loaded(void) {
#if defined(RTLD_NODELETE)
  Dl_info info;
  union {
    int (*function)(lua_State *);
    void *address;
  } self;
  self.function = luaopen_xai_core;
  if (dladdr(self.address, &info) != 0 && info.dli_fname != NULL)
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}

static void load_curl(lua_State *L) {
  const char *trouble = xai_curl_library_open();
  if (trouble != NULL) luaL_error(L, "%s", trouble);
}

/* -------------------------------------------------------------- functions */

#define LONGEST 1e9 /* seconds; longer times count as no limit */

/* Seconds as milliseconds, rounded up; 'none' for longer times and NaN. */
static int64_t ms_of(lua_Number s, int64_t none) {
  if (!(s < LONGEST)) return none;
  return s > 0 ? (int64_t)(s * 1000 + 0.999) : 0;
}

/*
** core.step([seconds [, most]]) -> was anything moved?  Serves what is ready, at
** most 'most' sockets.  If nothing is ready, waits for at most 'seconds'
** (default: 0).
*/
static int core_step(lua_State *L) {
  lua_Number s = luaL_optnumber(L, 1, 0);
  lua_Number most = luaL_optnumber(L, 2, 0);
  xai_Engine *e = xai_client_engine_if_any(L);
  if (!(s >= 0)) luaL_argerror(L, 1, "seconds must not be negative");
  if (e == NULL) return 0;
  lua_pushboolean(
      L, xai_engine_step(e, s < LONGEST ? (int64_t)(s * 1000 + 0.5) : -1,
                         most > 0 && most < INT_MAX ? (int)most : 0));
  return 1;
}

/* core.fd() -> the one descriptor to watch; nil where there is no poller. */
static int core_fd(lua_State *L) {
  int fd = xai_engine_fd(xai_client_engine(L));
  lua_pushnil(L);
  if (fd >= 0) lua_pushinteger(L, fd);
  return 1;
}

/* core.await(fd, seconds) -> is that descriptor of another loop readable?
** Waits for it for at most 'seconds'; a signal ends the wait. */
static int core_await(lua_State *L) {
  lua_Number fd = luaL_checknumber(L, 1), s = luaL_checknumber(L, 2);
  luaL_argcheck(L, fd >= 0 && fd <= INT_MAX, 1, "no descriptor");
  luaL_argcheck(L, s == s, 2, "seconds must be a number");
  lua_pushboolean(L, xai_poller_await((int)fd, ms_of(s, INT_MAX)));
  return 1;
}

/* core.timeout() -> seconds until a step is due; nil: no step is due. */
static int core_timeout(lua_State *L) {
  xai_Engine *e = xai_client_engine_if_any(L);
  int64_t ms = e ? xai_engine_timeout(e) : -1;
  lua_pushnil(L);
  if (ms >= 0) lua_pushnumber(L, (lua_Number)ms / 1000);
  return 1;
}

/* core.active() -> number of calls under way. */
static int core_active(lua_State *L) {
  const xai_Engine *e = xai_client_engine_if_any(L);
  lua_pushinteger(L, e ? e->active : 0);
  return 1;
}

/* core.resting() -> number of those whose streams were read to the end, while
** their connections come to rest. */
static int core_resting(lua_State *L) {
  const xai_Engine *e = xai_client_engine_if_any(L);
  lua_pushinteger(L, e ? e->resting : 0);
  return 1;
}

/* core.live() -> number of calls and clients not collected or closed. */
static int core_live(lua_State *L) {
  const xai_Engine *e = xai_client_engine_if_any(L);
  lua_pushinteger(L, e ? e->live : 0);
  return 1;
}

/* core.ready() -> the next request of the ready queue, or nil. */
static int core_ready(lua_State *L) {
  xai_Engine *e = xai_client_engine_if_any(L);
  xai_Call *c;
  while (e != NULL && (c = xai_engine_next_ready(e)) != NULL) {
    xai_luacall_push(L, c);
    if (!lua_isnil(L, -1)) {
      xai_engine_free_finished(e, c);
      return 1;
    }
    lua_pop(L, 1); /* the request was collected */
  }
  return 0;
}

/* core.has_ready() -> is a request in the ready queue? */
static int core_has_ready(lua_State *L) {
  const xai_Engine *e = xai_client_engine_if_any(L);
  lua_pushboolean(L, e != NULL && e->ready_queue.first != NULL);
  return 1;
}

/* core.now() -> seconds of the monotonic clock. */
static int core_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)xai_clock_seconds());
  return 1;
}

/* core.skip_time(seconds): advance the clock.  For tests only. */
static int core_skip_time(lua_State *L) {
  xai_clock_skip(ms_of(luaL_checknumber(L, 1), INT32_MAX));
  return 0;
}

/* core.wake_at([time of core.now]): let core.timeout and core.fd tell of that
** time, too. */
static int core_wake_at(lua_State *L) {
  lua_Number at = luaL_optnumber(L, 1, -1);
  xai_engine_wake_at(xai_client_engine(L),
                     at < 0 ? XAI_NEVER : ms_of(at, XAI_NEVER));
  return 0;
}

/* core.failure(kind, text) -> an error object without facts of an answer. */
static int core_failure(lua_State *L) {
  lua_settop(L, 2);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "kind");
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "message");
  luaL_setmetatable(L, "xai.error");
  return 1;
}

/* core.close(): end all calls for good; no call can start afterwards. */
static int core_close(lua_State *L) {
  xai_engine_close(xai_client_engine(L));
  return 0;
}

/* core.endpoints() -> list of {name, id, body, query, streams}. */
static int core_endpoints(lua_State *L) {
  const xai_Endpoint *row;
  int i;
  lua_newtable(L);
  for (i = 0; (row = xai_endpoint_at((size_t)i)) != NULL; i++) {
    lua_createtable(L, 0, 5);
    lua_pushstring(L, row->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, row->id);
    lua_setfield(L, -2, "id");
    lua_pushboolean(L, xai_endpoint_has_body(row));
    lua_setfield(L, -2, "body");
    lua_pushboolean(L, (row->traits & XAI_QUERY) != 0);
    lua_setfield(L, -2, "query");
    lua_pushboolean(L, row->api != XAI_API_PLAIN);
    lua_setfield(L, -2, "streams");
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* core.encode(codec, value) -> text.  Raises if JSON cannot express it. */
static int core_encode(lua_State *L) {
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  xai_json_encode(L, 1, 2, "xai.encode");
  return 1;
}

/* core.decode(codec, text) -> value, or nil and the reason. */
static int core_decode(lua_State *L) {
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  if (xai_json_decode(L, 1)) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* core.nearest(wrong, table) -> the key of the table nearest to a wrong name, if
** one is near.  Keys that begin with "_" do not count. */
static int core_nearest(lua_State *L) {
  xai_Nearest n;
  xai_nearest_begin(&n, luaL_checkstring(L, 1));
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    const char *name = NULL;
    if (lua_type(L, -2) == LUA_TSTRING) name = lua_tostring(L, -2);
    if (name != NULL && *name != '_') xai_nearest_consider(&n, name);
    lua_pop(L, 1);
  }
  lua_pushstring(L, n.name); /* the table keeps it */
  return 1;
}

/* core.listen(on): begin or stop noting Ctrl-C for core.interrupted. */
static int core_listen(lua_State *L) {
  if (xai_engine_listen(xai_client_engine(L), lua_toboolean(L, 1)) != 0)
    return luaL_error(L, "xai: this system does not let us listen for Ctrl-C");
  return 0;
}

/* core.interrupted([take]) -> was Ctrl-C noted?  'take' forgets it. */
static int core_interrupted(lua_State *L) {
  xai_Engine *e = xai_client_engine_if_any(L);
  lua_pushboolean(L,
                  e != NULL && xai_engine_interrupted(e, lua_toboolean(L, 1)));
  return 1;
}

/* core.utf8(text) -> the text, with U+FFFD for what is not UTF-8. */
static int core_utf8(lua_State *L) {
  size_t n, at;
  const char *s = luaL_checklstring(L, 1, &n);
  luaL_Buffer b;
  lua_settop(L, 1);
  at = xai_utf8_check(s, n);
  if (at == n) return 1;
  luaL_buffinit(L, &b);
  while (n > 0) {
    luaL_addlstring(&b, s, at);
    s += at;
    n -= at;
    if (n == 0) break;
    luaL_addlstring(&b, "\xEF\xBF\xBD", 3);
    at = xai_utf8_wrong(s, n);
    s += at;
    n -= at;
    at = xai_utf8_check(s, n);
  }
  luaL_pushresult(&b);
  return 1;
}

/* core.random() -> a number from 0 to less than 1.  That of math.random is the
** same in each process where nobody sets its seed. */
static int core_random(lua_State *L) {
  lua_pushnumber(L, xai_random_unit(&xai_client_engine(L)->random));
  return 1;
}

/* core.uuid() -> a random UUID. */
static int core_uuid(lua_State *L) {
  xai_Random random;
  char uuid[XAI_UUID_SIZE];
  xai_random_init(&random);
  xai_random_uuid(&random, uuid);
  lua_pushstring(L, uuid);
  return 1;
}

/* core.check_options(what, options, own): raise where a table of options has a
** name that is neither a call's nor a key of 'own', or a wrong value. */
static int core_check_options(lua_State *L) {
  const char *what = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  xai_options_check(L, 2, what, 3);
  return 0;
}

/* core.complain(text): write a line to stderr.  Needs no 'io' library. */
static int core_complain(lua_State *L) {
  fprintf(stderr, "%s\n", luaL_checkstring(L, 1));
  return 0;
}

/* core.on_guarded(f): ask f about each guarded call, see XAI_ON_GUARDED. */
static int core_on_guarded(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, XAI_ON_GUARDED);
  return 0;
}

/* core.isatty(fd) -> is that descriptor a terminal?  Then also its columns; nil if
** the system does not tell them. */
static int core_isatty(lua_State *L) {
  lua_Number fd = luaL_checknumber(L, 1);
  int columns = fd >= 0 && fd <= INT_MAX ? xai_terminal_columns((int)fd) : -1;
  lua_pushboolean(L, columns >= 0);
  if (columns <= 0) return 1;
  lua_pushinteger(L, columns);
  return 2;
}

/* core.wait_readable(fd, seconds) -> can the descriptor be read without blocking?
** Waits at most so long; ends early by a signal and by a noted Ctrl-C. */
static int core_wait_readable(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  lua_Number seconds = luaL_checknumber(L, 2);
  xai_Engine *e = xai_client_engine_if_any(L);
  int other = e != NULL ? xai_interrupt_fd(e->interrupt) : -1;
  int ms = seconds > 0 && seconds < 1e6 ? (int)(seconds * 1000) : 0;
  lua_pushboolean(L, xai_wait_readable(fd, other, ms));
  return 1;
}

/* core.private_folder(path) -> true, or nil and the reason: make a folder, and
** those above it, for this user alone.  It may be there already. */
static int core_private_folder(lua_State *L) {
  int error = xai_make_private_folder(luaL_checkstring(L, 1));
  if (error == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, strerror(error));
  return 2;
}

/* core.rearm(): install Lua's own handler for Ctrl-C again, as it works once. */
static int core_rearm(lua_State *L) {
  (void)L;
  xai_interrupt_rearm();
  return 0;
}

/* core.libcurl() -> the versions of libcurl and its libraries.  A function, as
** asking initializes libraries that nothing else may need. */
static int core_libcurl(lua_State *L) {
  lua_pushstring(L, curl_version());
  return 1;
}

/* Push a table of the features of this libcurl: name = boolean. */
static void push_features(lua_State *L) {
  int features = curl_version_info(CURLVERSION_NOW)->features;
  lua_createtable(L, 0, 3);
  lua_pushboolean(L, (features & CURL_VERSION_SSL) != 0);
  lua_setfield(L, -2, "TLS");
  lua_pushboolean(L, (features & CURL_VERSION_HTTP2) != 0);
  lua_setfield(L, -2, "HTTP/2");
  lua_pushboolean(L, (features & CURL_VERSION_ASYNCHDNS) != 0);
  lua_setfield(L, -2, "names looked up in the background");
}

static const luaL_Reg functions[] = {{"client", xai_client_new},
                                     {"start", xai_request_start},
                                     {"codec", xai_codec_new},
                                     {"on_key_error", xai_luacall_on_key_error},
                                     {"on_guarded", core_on_guarded},
                                     {"guard_all", xai_guard_all},
                                     {"news", xai_guard_news},
                                     {"array", xai_json_array},
                                     {"ordered", xai_json_ordered},
                                     {"utf8", core_utf8},
                                     {"base64", xai_bytes_base64},
                                     {"unbase64", xai_bytes_unbase64},
                                     {"media_type", xai_bytes_media_type},
                                     {"write_base64", xai_output_write_base64},
                                     {"resolve", xai_output_resolve},
                                     {"encode", core_encode},
                                     {"decode", core_decode},
                                     {"step", core_step},
                                     {"fd", core_fd},
                                     {"await", core_await},
                                     {"timeout", core_timeout},
                                     {"active", core_active},
                                     {"resting", core_resting},
                                     {"live", core_live},
                                     {"ready", core_ready},
                                     {"has_ready", core_has_ready},
                                     {"now", core_now},
                                     {"skip_time", core_skip_time},
                                     {"wake_at", core_wake_at},
                                     {"failure", core_failure},
                                     {"close", core_close},
                                     {"endpoints", core_endpoints},
                                     {"nearest", core_nearest},
                                     {"listen", core_listen},
                                     {"interrupted", core_interrupted},
                                     {"rearm", core_rearm},
                                     {"complain", core_complain},
                                     {"check_options", core_check_options},
                                     {"deadline", xai_client_deadline},
                                     {"uuid", core_uuid},
                                     {"random", core_random},
                                     {"isatty", core_isatty},
                                     {"line_file", xai_line_file_new},
                                     {"wait_readable", core_wait_readable},
                                     {"private_folder", core_private_folder},
                                     {"libcurl", core_libcurl},
                                     {NULL, NULL}};

/* Methods of requests, beside those of call.c. */
static const luaL_Reg *const request_methods[] = {
    xai_answer_methods, xai_stream_methods, xai_guard_methods,
    xai_output_methods};

/*
** A Lua state has one module.  A program that clears package.loaded and requires
** it again, or finds another copy of this file, gets the same module, and the
** same Lua modules from its field 'kept'.
*/
#define MODULE_KEY "xai.core module"

int luaopen_xai_core(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, MODULE_KEY);
  if (lua_istable(L, -1)) return 1;
  stay_loaded();
  load_curl(L);
  xai_interrupt_remember();
  xai_push_open(L);
  xai_codec_open(L);
  xai_client_open(L);
  xai_luacall_open(L, request_methods,
                   sizeof request_methods / sizeof *request_methods);
  xai_info_open(L);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pushliteral(L, XAI_VERSION);
  lua_setfield(L, -2, "version");
  push_features(L);
  lua_setfield(L, -2, "features");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  /* The Lua half adds the methods of clients. */
  luaL_getmetatable(L, "xai.client");
  lua_setfield(L, -2, "methods");
  lua_newtable(L);
  lua_setfield(L, -2, "kept");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, MODULE_KEY);
  return 1;
}
