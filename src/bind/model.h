/*
** model.h - tables for events that repeat an earlier one but for their text.
**
** Decoding such an event again would build the same tables from the same
** bytes; building them from a model costs a quarter of that.  Each event
** still has tables of its own.
*/
#ifndef XAI_MODEL_H
#define XAI_MODEL_H

#include "base/pattern.h"
#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** Push a model of the pattern's event, made with the codec at 'codec'; nil
** when it cannot be made.
*/
void xai_model_push(lua_State *L, int codec, const xai_Pattern *p,
                    xai_Buffer *scratch);

/*
** Push the event that the model at 'model' gives with the values at 'values'
** and above it: the text, and the stamps that differ from event to event.
*/
void xai_model_build(lua_State *L, int model, int values);

#pragma GCC visibility pop

#endif
