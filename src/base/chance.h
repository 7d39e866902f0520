/*
** chance.h - random bytes from the operating system, read in portions.
*/
#ifndef XAI_CHANCE_H
#define XAI_CHANCE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct xai_Chance {
  unsigned char pool[240];
  size_t left; /* unused bytes at the end of the pool */
  long pid;    /* a forked child must not repeat its parent's bytes */
} xai_Chance;

void xai_chance_init(xai_Chance *c);

/* Fill 's' with 'n' random bytes. */
void xai_chance_bytes(xai_Chance *c, void *s, size_t n);

/* A number in [0,1). */
double xai_chance_roll(xai_Chance *c);

#define XAI_UUID_SIZE 37

/* Write a random UUID (version 4): 36 characters and a NUL. */
void xai_chance_uuid(xai_Chance *c, char out[XAI_UUID_SIZE]);

#pragma GCC visibility pop

#endif
