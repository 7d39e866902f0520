/*
** news.h - watched calls that have news, in the order in which it came.
** The queue is part of the engine; see there for xai_engine_queue and
** xai_engine_ready.
*/
#ifndef XAI_NEWS_H
#define XAI_NEWS_H

#include "net/engine.h"

#pragma GCC visibility push(hidden)

/* Take a call out of the queue; nothing happens when it is not in it. */
void xai_news_forget(xai_Engine *e, xai_Call *c);

#pragma GCC visibility pop

#endif
