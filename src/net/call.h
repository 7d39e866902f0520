/*
** call.h - one call of the user: its attempts, its times, its outcome.
*/
#ifndef XAI_NET_CALL_H
#define XAI_NET_CALL_H

#include "base/endpoint.h"
#include "base/error_body.h"
#include "base/event_reader.h"
#include "net/bodies.h"
#include "net/call_info.h"
#include "net/guard.h"
#include "net/outcome.h"
#include "net/transfer.h"

#pragma GCC visibility push(hidden)

/* ------------------------------------------------------- what it is, at once */

/* The facts about the call now. */
xai_CallInfo xai_call_info(const xai_Call *c);

/* ------------------------------------------------------------------ lifetime */

/* Make a call that is not started yet.  'api' and 'raw' tell how its stream is
** read; 'handle' is its reader's, or NULL.  Returns NULL without memory. */
xai_Call *xai_call_new(const xai_Settings *set, xai_Api api, int raw,
                       xai_CallHandle *handle);

/* Free a call and what it holds.  No attempt may be in flight. */
void xai_call_free(xai_Call *c);

/* Put a call at rest: its reader needs no more than the facts and the error.
** Head, body, events and log are freed. */
void xai_call_rest(xai_Call *c);

/* Append a header line to a call that is not started.  The line is built in
** 'scratch', whose contents are undefined afterwards.  Returns 0, or -1 without
** memory. */
int xai_call_add_header(xai_Call *c, xai_Buffer *scratch, const char *name,
                        const char *value, size_t n);

/* The same for the line with the key, which is wiped from 'scratch'. */
int xai_call_add_key(xai_Call *c, xai_Buffer *scratch, const char *key,
                     size_t n);

/* The n-th header line, from 0; NULL after the last. */
const char *xai_call_header_at(const xai_Call *c, int n);

/* Make a call that is not started a guarded one: it is held, and no attempt
** begins before it is admitted.  Returns 0, or -1 without memory. */
int xai_call_guard(xai_Call *c);

/* Record the times of each attempt, for xai_call_info. */
void xai_call_measure(xai_Call *c);

/* ------------------------------------------------------- driven by the engine */

/* Start the first attempt, or with 'later' make it due at the next tick, or with
** a delay of the request when that has passed.
** Returns 0, or -1: then the call is done with its error. */
int xai_call_begin(xai_Call *c, const xai_Request *r, CURLM *multi, int later);

/* The transfer ended with this code.  The call is done, or waits for its next
** attempt. */
void xai_call_finish(xai_Call *c, CURLcode code);

/* The next moment at which xai_call_tick has something to do. */
int64_t xai_call_due(const xai_Call *c);

/* Act on the time: give up, or start the next attempt on 'multi'.  With
** 'unread_backlog' no idle timeout strikes, as bytes may have come unread. */
void xai_call_tick(xai_Call *c, CURLM *multi, int64_t now_ms,
                   int unread_backlog);

/* End the call now for that cause.  A call that is done stays as it is. */
void xai_call_abort(xai_Call *c, xai_Cause cause);

/* The next attempt of a held call may begin.  'each_attempt': those after it wait
** to be admitted, too. */
void xai_call_admit(xai_Call *c, int each_attempt);

/* End a held call by kind 'limit' with that code and text; without memory for the
** code, by kind 'memory'. */
void xai_call_refuse(xai_Call *c, const char *code, const char *text);

/* Its guard; NULL where it has none or is settled. */
const xai_Guard *xai_call_guard_of(const xai_Call *c);

/* Take the guard of a guarded call, with what is known at its settlement. */
xai_Guard *xai_call_settle(xai_Call *c);

/* End the call in a forked child.  The easy handle belongs to the parent, so it
** is leaked and not touched. */
void xai_call_abandon_after_fork(xai_Call *c);

/* ----------------------------------------------------------------- the state */

/* Is the outcome known? */
int xai_call_is_done(const xai_Call *c);

/* Does it wait to be admitted? */
int xai_call_is_held(const xai_Call *c);

/* Is the call done, and no stream that may still be read? */
int xai_call_is_settled(const xai_Call *c);

/* Is the head of a streamed success complete, or the call done? */
int xai_call_opened(const xai_Call *c);

/* Did the call succeed with an answer that is no stream? */
int xai_call_is_whole(const xai_Call *c);

/* Does the call enter the ready queue when something comes for it? */
int xai_call_is_watched(const xai_Call *c);

/* Is the call done, or are there bytes of its stream to read? */
int xai_call_is_ready(const xai_Call *c);

/* The failure; its kind is XAI_KIND_NONE when there is none. */
const xai_Error *xai_call_error(const xai_Call *c);

/* What the error answer or event says; empty when there was none. */
const xai_ErrorBody *xai_call_error_body(const xai_Call *c);

/* Returns 1 once for each wait between two attempts, with the milliseconds that
** are left in '*wait_ms'; else 0. */
int xai_call_tell_retry(xai_Call *c, int64_t *wait_ms);

/* The n-th body that failed, from 0; NULL after the last, and where the call has
** but one body. */
const xai_FailedBody *xai_call_failed_body(const xai_Call *c, int n);

/* The number of the patch that the next attempt sends; 0: none, or no other than
** the last attempt. */
int xai_call_next_fallback(const xai_Call *c);

/* ------------------------------------------------------------------- its key */

/* A call that is done keeps its header lines until its answer was read, so that
** an echo of the key in it can be masked. */

/* Overwrite with stars each occurrence of a key that the call sends. */
void xai_call_mask(const xai_Call *c, char *s, size_t n);
void xai_call_mask_buffer(const xai_Call *c, xai_Buffer *b);

/* Wipe and free the header lines. */
void xai_call_forget_key(xai_Call *c);

/* The same, but mask the part of the answer that was not read yet first. */
void xai_call_end_key(xai_Call *c);

/* Does the next attempt wait for its key? */
int xai_call_wants_key(const xai_Call *c);

/* Does the next attempt wait for another key, as the last one was refused? */
int xai_call_needs_other_key(const xai_Call *c);

/* Use this key for the next attempt.  If it is the key that was refused, the
** call ends.  Returns 0, or -1 without memory: then nothing has changed. */
int xai_call_use_key(xai_Call *c, xai_Buffer *scratch, const char *key);

/* ---------------------------------------------------------------- its replay */

/* Does another attempt of a replay wait for its answer? */
int xai_call_wants_answer(const xai_Call *c);

/* The answer that it waits for. */
void xai_call_set_replay(xai_Call *c, const xai_Replay *r);

/* The body that was sent last. */
xai_Slice xai_call_sent_body(const xai_Call *c);

/* ---------------------------------------------------------------- its answer */

/* The head of the answer with the key masked; empty at rest. */
xai_Slice xai_call_head(xai_Call *c);

/* The body of an answer that is no stream. */
xai_Slice xai_call_body(const xai_Call *c);
void xai_call_free_body(xai_Call *c);

/* Is the body of the last answer no event stream? */
int xai_call_is_plain(const xai_Call *c);

/* Is the Content-Type of the answer JSON, or missing? */
int xai_call_is_json(const xai_Call *c);

/* Is the end of the answer proven?  If not, it may have been cut off. */
int xai_call_has_known_end(const xai_Call *c);

/* The kind of the failure that cut the answer off, be it the reader's will;
** XAI_KIND_NONE if it came to its own end. */
xai_Kind xai_call_cut_by(const xai_Call *c);

/* The recording of the body with the key masked.  It is empty if none was wanted,
** and at rest. */
const xai_Recording *xai_call_recording(xai_Call *c);

/* Did an earlier attempt delete what this call was to delete? */
int xai_call_already_deleted(const xai_Call *c);

/* ------------------------------------------------------ where its answer goes */

/*
** Let the body of a successful answer go to a file, or its pictures to files,
** before the call is started.  A path that cannot be written ends the call when
** it is started, and nothing is sent.  Returns 0, or -1 without memory.
*/
int xai_call_write_to(xai_Call *c, xai_OutputKind kind, const char *path);

/* That kind; XAI_OUTPUT_NONE where the answer stays in memory. */
xai_OutputKind xai_call_output_kind(const xai_Call *c);

/* The file's path, of a call that has succeeded. */
const char *xai_call_output_path(const xai_Call *c);

/* Give a picture its name, see xai_output_name_picture. */
int xai_call_name_picture(xai_Call *c, int n, xai_Buffer *path);

/* Why a file cannot be written. */
const char *xai_call_output_problem(const xai_Call *c);

/* Returns 1 with the bytes that were written and the length of the body (-1: it
** is not known), at most ten times a second, and when the call is done. */
int xai_call_tell_progress(xai_Call *c, int64_t *done, int64_t *total);

/* Is the answer a stream of bytes, which are read from its body? */
int xai_call_is_bytes(const xai_Call *c);

/* Go past 'n' bytes of it; a paused transfer may go on. */
void xai_call_consume_bytes(xai_Call *c, size_t n);

/* ---------------------------------------------------------------- its stream */

/* Show the next event of the stream, and go past it; see event_reader.h. */
xai_ReadState xai_call_peek(xai_Call *c);
int xai_call_consume(xai_Call *c);

/* The bytes of the event log; empty when no event was read, and at rest. */
xai_Slice xai_call_log(const xai_Call *c);

/* The reader of the stream, which has the event that xai_call_peek shows. */
xai_EventReader *xai_call_reader(xai_Call *c);

/* If the shown event is the first and reports a transient error, make another
** attempt, or end with that error.  Returns 1 in that case, else 0. */
int xai_call_try_again(xai_Call *c);

/* Make the error that the shown event reports the call's. */
void xai_call_fail_by_event(xai_Call *c);

/* Make the reader's cause the call's error, unless the transfer failed with
** another kind. */
void xai_call_fail_reading(xai_Call *c);

/* Replace the call's error by that of 'cause'. */
void xai_call_replace_error(xai_Call *c, xai_Cause cause);

/* Discard what still comes, so that the connection can be reused. */
void xai_call_drain(xai_Call *c);

/* The call is done and its stream was read to its proven end: clear the error,
** which came after that end. */
void xai_call_end_well(xai_Call *c);

#pragma GCC visibility pop

#endif
