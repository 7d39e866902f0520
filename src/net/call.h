/*
** call.h - one call of the user: its attempts, its times, its outcome.
*/
#ifndef XAI_NET_CALL_H
#define XAI_NET_CALL_H

#include "base/endpoint.h"
#include "base/error_body.h"
#include "base/event_reader.h"
#include "net/call_info.h"
#include "net/outcome.h"
#include "net/transfer.h"

#pragma GCC visibility push(hidden)

/* ------------------------------------------------------- what it is, at once */

/* The facts about the call now. */
xai_CallInfo xai_call_info(const xai_Call *c);

/* ------------------------------------------------------------------ lifetime */

/* A new call, not started; NULL without memory.  'api' and 'raw': how its
** stream is read.  'handle': its reader's, or NULL. */
xai_Call *xai_call_new(const xai_Settings *set, xai_Api api, int raw,
                       xai_CallHandle *handle);

/* Free it and what it holds; no attempt may be under way. */
void xai_call_free(xai_Call *c);

/* The reader has copied what it wants to keep: free head, body and events.
** The facts stay, and the error. */
void xai_call_rest(xai_Call *c);

/* Append a header line, before the start.  The line is built in 'scratch',
** whose contents are undefined between uses.  0, or -1 without memory. */
int xai_call_add_header(xai_Call *c, xai_Buffer *scratch, const char *name,
                        const char *value, size_t n);

/* The same for the line with the key, which is wiped from 'scratch'. */
int xai_call_add_key(xai_Call *c, xai_Buffer *scratch, const char *key,
                     size_t n);

/* The n-th header line, from 0; NULL behind the last. */
const char *xai_call_header_at(const xai_Call *c, int n);

/* The times of its attempts are wanted. */
void xai_call_measure(xai_Call *c);

/* ------------------------------------------------------- driven by the engine */

/* Start the first attempt; with 'later' it is due at the next tick.  0, or -1:
** then the call is done. */
int xai_call_begin(xai_Call *c, const xai_Request *r, CURLM *multi, int later);

/* The attempt ended with this code: the call is done, or waits for another. */
void xai_call_finish(xai_Call *c, CURLcode code);

/* The next moment at which xai_call_tick has something to do. */
int64_t xai_call_due(const xai_Call *c);

/* Act on the time: give up, or start the next attempt on 'multi'.  With
** 'unread_backlog' silence proves nothing: bytes may have come unread. */
void xai_call_tick(xai_Call *c, CURLM *multi, int64_t now_ms,
                   int unread_backlog);

/* End it now for that cause.  Nothing happens when it is done. */
void xai_call_abort(xai_Call *c, xai_Cause cause);

/* End it in a forked process.  Its handle belongs to the parent, so it is not
** touched. */
void xai_call_abandon_after_fork(xai_Call *c);

/* ----------------------------------------------------------------- the state */

int xai_call_is_done(const xai_Call *c);

/* The head of a streamed success is in, or the call is done. */
int xai_call_opened(const xai_Call *c);

/* Did it bring an answer that is no stream? */
int xai_call_is_whole(const xai_Call *c);

/* Is there something for its reader? */
int xai_call_is_ready(const xai_Call *c);

/* The failure; kind XAI_KIND_NONE: there is none. */
const xai_Error *xai_call_error(const xai_Call *c);

/* What the service said about it; empty where it said nothing. */
const xai_ErrorBody *xai_call_error_body(const xai_Call *c);

/* Is the next attempt waited for, and was that not told yet?  Then 'wait_ms'
** is how long the wait is. */
int xai_call_tell_retry(xai_Call *c, int64_t *wait_ms);

/* ------------------------------------------------------------------- its key */

/*
** A call that is done keeps its header lines until everything that came was
** read, so that an echo of the key can be masked.
*/

/* Overwrite with stars each occurrence of a key that the call sends. */
void xai_call_mask(const xai_Call *c, char *s, size_t n);
void xai_call_mask_buffer(const xai_Call *c, xai_Buffer *b);

/* Wipe and release the header lines. */
void xai_call_forget_key(xai_Call *c);

/* The same, after masking all that was not read yet. */
void xai_call_end_key(xai_Call *c);

/* Does the next attempt wait for its key? */
int xai_call_wants_key(const xai_Call *c);

/* Does it wait for another key, because the service refused the last one? */
int xai_call_needs_other_key(const xai_Call *c);

/* Use this key for the next attempt.  The same key again ends a call whose key
** was refused.  0, or -1 without memory: nothing has changed. */
int xai_call_use_key(xai_Call *c, xai_Buffer *scratch, const char *key);

/* ---------------------------------------------------------------- its answer */

/* The head of the answer as it came, the key masked; empty at rest. */
xai_Slice xai_call_head(xai_Call *c);

/* The body of an answer that is no stream. */
xai_Slice xai_call_body(const xai_Call *c);
void xai_call_free_body(xai_Call *c);

/* Is the body of the last answer no event stream? */
int xai_call_is_plain(const xai_Call *c);

/* Does the answer's type, where it has one, say JSON? */
int xai_call_is_json(const xai_Call *c);

/* Is it known where the answer ends?  If not, it may have been cut off. */
int xai_call_has_known_end(const xai_Call *c);

/* Did an earlier attempt delete what this call was to delete? */
int xai_call_already_deleted(const xai_Call *c);

/* ---------------------------------------------------------------- its stream */

/* The next event of its stream; see event_reader.h. */
xai_ReadState xai_call_peek(xai_Call *c);
int xai_call_consume(xai_Call *c);

/* The bytes of its event log; empty where no event was read, and at rest. */
xai_Slice xai_call_log(const xai_Call *c);

/* The reader of its stream, for what xai_call_peek shows. */
xai_EventReader *xai_call_reader(xai_Call *c);

/* If all that the stream shows is a failure that passes, make another attempt
** (or be done, with that failure): 1 where that was so. */
int xai_call_try_again(xai_Call *c);

/* The failure that the shown event reports is the call's. */
void xai_call_fail_by_event(xai_Call *c);

/* The reader could not read on: its cause is the call's failure, unless the
** transfer failed in another way. */
void xai_call_fail_reading(xai_Call *c);

/* 'cause' is the call's failure, in place of what it had. */
void xai_call_replace_error(xai_Call *c, xai_Cause cause);

/* The reader needs no more: let the connection come to rest for reuse. */
void xai_call_drain(xai_Call *c);

/* The call is done, and its stream was read to its proven end: what went wrong
** after that end does not count. */
void xai_call_end_well(xai_Call *c);

#pragma GCC visibility pop

#endif
