/*
** request.h - the start of a call: settings, URL, body, headers.
*/
#ifndef XAI_BIND_REQUEST_H
#define XAI_BIND_REQUEST_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** core.start(client, name, argument, options [, as [, input]]) -> request,
** streamed [, deadline].  Starts a call.  'argument' is an id, or else the body
** or the query; 'input' is the body or the query that comes with an id.  'as' is
** the name of the client's function that the user called, if that is another.
** The deadline is in seconds.  Raises for misuse.
*/
int xai_request_start(lua_State *L);

#pragma GCC visibility pop

#endif
