/*
** bytes.h - functions of the module that know bytes: base64 and types of files.
*/
#ifndef XAI_BIND_BYTES_H
#define XAI_BIND_BYTES_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* core.base64(bytes) -> text, with padding and without line ends. */
int xai_bytes_base64(lua_State *L);

/* core.unbase64(text) -> bytes; or nil and what is wrong, with its place. */
int xai_bytes_unbase64(lua_State *L);

/* core.media_type(bytes) -> "image/png", "png"; nothing where it is unknown. */
int xai_bytes_media_type(lua_State *L);

#pragma GCC visibility pop

#endif
