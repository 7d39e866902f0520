/*
** process.h - which process is this?
*/
#ifndef XAI_PROCESS_H
#define XAI_PROCESS_H

#pragma GCC visibility push(hidden)

/*
** The number of this process.  Asked for with each event, to notice a fork, so
** the operating system is asked only where the answer may have changed.
*/
long xai_process(void);

#pragma GCC visibility pop

#endif
