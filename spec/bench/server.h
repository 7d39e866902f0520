/*
** server.h - what the parts of the bench's server share.  Each part is a file
** server_*.c; server.c moves the bytes.
*/
#ifndef server_h
#define server_h

#include <stddef.h>
#include <stdint.h>

#define NTOK 64

struct cfg {
  long chunks, batch, delay, size, varying_field, kb, status, wait;
  char frame;
};

/* events rendered once per (size, frame) */
struct ev {
  char *p;
  uint32_t len, stamp_off;
};
struct block {
  long size;
  char frame;
  struct ev role, tok[NTOK], fin; /* fin: finish_reason, usage and [DONE] */
  char *run;
  size_t runlen;
  uint32_t off[NTOK + 1]; /* all NTOK events laid out one after the other */
  struct block *next;
};

struct conn {
  int fd, heap_i; /* heap_i: place in the timer heap, -1 when not in it */
  char *in;
  size_t inlen, incap, hdr, need;
  int chunked, parsed, keep, cont;
  const char *path;
  size_t pathlen;
  int post;
  struct cfg c;
  char *own;
  size_t owncap, ownlen, ownpos; /* bytes owned by the connection */
  const char *st;
  size_t stlen; /* then static bytes (image body) */
  struct block *blk;
  long sent;
  int streaming; /* then a stream */
  uint64_t due;
  int wantout, waiting;
  struct conn *nextrun;
  int inrun;
};

/* server.c */
extern uint64_t nreq, nconn, nopen;
uint64_t mono(void);         /* ns that never jump */
void *xr(void *p, size_t n); /* realloc, or the end */

/* server_timers.c: connections by the moment at which they are due */
struct conn *first_due(void); /* NULL: none waits */
void hpush(struct conn *c);
void hdel(struct conn *c);

/* server_events.c: what a connection owns, and the events of a stream */
void own_need(struct conn *c, size_t n);
void own_add(struct conn *c, const void *p, size_t n);
struct block *get_block(long size, char frame);
void next_batch(struct conn *c); /* behind what is owned */

/* server_request.c */
void head(struct conn *c); /* look once at headers that are complete */
size_t unchunk(char *b, size_t n, size_t *out, int dry);

/* server_answers.c: put the answer to a request behind what is owned */
void respond(struct conn *c, const char *body, size_t blen);

#endif
