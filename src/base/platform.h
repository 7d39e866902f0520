/*
** platform.h - clock, process, terminal, folders and random bytes of the operating system.
*/
#ifndef XAI_BASE_PLATFORM_H
#define XAI_BASE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* -------------------------------------------------------------------- clock */

#define XAI_NEVER INT64_MAX /* a time that does not come */

/* Milliseconds of the monotonic clock, since an arbitrary start. */
int64_t xai_clock_ms(void);

/* Seconds of the same clock, as precise as it is. */
double xai_clock_seconds(void);

/*
** For tests only: makes both clocks 'ms' milliseconds later, so that a test
** need not wait for a pause.  The clock of libcurl, and timers of the operating
** system that were started, do not change.
*/
void xai_clock_skip(int64_t ms);

/* 'now_ms' + 'wait_ms' milliseconds; XAI_NEVER if 'wait_ms' is 0 or less, or if
** the sum is too large. */
int64_t xai_clock_after(int64_t now_ms, int64_t wait_ms);

/* ------------------------------------------------------------------ process */

/* The number of this process.  It is needed for each event, to notice a fork.
** On Linux it costs a system call only after a fork. */
long xai_process_id(void);

/* ----------------------------------------------------------------- terminal */

/* The columns of the terminal behind a descriptor: 0 if the system does not tell
** them, -1 if the descriptor is no terminal or is not open. */
int xai_terminal_columns(int fd);

/* Waits at most 'ms' milliseconds until a descriptor can be read without
** blocking.  Ends early when 'other', if it is not -1, can be read, and by a
** signal.  Returns 1 if the first one can be read, else 0. */
int xai_wait_readable(int fd, int other, int ms);

/* ------------------------------------------------------------------- folders */

/* Makes a folder, and those above it, for this user alone.  Those that are there
** stay as they are.  Returns 0, or the error number of the system. */
int xai_make_private_folder(const char *path);

/* ------------------------------------------------------------- random bytes */

/* Random bytes of the system, read in portions. */
typedef struct xai_Random {
  unsigned char pool[240];
  size_t left; /* unused bytes, at the end of the pool */
  long pid;    /* a forked child must not repeat its parent's bytes */
} xai_Random;

/* Makes an empty pool; nothing is acquired. */
void xai_random_init(xai_Random *r);

/* A random number in [0,1). */
double xai_random_unit(xai_Random *r);

#define XAI_UUID_SIZE 37 /* bytes, with the NUL */

/* Writes a random UUID (version 4) and a NUL. */
void xai_random_uuid(xai_Random *r, char out[XAI_UUID_SIZE]);

#pragma GCC visibility pop

#endif
