/*
** call.h - what Lua sees of one call: a userdata with low-level methods.
** No method waits; the Lua half waits between calls of methods.
*/
#ifndef XAI_BIND_CALL_H
#define XAI_BIND_CALL_H

#include "bind/compat.h"
#include "net/call.h"
#include "net/engine.h"

#pragma GCC visibility push(hidden)

#define XAI_CALL_MT "xai.request"

/* Slots of a request's environment. */
#define XAI_SLOT_HANDLE 1 /* the userdata that refers to the call */
#define XAI_SLOT_URL 2
#define XAI_SLOT_CODEC 3
#define XAI_SLOT_METHOD 4
#define XAI_SLOT_TEMPLATE 5
#define XAI_SLOT_KEY 6    /* the function that gives keys */
#define XAI_SLOT_ID 7     /* of what is to be deleted */
#define XAI_SLOT_HEAD 8   /* of the answer, once the request is at rest */
#define XAI_SLOT_LOG 9    /* the bytes of its event log, likewise */
#define XAI_SLOT_ERROR 10 /* the text of its failure, likewise */
#define XAI_SLOT_TRIED 11 /* what info.tried shows, likewise */

typedef struct xai_LuaCall {
  const char *tag; /* tells a request from other userdata */
  xai_CallHandle *handle;
  unsigned long template; /* serial of the event template of which tables are
                             kept */
  int template_depth;     /* levels of tables in that template */
  size_t log_read;        /* the place that request:read_log returned last */
  int surrogates;         /* a text that was read had an unpaired surrogate */
  int asking;             /* the function that gives keys is running */
  int any_json;           /* the answer need not be an object, nor JSON */
  int may_be_empty;       /* an empty answer counts as an empty object */
} xai_LuaCall;

/* Register the metatable, with these methods beside those of call.c.  Each
** list ends with a NULL name. */
void xai_luacall_open(lua_State *L, const luaL_Reg *const *more, int count);

/*
** The request at index 1.  Raises if there is none, or if it was released.  The
** call of its handle is NULL after it was done and at rest.
*/
xai_LuaCall *xai_luacall_check(lua_State *L);

/* Run 'live' on the request at index 1.  Its call is not freed meanwhile,
** whatever finalizers do.  If the call was freed before, run 'at_rest' instead.
** Returns the result of that function. */
typedef int xai_LuaCallUse(lua_State *L, xai_LuaCall *r);
int xai_luacall_use(lua_State *L, xai_LuaCallUse *live,
                    xai_LuaCallUse *at_rest);

/* Push the outcome of a request at rest: nothing after a success, else nil,
** message, info.  Returns the number of values. */
int xai_luacall_push_past(lua_State *L, xai_LuaCall *r);

/* Release the request's body of the request at index 1, whose call is done. */
void xai_luacall_drop_body(lua_State *L);

/*
** Put the request at index 1 at rest: its answer was read to the end, or it
** failed.  Head, log and error become Lua strings, and its call is freed when
** nobody uses it any more.
*/
void xai_luacall_rest(lua_State *L, xai_LuaCall *r);

/* The facts about the request, also when its call was freed. */
xai_CallInfo xai_luacall_info(const xai_LuaCall *r);

/* Push the table of facts about the request at index 1. */
void xai_luacall_push_info(lua_State *L, xai_LuaCall *r);

/* Push nil, message, info for this failure of the request at index 1.  With
** 'body' the text on top becomes info.body.  Returns 3. */
int xai_luacall_fail(lua_State *L, xai_LuaCall *r, const xai_Error *error,
                     int body);

/* The same for a failure that is not the call's error. */
int xai_luacall_fail_as(lua_State *L, xai_LuaCall *r, xai_Cause cause);

/* The same for a request at rest, and replace its error. */
int xai_luacall_replace_error(lua_State *L, xai_LuaCall *r, xai_Cause cause);

/* Keep the request's body at index 'body', and the text at index 'patches' (0:
** none), until the call is done. */
void xai_luacall_pin_body(lua_State *L, int request, int body, int patches);

/* Keep what a tape said at index 'tape' until the call is freed. */
void xai_luacall_pin_tape(lua_State *L, int request, int tape);

/* Push a new request on a new call of the engine, not started yet. */
xai_LuaCall *xai_luacall_new(lua_State *L, xai_Engine *e,
                             const xai_Settings *set, xai_Api api, int raw);

/* Push the request of a watched call, or nil. */
void xai_luacall_push(lua_State *L, const xai_Call *c);

/* core.on_key_error(f): call f(err) with each error that a key function raises.
** It returns true if the error cancels whoever waits for the key. */
int xai_luacall_on_key_error(lua_State *L);

#pragma GCC visibility pop

#endif
