/*
** guard.h - what Lua is asked before a guarded call begins, and told of it.
*/
#ifndef XAI_BIND_GUARD_H
#define XAI_BIND_GUARD_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* In the registry: the function f(request, id, name, argument, options,
** client_options), which is called for each guarded call that was started.  The
** request is held.  f may admit or refuse it, or have somebody do so later.  It
** must not wait. */
#define XAI_ON_GUARDED "xai.on_guarded"

/* Ask that function about the held request at 'request'; 'client_options' is the
** index of the client's table of options.  The name, the argument and the
** options of core.start are at 2, 3 and 4. */
void xai_guard_ask(lua_State *L, int request, int client_options);

/* core.guard_all(on): begin or stop guarding every call that starts. */
int xai_guard_all(lua_State *L);

/* core.news() -> the next news of a guarded call, or nothing:
**   id, "failure", limited, wait, hint
**                               an attempt failed, 'limited': by a rate limit;
**                               the next one begins in 'wait' seconds; 'hint' is
**                               what the service asked for, or nil
**   id, "end", info, usage, first, model, answer_id, forked
**                               the call is settled.  'info' has its facts or
**                               its failure, without the URL.  'usage' is the
**                               JSON of what it used, 'first' of that with which
**                               its stream began; nil where they did not come */
int xai_guard_news(lua_State *L);

/* Methods of requests: admit and refuse. */
extern const luaL_Reg xai_guard_methods[];

#pragma GCC visibility pop

#endif
