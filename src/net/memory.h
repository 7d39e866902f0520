/*
** memory.h - the allocator that libcurl uses; it can overwrite what it frees.
*/
#ifndef XAI_NET_MEMORY_H
#define XAI_NET_MEMORY_H

#pragma GCC visibility push(hidden)

/*
** Initialize libcurl with this allocator.  Returns 1, or 0 when libcurl cannot
** be initialized.  When the process initialized libcurl before, libcurl keeps
** its allocator, and the functions below have no effect.
*/
int xai_memory_open(void);

/* From now on, overwrite each block that libcurl frees.  It cannot be undone.
** On systems other than Linux nothing happens. */
void xai_memory_wipe(void);

/* Returns 1 when blocks are overwritten, else 0. */
int xai_memory_wipes(void);

/* Returns 1 when no allocation of libcurl has failed yet; 0 also when this
** allocator is not in use. */
int xai_memory_sufficed(void);

#pragma GCC visibility pop

#endif
