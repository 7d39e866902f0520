/*
** call.h - the key for another attempt, from the user's function.
*/
#ifndef XAI_BIND_CALL_H
#define XAI_BIND_CALL_H

#include "bind/compat.h"
#include "net/engine.h"

#pragma GCC visibility push(hidden)

/* ----------------- a call as Lua sees it: a userdata with low-level methods */

/*
** None of them waits; the Lua half does, between them.
*/

#define XAI_CALL_MT "xai.request"

/* Slots of a request's environment. */
#define XAI_SLOT_HOLD 1 /* how it holds its call: a userdata */
#define XAI_SLOT_URL 2
#define XAI_SLOT_CODEC 3
#define XAI_SLOT_METHOD 4
#define XAI_SLOT_TEMPLATE 5
#define XAI_SLOT_KEY 6    /* the function that gives keys */
#define XAI_SLOT_ID 7     /* of what is to be deleted */
#define XAI_SLOT_HEAD 8   /* of the answer, once the request is at rest */
#define XAI_SLOT_LOG 9    /* its stream's journal, likewise */
#define XAI_SLOT_ERROR 10 /* the text of its failure, likewise */

typedef struct xai_LuaCall {
  const char *tag; /* tells a request from other userdata */
  xai_Hold *hold;
  unsigned long template; /* serial of the pattern whose model is kept */
  size_t log_read;        /* where request:said has come to */
  int surrogates;         /* what it said holds halves of surrogate pairs */
  int asking;             /* the function that gives keys is running */
  int any_json;           /* the answer need not be an object, nor JSON */
} xai_LuaCall;

/* Register the metatable. */
void xai_luacall_open(lua_State *L);

/*
** The request at index 1; raises when it is none, or was released.  Its call is
** NULL when it is over and at rest.
*/
xai_LuaCall *xai_luacall_check(lua_State *L);

/* Do something with the call of the request at index 1, which is there until
** that is done, whatever finalizers do meanwhile. */
typedef int xai_LuaCallUse(lua_State *L, xai_LuaCall *r);
int xai_luacall_use(lua_State *L, xai_LuaCallUse *use);

/* The same, for a method that asks how far it is: gives a call that waits for
** its key another one. */
int xai_luacall_poll(lua_State *L, xai_LuaCallUse *use);

/* The call of the request at index 1 is done: its body is needed no more. */
void xai_luacall_drop_body(lua_State *L);

/*
** The request at index 1 was read to its end, or failed: its call is given back
** when nobody uses it any more.  What is needed later becomes strings of Lua's.
*/
void xai_luacall_rest(lua_State *L, xai_LuaCall *r);

/* Push the head of its answer; nil where none came. */
void xai_luacall_push_head(lua_State *L, const xai_Call *c);

/* What the transfer reads lives as long as it. */
void xai_luacall_pin_body(lua_State *L, int request, int body);

/* Push a new request on a new call of the engine, not started yet. */
xai_LuaCall *xai_luacall_new(lua_State *L, xai_Engine *e,
                             const xai_Settings *set, xai_Api api, int raw);

/* Push the request of a call with news, or nil. */
void xai_luacall_push(lua_State *L, const xai_Call *c);

/* -------------------- the key for another attempt, from the user's function */

/* core.on_key_error(f): f(err) is called with an error of such a function; does
** it mean that whoever waits for the key was cancelled? */
int xai_luacall_on_key_error(lua_State *L);

#pragma GCC visibility pop

#endif
