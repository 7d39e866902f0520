/*
** floor.h - what the two floors share: floor.c sends requests, and calls what
** floor_plain.c or floor_json.c makes of the answers.
*/
#ifndef floor_h
#define floor_h

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
  char *p;
  size_t n, cap;
};

struct req {
  CURL *e;
  char url[600];
  struct buf body, carry;
  int stream;
  long events, content, chunks;
  int fn; /* fn: Lua function reference */
  int done;
  struct req *next;
};

extern const char *loopn;
extern CURLM *multi;
extern long connects;

int64_t now_us(void);
long envl(const char *k);     /* a setting that is a number, or 0 */
int user_is(const char *who); /* FJ_USER */
void die(const char *m);
void badd(struct buf *b, const char *p, size_t n);

struct req *prepare(
    const char *path); /* the one that is used again and again */
void setup(struct req *r, const char *path);
void body(struct req *r, const char *p, size_t n);
void go(struct req *r);                /* one request to its end */
void drive(const char *how, int want); /* until 'want' of them are done */

/* These two differ. */
void event(struct req *r, const char *p, size_t n);
void workload(const char *w, int has_n, long n);

/* floor_text.c: choices[0].delta.content, found by skipping; 0: none */
int find_text(const char *p, size_t n, struct buf *t);

#endif
