/*
** output.c - the methods of a request whose answer is bytes.
*/
#include "bind/output.h"

#include <string.h>

#include "base/base64.h"
#include "base/part_file.h"
#include "bind/call.h"
#include "bind/client.h"
#include "bind/luautil.h"
#include "net/url_policy.h"

static int push_nothing(lua_State *L, xai_LuaCall *r) {
  (void)L;
  (void)r;
  return 0;
}

/* ----------------------------------------------------------------- progress */

static int push_progress(lua_State *L, xai_LuaCall *r) {
  int64_t done, total;
  if (!xai_call_tell_progress(r->handle->call, &done, &total)) return 0;
  xai_pushint(L, done);
  if (total < 0) return 1;
  xai_pushint(L, total);
  return 2;
}

/* request:progress() -> bytes that are in the file, and of the whole answer if
** that is known; nothing where this was told within the last 0.1 s. */
static int output_progress(lua_State *L) {
  return xai_luacall_use(L, push_progress, push_nothing);
}

/* ----------------------------------------------------------------- pictures */

/* A buffer that Lua frees. */
static int free_buffer(lua_State *L) {
  xai_buffer_free((xai_Buffer *)lua_touserdata(L, 1));
  return 0;
}

#define BUFFER_MT "xai.buffer"

static xai_Buffer *push_buffer(lua_State *L, const char *text) {
  xai_Buffer *b = (xai_Buffer *)xai_newuserdata(L, sizeof *b);
  xai_buffer_init(b, 0);
  if (luaL_newmetatable(L, BUFFER_MT)) {
    lua_pushcfunction(L, free_buffer);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (xai_buffer_puts(b, text) != XAI_OK || xai_buffer_terminate(b) != XAI_OK)
    luaL_error(L, "not enough memory");
  return b;
}

static int name_picture(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  const char *path = luaL_checkstring(L, 3);
  int n = (int)luaL_checknumber(L, 2), rc;
  xai_Buffer *b;
  if (xai_call_output_kind(c) != XAI_OUTPUT_PICTURES) return 0;
  b = push_buffer(L, path);
  rc = xai_call_name_picture(c, n, b);
  if (rc == 0) return 0;
  if (rc > 0) {
    xai_push_buffer(L, b);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, xai_call_output_problem(c));
  return 2;
}

/*
** request:name_picture(n, path) -> the path of the n-th picture's file, which has
** the extension of its type where 'path' has none; nil and the reason; nothing
** where there is no such picture.
*/
static int output_name_picture(lua_State *L) {
  return xai_luacall_use(L, name_picture, push_nothing);
}

static int rest(lua_State *L, xai_LuaCall *r) {
  xai_luacall_rest(L, r);
  return 0;
}

/* request:rest(): its pictures have their names; the others are removed. */
static int output_rest(lua_State *L) {
  return xai_luacall_use(L, rest, push_nothing);
}

/* request:fail_file(problem) -> nil, message, info: the file of a successful
** answer cannot be written. */
static int push_file_failure(lua_State *L, xai_LuaCall *r) {
  xai_Error error;
  const char *problem = luaL_checkstring(L, 2);
  memset(&error, 0, sizeof error);
  xai_error_set(&error, xai_cause_kind(XAI_CAUSE_FILE), XAI_PHASE_NONE,
                problem);
  xai_luacall_fail(L, r, &error, 0);
  lua_pushliteral(L, "file");
  lua_setfield(L, -2, "code");
  return 3;
}

static int output_fail_file(lua_State *L) {
  return xai_luacall_use(L, push_file_failure, push_file_failure);
}

/* ------------------------------------------------------------------- chunks */

/* The most bytes of a piece. */
#define CHUNK ((size_t)64 << 10)

/* The stream has ended, well or not. */
static int push_end(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  int count = 0;
  if (xai_call_error(c)->kind != XAI_KIND_NONE)
    count = xai_luacall_fail(L, r, xai_call_error(c), 0);
  else if (!xai_call_has_known_end(c)) {
    xai_engine_stop(r->handle->engine, c, XAI_CAUSE_ANSWER_UNPROVEN);
    count = xai_luacall_fail(L, r, xai_call_error(c), 0);
  }
  xai_luacall_drop_body(L);
  xai_luacall_rest(L, r);
  return count;
}

static int was_stopped(const xai_Call *c) {
  xai_Kind kind = xai_call_error(c)->kind;
  return kind == XAI_KIND_CANCELLED || kind == XAI_KIND_CLOSED;
}

static int push_chunk(lua_State *L, xai_LuaCall *r) {
  xai_Call *c = r->handle->call;
  xai_Slice bytes = xai_call_body(c);
  if (!xai_call_is_bytes(c)) return 0;
  if (bytes.len == 0 || was_stopped(c)) {
    if (xai_call_is_done(c)) return push_end(L, r);
    lua_pushboolean(L, 0);
    return 1;
  }
  if (bytes.len > CHUNK) bytes.len = CHUNK;
  xai_push_slice(L, bytes);
  xai_engine_consume_bytes(r->handle->engine, c, lua_rawlen(L, -1));
  return 1;
}

/* request:chunk() -> the next bytes of a stream of bytes; false when they are
** not here yet; nil at the proven end; nil, message, info when it broke. */
static int output_chunk(lua_State *L) {
  return xai_luacall_use(L, push_chunk, xai_luacall_push_past);
}

static int push_is_bytes(lua_State *L, xai_LuaCall *r) {
  lua_pushboolean(L, xai_call_is_bytes(r->handle->call));
  return 1;
}

/* request:is_bytes() -> is the answer a stream of bytes?  Only before its end
** was read. */
static int output_is_bytes(lua_State *L) {
  return xai_luacall_use(L, push_is_bytes, push_nothing);
}

const luaL_Reg xai_output_methods[] = {{"progress", output_progress},
                                       {"name_picture", output_name_picture},
                                       {"rest", output_rest},
                                       {"fail_file", output_fail_file},
                                       {"chunk", output_chunk},
                                       {"is_bytes", output_is_bytes},
                                       {NULL, NULL}};

/* ---------------------------------------------------------------- functions */

int xai_output_resolve(lua_State *L) {
  const char *from = luaL_checkstring(L, 1), *to = luaL_checkstring(L, 2);
  xai_Buffer *b;
  const char *wrong;
  xai_client_engine(L); /* libcurl is needed */
  b = push_buffer(L, "");
  wrong = xai_url_resolve(from, to, b);
  if (wrong == xai_url_no_memory) return luaL_error(L, "not enough memory");
  if (wrong != NULL) {
    lua_pushnil(L);
    lua_pushstring(L, wrong);
    return 2;
  }
  xai_push_buffer(L, b);
  lua_pushboolean(L, xai_url_has_same_origin(from, lua_tostring(L, -1)));
  return 2;
}

typedef struct Writer {
  xai_PartFile file;
} Writer;

#define WRITER_MT "xai.writer"

static int discard_writer(lua_State *L) {
  xai_part_file_discard(&((Writer *)lua_touserdata(L, 1))->file);
  return 0;
}

/* Push a file that is removed unless it is committed. */
static xai_PartFile *push_writer(lua_State *L) {
  Writer *w = (Writer *)xai_newuserdata(L, sizeof *w);
  xai_part_file_init(&w->file);
  if (luaL_newmetatable(L, WRITER_MT)) {
    lua_pushcfunction(L, discard_writer);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return &w->file;
}

/* Characters that are decoded at once. */
#define BLOCK ((size_t)16 << 10)

/* Decode the text to the file.  Returns 0 when either is at fault. */
static int write_text(xai_PartFile *f, xai_Base64 *d, const char *s, size_t n) {
  char bytes[BLOCK / 4 * 3 + 3];
  size_t m;
  xai_base64_begin(d);
  while (n > 0) {
    size_t k = n < BLOCK ? n : BLOCK;
    m = xai_base64_decode(d, s, k, bytes);
    if (d->fault != XAI_BASE64_GOOD) return 0;
    if (xai_part_file_write(f, bytes, m) != 0) return 0;
    s += k;
    n -= k;
  }
  m = xai_base64_end(d, bytes);
  return d->fault == XAI_BASE64_GOOD && xai_part_file_write(f, bytes, m) == 0;
}

static int push_problem(lua_State *L, xai_PartFile *f, const xai_Base64 *d) {
  char words[120];
  int is_text = d->fault != XAI_BASE64_GOOD;
  xai_base64_explain(d, words, sizeof words);
  lua_pushnil(L);
  lua_pushstring(L, is_text ? words : f->problem);
  lua_pushboolean(L, is_text);
  xai_part_file_discard(f);
  return 3;
}

int xai_output_write_base64(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n);
  const char *path = luaL_checkstring(L, 2);
  int adds = lua_toboolean(L, 3);
  xai_Base64 d;
  xai_PartFile *f = push_writer(L);
  xai_Buffer *b = push_buffer(L, path);
  xai_base64_begin(&d);
  if (xai_part_file_open(f, path) != 0 || !write_text(f, &d, text, n) ||
      xai_part_file_commit(f, b, adds) != 0)
    return push_problem(L, f, &d);
  xai_push_buffer(L, b);
  return 1;
}
