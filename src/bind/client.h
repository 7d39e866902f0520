/*
** client.h - clients: settings and a key; the engine that those of a Lua state
** share.
*/
#ifndef XAI_BIND_CLIENT_H
#define XAI_BIND_CLIENT_H

#include "bind/compat.h"
#include "net/engine.h"

#pragma GCC visibility push(hidden)

#define XAI_VERSION "0.1.0"

/* Slots of a client's environment. */
#define XAI_CLIENT_OPTIONS 1 /* a copy: it keeps the strings of 'set' alive */
#define XAI_CLIENT_CODEC 2
#define XAI_CLIENT_BASE 3 /* the base URL without "/v1" */

typedef struct xai_Client {
  const char *tag;    /* tells a client from other userdata */
  xai_Engine *engine; /* NULL once closed */
  xai_Settings set;
  xai_Buffer password;     /* of the certificate's key */
  xai_Buffer key;          /* the only copy; wiped when the client closes */
  unsigned long client_id; /* given by the engine */
  int has_tape;            /* of xai.testing: it answers, or records */
} xai_Client;

/* Register the metatables; nothing is acquired yet. */
void xai_client_open(lua_State *L);

/* The Lua state's engine, made when it is first needed; raises without memory
** for it. */
xai_Engine *xai_client_engine(lua_State *L);

/* The engine, or NULL when none was needed yet. */
xai_Engine *xai_client_engine_if_any(lua_State *L);

/* "lua-xai/0.1.0 (Lua 5.4; libcurl/7.88.1)" */
const char *xai_client_agent(lua_State *L);

/* core.client(what, options, codec) -> client */
int xai_client_new(lua_State *L);

/* The open client at index 1; raises when there is none. */
xai_Client *xai_client_check(lua_State *L, const char *what);

/* core.deadline(client) -> the seconds of its option 'deadline'; nil without. */
int xai_client_deadline(lua_State *L);

/* The length of a base URL without "/v1" and slashes at its end. */
size_t xai_client_base_length(const char *url);

/* Raise if the base URL or the proxy of the settings cannot be used. */
void xai_client_check_peer(lua_State *L, const char *what,
                           const xai_Settings *set);

/* Raise if the key would break the header line.  The key is never shown. */
void xai_client_check_key(lua_State *L, const char *what, const char *key,
                          size_t n);

#pragma GCC visibility pop

#endif
