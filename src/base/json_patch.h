/*
** json_patch.h - JSON objects with some members replaced, added or removed.
*/
#ifndef XAI_BASE_JSON_PATCH_H
#define XAI_BASE_JSON_PATCH_H

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/*
** Appends the object 'body' with the members of the object 'patch': each
** replaces the member of that name, null removes it, and new ones stand where
** the order of names puts them.  Members of members are not merged.  Both texts
** are valid JSON and escape names alike.  XAI_OK or XAI_ENOMEM.
*/
int xai_json_patch(xai_Slice body, xai_Slice patch, xai_Buffer *out);

/* Item 'n' (from 0) of the array 'list', as text; empty after the last. */
xai_Slice xai_json_patch_at(xai_Slice list, int n);

/* How many items the array 'list' has. */
int xai_json_patch_count(xai_Slice list);

#pragma GCC visibility pop

#endif
