/*
** headercheck.h - may these headers be sent?
*/
#ifndef XAI_HEADERCHECK_H
#define XAI_HEADERCHECK_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Check the table of headers on top of the stack: names, values, and that no
** two names are one in another spelling.  Raises an error that begins with
** 'what'.
*/
void xai_headers_check(lua_State *L, const char *what);

#pragma GCC visibility pop

#endif
