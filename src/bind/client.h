/*
** client.h - clients: settings and a key; the start of calls.
*/
#ifndef XAI_CLIENT_H
#define XAI_CLIENT_H

#include "bind/compat.h"

/* Register the metatable. */
void xai_client_open(lua_State *L);

/* core.client(engine, what, options, codec) -> client */
int xai_client_new(lua_State *L);

/* core.start(client, name, argument, options) -> request, streamed */
int xai_client_start(lua_State *L);

#endif
