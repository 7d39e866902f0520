/*
** error.h - failures, and the facts about an answer, as Lua sees them.
*/
#ifndef XAI_BIND_ERROR_H
#define XAI_BIND_ERROR_H

#include "base/error_body.h"
#include "bind/compat.h"
#include "net/call.h"

#pragma GCC visibility push(hidden)

/* ------------------------------------------------ failures as Lua sees them */

#define XAI_ERROR_MT "xai.error"

/* Register the metatable of error objects. */
void xai_luaerr_open(lua_State *L);

/* What is known of a failure beside the answer's own facts. */
typedef struct xai_Report {
  const xai_Error *error;
  const xai_ErrorBody *error_body; /* NULL: the service said nothing */
  int status;
  int64_t retry_after_ms; /* or -1 */
  const char *billed;     /* "no", "maybe", "yes" */
} xai_Report;

/* ------------------------ what the user learns about an answer or a failure */

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
int xai_info_fail(lua_State *L, const xai_Call *c, const xai_Error *f,
                  int body);

/* The same for a failure that is not the call's own: the library refuses. */
int xai_info_fail_as(lua_State *L, const xai_Call *c, xai_Cause cause);

#pragma GCC visibility pop

#endif
