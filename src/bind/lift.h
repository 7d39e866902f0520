/*
** lift.h - the long strings of a JSON text, decoded beside it.
*/
#ifndef XAI_LIFT_H
#define XAI_LIFT_H

#include "bind/compat.h"
#include "bind/jsoncodec.h"

#pragma GCC visibility push(hidden)

#define XAI_LIFTED 'L' /* behind a mark: the number of a string follows */

/*
** If the text on top has long strings: push, below it, the list of them, and
** replace it by a text that has "<mark>L<i>" for the i-th.  Else push nil
** below it.  1 when there were some.
*/
int xai_lift_strings(lua_State *L, xai_Codec *c);

#pragma GCC visibility pop

#endif
