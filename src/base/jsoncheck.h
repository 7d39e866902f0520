/*
** jsoncheck.h - is a text JSON, from its first byte to its last?
**
** What is taken out of an event without decoding it is only as good as the
** event: a damaged one must not pass because nobody looked at the damage.
*/
#ifndef XAI_JSONCHECK_H
#define XAI_JSONCHECK_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

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
