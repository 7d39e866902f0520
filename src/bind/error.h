/*
** error.h - failures, and the facts about an answer, as Lua sees them.
*/
#ifndef XAI_BIND_ERROR_H
#define XAI_BIND_ERROR_H

#include "base/error_body.h"
#include "bind/compat.h"
#include "net/call.h"

#pragma GCC visibility push(hidden)

#define XAI_ERROR_MT "xai.error"

/* Most bytes of an answer that info.body shows. */
#define XAI_MAX_SHOWN ((size_t)1 << 20)

/* What an error object is made of. */
typedef struct xai_Report {
  const xai_CallInfo *call;
  const xai_Error *error;
  const xai_ErrorBody *error_body; /* NULL: no error answer or event */
} xai_Report;

/* Register the metatables of error objects and of tables of facts. */
void xai_info_open(lua_State *L);

/* Replace the URL and the answer's head (or nil), which are on top, by the
** table of facts about the call. */
void xai_info_push(lua_State *L, const xai_CallInfo *call);

/*
** Replace the answer's text (or nil), the URL and the answer's head (or nil),
** which are on top, by nil, message and info.  Returns 3.  The text becomes
** info.body, cut off after XAI_MAX_SHOWN bytes.
*/
int xai_info_fail(lua_State *L, const xai_Report *report);

#pragma GCC visibility pop

#endif
