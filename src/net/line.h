/*
** line.h - calls that wait for their turn to begin.
** Each may cost a connection, so not all that are started together begin in
** one step.  The line is part of the engine.
*/
#ifndef XAI_LINE_H
#define XAI_LINE_H

#include "net/engine.h"

#pragma GCC visibility push(hidden)

/* Put a call at the end of the line. */
void xai_line_join(xai_Engine *e, xai_Call *c);

/* Take a call out; nothing happens when it is not in the line. */
void xai_line_leave(xai_Engine *e, xai_Call *c);

#pragma GCC visibility pop

#endif
