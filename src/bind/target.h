/*
** target.h - where a call goes, and with which body.
*/
#ifndef XAI_TARGET_H
#define XAI_TARGET_H

#include "base/endpoint.h"
#include "bind/start.h"

#pragma GCC visibility push(hidden)

/* The settings of the client with the options of the call over them. */
void xai_target_settings(xai_Start *s);

/* Method, URL and body of one of the endpoints. */
void xai_target_row(xai_Start *s, const xai_Endpoint *row);

/* The same of client:request{ method=, path=, query=, body=, stream= }. */
void xai_target_free_form(xai_Start *s);

/* Push option 'name' of the call, else of the client; 0 when it is nil. */
int xai_target_option(const xai_Start *s, const char *name);

#pragma GCC visibility pop

#endif
