/*
** info.h - what the user learns about an answer or a failure.
*/
#ifndef XAI_INFO_H
#define XAI_INFO_H

#include "bind/compat.h"
#include "net/call.h"

#pragma GCC visibility push(hidden)

/* Most bytes of an answer that info.body shows. */
#define XAI_MAX_SHOWN ((size_t)1 << 20)

/* Register the metatables; those of error objects must be there. */
void xai_info_open(lua_State *L);

/* Push the table of facts about the answer; the request is at index 1. */
void xai_info_push(lua_State *L, const xai_Call *c);

/*
** Push the failure as nil, message, info; returns 3.  'body': the answer's
** text is on top of the stack and becomes info.body (at most XAI_MAX_SHOWN of it).
*/
int xai_info_fail(lua_State *L, const xai_Call *c, const xai_Fault *f,
                  int body);

#pragma GCC visibility pop

#endif
