/*
** error_body.h - the words of an error body, whatever its shape.
*/
#ifndef XAI_BASE_ERROR_BODY_H
#define XAI_BASE_ERROR_BODY_H

#include "base/error.h"
#include "base/json_scan.h"

#pragma GCC visibility push(hidden)

/* Does an "error" member report an error?  null, false, 0, "", [], {} and what
** holds nothing else do not. */
int xai_error_body_given(const xai_Json *v);

/*
** Does the body of a success report an error instead: a member "error" beside
** anything, an error in one of its choices, the status "failed", an error by
** whatever name that stands alone?  'any': nothing is known of the answer, and
** without choices a member "error" must stand alone.
*/
int xai_error_body_in_answer(xai_Slice body, int any);

/* Has the object nothing but words about an error, be they called "error",
** "error_msg", or whatever with "type": "error" or "success": false? */
int xai_error_body_alone(const xai_Json *object);

#pragma GCC visibility pop

#endif
