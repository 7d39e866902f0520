/*
** luaerr.h - failures as Lua sees them.
*/
#ifndef XAI_LUAERR_H
#define XAI_LUAERR_H

#include "base/fault.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

#define XAI_ERROR_MT "xai.error"

/* Register the metatable of error objects. */
void xai_luaerr_open(lua_State *L);

/*
** Raise the misuse of an argument.  The position named is that of whoever
** called the Lua function that called this C function: the user's line.
*/
int xai_misuse(lua_State *L, const char *format, ...);

/* What is known of a failure beside the answer's own facts. */
typedef struct xai_Report {
  const xai_Fault *fault;
  const xai_Complaint *complaint; /* NULL: the service said nothing */
  int status;
  int64_t retry_after_ms; /* or -1 */
  const char *billed;     /* "no", "maybe", "yes" */
} xai_Report;

/*
** Make the info table on top of the stack an error object.  It has then
** 'kind', 'message', 'phase', 'code', 'type', 'param', 'retryable',
** 'retry_after' (seconds) and 'billed', and tostring() gives one line.
*/
void xai_luaerr_set(lua_State *L, const xai_Report *r);

/* Push the line that tostring() gives for the error object at 'i'. */
void xai_luaerr_line(lua_State *L, int i);

#pragma GCC visibility pop

#endif
