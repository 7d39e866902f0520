/*
** json_scan.h - finding values in JSON text, and checking it, without building
** anything.
**
** For the places where a table would cost more than the answer: the text of a
** stream's event, the end of a stream, the words of an error body.
*/
#ifndef XAI_BASE_JSON_SCAN_H
#define XAI_BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/buffer.h"

#pragma GCC visibility push(hidden)

/* ----------------------------------------------------------- finding values */

/*
** These find values by structure and do not validate the values that they skip.
** Use xai_json_check where a damaged text must not pass.
*/

typedef enum xai_JsonType {
  XAI_JSON_NONE, /* there is no value */
  XAI_JSON_NULL,
  XAI_JSON_FALSE,
  XAI_JSON_TRUE,
  XAI_JSON_NUMBER,
  XAI_JSON_STRING,
  XAI_JSON_ARRAY,
  XAI_JSON_OBJECT
} xai_JsonType;

/* A value.  'raw' is its text; for a string, the text between the quotes. */
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

/* Reads the only value in 's', which white space may surround.  1; 0 if there
** is no such value, and its type is XAI_JSON_NONE. */
int xai_json_read(const char *s, size_t n, xai_Json *v);

/* Begins a walk.  1; 0 if the value is neither an object nor an array, and the
** walk is empty. */
int xai_json_open(xai_JsonWalk *w, const xai_Json *v);

/* The next member.  '*key' is the raw text of its name, empty in an array.  1;
** 0 at the end, or where the text is broken. */
int xai_json_next(xai_JsonWalk *w, xai_Slice *key, xai_Json *v);

/* The first member of that name; type XAI_JSON_NONE if there is none. */
xai_Json xai_json_get(const xai_Json *object, const char *name);

/* The value of a whole number from 0 to 'max'; -1 for any other value. */
long xai_json_index(const xai_Json *v, long max);

/* 1 if the value is present and not null. */
int xai_json_given(const xai_Json *v);

/*
** Appends the content of a string as UTF-8, given its raw text.  '*surrogate',
** 0 before the first string, carries the high half of a surrogate pair to the
** next string, because gateways cut there.  A half without its partner becomes
** U+FFFD.  XAI_OK; XAI_ENOMEM or XAI_ELIMIT, and nothing was changed.
*/
int xai_json_unescape(xai_Slice raw, unsigned *surrogate, xai_Buffer *out);

/* ---------------------------------------------------------- checking a text */

#define XAI_JSON_MAX_DEPTH 1000 /* the limit of JSON libraries for Lua */

typedef enum xai_JsonCheck {
  XAI_JSON_RIGHT,
  XAI_JSON_WRONG,
  XAI_JSON_DEEP /* no error so far, but nested too deeply */
} xai_JsonCheck;

/*
** Checks that the text is one JSON value, which white space may surround.
** Strings may hold any byte but NUL, as JSON libraries for Lua allow, but only
** the escapes of JSON.
*/
xai_JsonCheck xai_json_check(const char *s, size_t n);

/* ------------------------------------------------------------------ lexemes */

/* The length of the escape at 's', which is a backslash; 0 if JSON has no such
** escape. */
size_t xai_json_escape(const char *s, const char *end);

/* The value of the four hexadecimal digits at 's', or -1. */
long xai_json_hex4(const char *s, const char *end);

/* The end of the number at 'p'; NULL if there is none. */
const char *xai_json_number(const char *p, const char *end);

#pragma GCC visibility pop

#endif
