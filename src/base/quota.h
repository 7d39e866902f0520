/*
** quota.h - does a text say that money has run out?
*/
#ifndef XAI_QUOTA_H
#define XAI_QUOTA_H

#include "base/slice.h"

#pragma GCC visibility push(hidden)

/*
** Does the text say that credits, a balance or a quota are too low, as in "Your
** credit balance is too low", "insufficient_quota", "out of credits"?  A guess
** by words that stand side by side; texts that merely name them do not count.
** 'of_minutes': a quota may be that of a minute, so only money counts.
*/
int xai_quota_lacks(xai_Slice text, int of_minutes);

#pragma GCC visibility pop

#endif
