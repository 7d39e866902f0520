/*
** request.h - the start of a call: settings, URL, body, headers.
*/
#ifndef XAI_BIND_REQUEST_H
#define XAI_BIND_REQUEST_H

#include "base/endpoint.h"
#include "bind/client.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* ----------------- the start of a call: core.start and what its parts share */

/* All that the start of one call needs to know. */
typedef struct xai_RequestBuilder {
  lua_State *L;
  const char *what; /* "client:chat" */
  xai_Client *client;
  xai_Engine *engine;   /* of the client, which a callback may close */
  int env;              /* index of the client's environment */
  int options;          /* index of the call's options, or 0 */
  int url, body, codec; /* indices; body 0: none */
  int key, key_from;    /* of the key, 0: the client's; of its function */
  const char *method;
  xai_Settings set;
  xai_Api api;
  int stream, raw, any_json, pending_ok, read_once;
} xai_RequestBuilder;

/*
** core.start(client, name, argument, options [, as]) -> request, streamed.
** 'as' is the name of the function that the user called, where it is another
** one and returns before the call's end: "start", "warm".
*/
int xai_request_start(lua_State *L);

/* ----------------------------------- where a call goes, and with which body */

/* ---------------------------------- the header lines of a call, and its key */

#pragma GCC visibility pop

#endif
