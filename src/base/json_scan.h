/*
** json_scan.h - finding values in JSON text, and checking it, without building anything.
*/
#ifndef XAI_BASE_JSON_SCAN_H
#define XAI_BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* ---------------------------- look into JSON text without building anything */

/*
** For the places where a table would cost more than the answer: the text of
** a stream's event, the end of a stream, the words of an error body.  It
** finds values by structure and does not validate what it skips; whoever
** needs proof decodes the text with a JSON library.
*/

typedef enum xai_JsonType {
  XAI_JSON_NONE, /* not there */
  XAI_JSON_NULL,
  XAI_JSON_FALSE,
  XAI_JSON_TRUE,
  XAI_JSON_NUMBER,
  XAI_JSON_STRING,
  XAI_JSON_ARRAY,
  XAI_JSON_OBJECT
} xai_JsonType;

/* A value.  'raw' is its text; of a string, what stands between quotes. */
typedef struct xai_Json {
  xai_JsonType type;
  xai_Slice raw;
} xai_Json;

/* A walk through the members of an object or the items of an array. */
typedef struct xai_JsonWalk {
  const char *p;
  const char *end;
  int object;
} xai_JsonWalk;

/*
** Read the value that 's' holds, with nothing but white space around it.
** 1, or 0 when there is no such whole value.
*/
int xai_json_read(const char *s, size_t n, xai_Json *v);

/* Begin a walk.  0 when the value is neither an object nor an array. */
int xai_json_open(xai_JsonWalk *w, const xai_Json *v);

/*
** The next member.  'key' is the raw text of its name (empty in an array).
** 1; 0 at the end, or where the text is broken.
*/
int xai_json_next(xai_JsonWalk *w, xai_Slice *key, xai_Json *v);

/* The first member of that name; type XAI_JSON_NONE when there is none. */
xai_Json xai_json_get(const xai_Json *object, const char *name);

/* A whole number from 0 to 'max', or -1 for anything else. */
long xai_json_index(const xai_Json *v, long max);

/* Is the value there and not null? */
int xai_json_given(const xai_Json *v);

/*
** Append a string value as UTF-8.  Bytes that are not escapes are copied.
** '*half' (0 at first) carries the high half of a surrogate pair from one
** string to the next: gateways cut there.  A half that finds no partner
** becomes U+FFFD.  XAI_OK; XAI_ENOMEM or XAI_ELIMIT, and nothing was changed.
*/
int xai_json_unescape(xai_Slice raw, unsigned *surrogate, xai_Buffer *out);

/* The four hexadecimal digits at 's', or -1. */
long xai_json_hex4(const char *s, const char *end);

/* ------------------------- is a text JSON, from its first byte to its last? */

/*
** What is taken out of an event without decoding it is only as good as the
** event: a damaged one must not pass because nobody looked at the damage.
*/

#define XAI_JSON_MAX_DEPTH 1000 /* as JSON libraries for Lua have it */

typedef enum xai_JsonCheck {
  XAI_JSON_RIGHT,
  XAI_JSON_WRONG,
  XAI_JSON_DEEP /* right so far, but nested too deeply */
} xai_JsonCheck;

/*
** Check one value with white space around it.  Strings may hold any bytes but
** NUL, as those of JSON libraries for Lua may, but only escapes that JSON has.
*/
xai_JsonCheck xai_json_check(const char *s, size_t n);

/* The length of the escape at 's', which is a backslash; 0: JSON has no such
** escape. */
size_t xai_json_escape(const char *s, const char *end);

/* Behind the number at 'p', or NULL: there is none. */
const char *xai_json_number(const char *p, const char *end);

#pragma GCC visibility pop

#endif
