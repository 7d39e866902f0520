/*
** failing.h - allocators that fail when they are told to, and that count what
** is given back.
*/
#ifndef FAILING_H
#define FAILING_H

#include <stddef.h>

/* Whose allocations. */
typedef enum Source {
  SOURCE_LUA,  /* the Lua state's */
  SOURCE_CURL, /* libcurl's */
  SOURCE_CORE, /* the module's own: malloc, calloc, realloc */
  SOURCES
} Source;

#define FOR_EVER (-1L)

/*
** From now on the 'from'-th allocation of that source fails, and 'more' after
** it; with 'every' above 0 instead each 'every'-th fails.  More memory is
** asked for than Lua itself wants in vain: each failure makes it collect.
*/
void failing_arm(Source source, long from, long more);
void failing_arm_every(Source source, long every);

/* Memory is back.  How many allocations have failed since it was gone. */
long failing_disarm(void);

/* How many were asked for, until it was back. */
long failing_calls(void);

/* Blocks that were not given back. */
long failing_blocks(Source source);

/* For lua_newstate. */
void *failing_lua_alloc(void *ud, void *block, size_t old, size_t size);

/* Make libcurl use these; before anybody else asks it for anything. */
int failing_init_curl(void);

#endif
