/*
** error_body.h - error answers of the service and of gateways: the words in
** them, whatever their shape, and the kind of failure that they report.
**
** Facts: the service's error documentation (body shapes A to I, codes).
*/
#ifndef XAI_BASE_ERROR_BODY_H
#define XAI_BASE_ERROR_BODY_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_scan.h"

#pragma GCC visibility push(hidden)

/* The words of an error body, in UTF-8.  A buffer is empty where the body does
** not have that word. */
typedef struct xai_ErrorBody {
  xai_Buffer message;
  xai_Buffer code;
  xai_Buffer type;
  xai_Buffer param;
} xai_ErrorBody;

/* Makes all words empty; acquires nothing. */
void xai_error_body_init(xai_ErrorBody *body);

/* Releases the memory; the words are empty afterwards. */
void xai_error_body_free(xai_ErrorBody *body);

/*
** Reads the 'n' bytes of an error body: JSON of any shape, plain text, XML,
** HTML (its title) or nothing.  The words of an earlier body are forgotten.
** Each word is cut at 500 bytes between two characters; control characters
** become blanks; a NUL follows the message.  XAI_OK, or XAI_ENOMEM with all
** words empty.
*/
int xai_error_body_read(xai_ErrorBody *body, const char *text, size_t n);

/*
** The kind of an error answer with this HTTP status and these words.  Status
** 200 means: the error was reported inside a successful answer or stream.
*/
xai_Kind xai_error_body_kind(const xai_ErrorBody *body, int status);

/* 1 if the code or the message contains 'word', in any case of ASCII
** letters. */
int xai_error_body_has(const xai_ErrorBody *body, const char *word);

/* 1 if the words tell that the requested model is not there.  The service says so
** under status 400. */
int xai_error_body_lacks_model(const xai_ErrorBody *body);

/* 1 if the words tell of a failure that passes by itself, as an overload. */
int xai_error_body_is_transient(const xai_ErrorBody *body);

/* --------------------------------- errors within answers that are successes */

/*
** 1 if the value of an "error" member reports an error.  These do not: null,
** false, 0, "", [], {}, and containers that hold only these.
*/
int xai_error_body_is_reported(const xai_Json *value);

/*
** 1 if the body of a successful answer reports an error: by a member "error",
** an error in one of its choices, the status "failed", or an object with
** nothing but an error, whatever its name.  'any' means that the answer's shape
** is not known: then a member "error" counts only beside choices or alone.
*/
int xai_error_body_in_answer(xai_Slice body, int any);

/*
** 1 if the object consists of words about an error only: members such as
** "error", "error_msg", "type": "error", "success": false.
*/
int xai_error_body_is_bare(const xai_Json *object);

#pragma GCC visibility pop

#endif
