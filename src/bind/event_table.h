/*
** event_table.h - tables of events that repeat an earlier one.
*/
#ifndef XAI_BIND_EVENT_TABLE_H
#define XAI_BIND_EVENT_TABLE_H

#include "base/event_template.h"
#include "bind/call.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/* -------------------------------------------------------------------- model */

/*
** tables for events that repeat an earlier one but for their text.
**
** Decoding such an event again would build the same tables from the same
** bytes; building them from a model costs a quarter of that.  Each event
** still has tables of its own.
*/

/* -------------------------- the tables of events that repeat an earlier one */

/* The shown event repeats the pattern: push it, built from its model.  0 when
** there is no model of it, or a finalizer has read it meanwhile. */
int xai_event_table_push(lua_State *L, xai_LuaCall *r);

#pragma GCC visibility pop

#endif
