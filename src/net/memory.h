/*
** memory.h - libcurl's memory: what it gives back is overwritten.
*/
#ifndef XAI_NET_MEMORY_H
#define XAI_NET_MEMORY_H

#pragma GCC visibility push(hidden)

/* Make libcurl ready; 0 when that fails.  In a process whose libcurl was
** ready before, its memory stays as it is. */
int xai_memory_open(void);

/* From now on, what libcurl gives back is overwritten. */
void xai_memory_wipe(void);

/* Is it? */
int xai_memory_wipes(void);

/* Has libcurl always got the memory that it asked for?  0 also where nobody
** knows. */
int xai_memory_sufficed(void);

#pragma GCC visibility pop

#endif
