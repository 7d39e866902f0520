/*
** event_table.h - tables of events that repeat an earlier one.
*/
#ifndef XAI_BIND_EVENT_TABLE_H
#define XAI_BIND_EVENT_TABLE_H

#include "base/event_template.h"
#include "bind/call.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Most events of a stream differ from the last one only in their text and a few
** fields.  Decoding each of them would build the same tables from the same
** bytes; building them from a template of tables costs a quarter of that.  Each
** event gets new tables.
*/

/* The shown event repeats its event template: push its table.  Returns 0 if no
** tables can be made for that template, or a finalizer has read the event. */
int xai_event_table_push(lua_State *L, xai_LuaCall *r);

#pragma GCC visibility pop

#endif
