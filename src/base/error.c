/*
** error.c - the kinds of failure, their names, and the record of one.
*/
#include "base/error.h"

#include <string.h>

#include "base/text.h"

const char *xai_kind_name(xai_Kind kind) {
  static const char *const names[] = {
      "none",       "bad_request", "authentication",
      "permission", "not_found",   "unprocessable",
      "too_large",  "rate_limit",  "quota",
      "server",     "api",         "connection",
      "timeout",    "tls",         "protocol",
      "decode",     "truncated",   "redirect",
      "limit",      "pending",     "cancelled",
      "closed",     "memory"};
  return names[kind];
}

const char *xai_phase_name(xai_Phase phase) {
  static const char *const names[] = {NULL,     "dns",  "connect", "proxy",
                                      "tls",    "send", "wait",    "body",
                                      "stream", "idle", "deadline"};
  return names[phase];
}

xai_Kind xai_kind_find(const char *name) {
  int kind = XAI_KIND_MEMORY;
  while (kind > 0 && strcmp(xai_kind_name((xai_Kind)kind), name) != 0) kind--;
  return (xai_Kind)kind;
}

xai_Phase xai_phase_find(const char *name) {
  int phase = XAI_PHASE_DEADLINE;
  while (phase > 0 && strcmp(xai_phase_name((xai_Phase)phase), name) != 0)
    phase--;
  return (xai_Phase)phase;
}

void xai_error_set(xai_Error *error, xai_Kind kind, xai_Phase phase,
                   const char *text) {
  size_t n = xai_utf8_cut(text, strlen(text), sizeof error->text - 1);
  if (error->kind != XAI_KIND_NONE) return;
  error->kind = kind;
  error->phase = phase;
  memcpy(error->text, text, n);
  error->text[n] = '\0';
}

/* ------------------------------------------------ causes within the library */

typedef struct Row {
  xai_Cause cause;
  xai_Kind kind;
  xai_Phase phase;
  const char *text;
} Row;

#define HEAD_TOO_LONG "the answer's headers are too long"
#define EVENT_TOO_LONG "an event exceeds max_event"

static const Row rows[] = {
    {XAI_CAUSE_NONE, XAI_KIND_NONE, XAI_PHASE_NONE, ""},
    {XAI_CAUSE_MEMORY, XAI_KIND_MEMORY, XAI_PHASE_NONE, "not enough memory"},
    {XAI_CAUSE_MEMORY_FOR_ANSWER, XAI_KIND_MEMORY, XAI_PHASE_NONE,
     "not enough memory to read what the answer says"},
    {XAI_CAUSE_MEMORY_FOR_EVENT, XAI_KIND_MEMORY, XAI_PHASE_STREAM,
     "not enough memory to read what the event says"},
    {XAI_CAUSE_HEAD_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_WAIT, HEAD_TOO_LONG},
    {XAI_CAUSE_TRAILER_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE, HEAD_TOO_LONG},
    {XAI_CAUSE_BODY_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE,
     "the answer exceeds max_body"},
    {XAI_CAUSE_EVENT_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE, EVENT_TOO_LONG},
    {XAI_CAUSE_STREAM_EVENT_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     EVENT_TOO_LONG},
    {XAI_CAUSE_STREAM_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     "the stream exceeds max_body"},
    {XAI_CAUSE_STREAM_MEMORY, XAI_KIND_MEMORY, XAI_PHASE_STREAM,
     "not enough memory"},
    {XAI_CAUSE_STREAM_CUT, XAI_KIND_TRUNCATED, XAI_PHASE_STREAM,
     "the stream ended without its end marker"},
    {XAI_CAUSE_STREAM_EMPTY, XAI_KIND_TRUNCATED, XAI_PHASE_STREAM,
     "the stream ended before its first event"},
    {XAI_CAUSE_NO_STREAM, XAI_KIND_PROTOCOL, XAI_PHASE_NONE,
     "the request was not answered by a stream"},
    {XAI_CAUSE_EVENT_NOT_JSON, XAI_KIND_DECODE, XAI_PHASE_STREAM,
     "an event of the stream is not a JSON object"},
    {XAI_CAUSE_EVENT_TOO_DEEP, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     "an event of the stream is nested too deeply"},
    {XAI_CAUSE_HEAD_CUT, XAI_KIND_TRUNCATED, XAI_PHASE_WAIT,
     "the answer ended within its headers"},
    {XAI_CAUSE_TWO_LENGTHS, XAI_KIND_PROTOCOL, XAI_PHASE_WAIT,
     "the answer is said to have two lengths"},
    {XAI_CAUSE_ANSWER_NOT_JSON, XAI_KIND_DECODE, XAI_PHASE_NONE,
     "the answer is not JSON"},
    {XAI_CAUSE_ANSWER_TOO_DEEP, XAI_KIND_LIMIT, XAI_PHASE_NONE,
     "the answer is nested too deeply"},
    {XAI_CAUSE_ANSWER_UNPROVEN, XAI_KIND_TRUNCATED, XAI_PHASE_NONE,
     "nothing proves that the answer is whole"},
    {XAI_CAUSE_END_UNPROVABLE, XAI_KIND_TRUNCATED, XAI_PHASE_BODY,
     "nothing would prove that the answer is whole"},
    {XAI_CAUSE_FILE, XAI_KIND_LIMIT, XAI_PHASE_NONE,
     "the file cannot be written"},
    {XAI_CAUSE_PICTURE, XAI_KIND_DECODE, XAI_PHASE_NONE,
     "a picture is no base64"},
    {XAI_CAUSE_CONNECTION_WAS_CLOSED, XAI_KIND_CONNECTION, XAI_PHASE_WAIT,
     "the server closed a connection that was kept for reuse"},
    {XAI_CAUSE_PROXY_WANTS_LOGIN, XAI_KIND_CONNECTION, XAI_PHASE_PROXY,
     "the proxy wants to know who asks (407)"},
    {XAI_CAUSE_PENDING, XAI_KIND_PENDING, XAI_PHASE_NONE, "pending"},
    {XAI_CAUSE_TIMEOUT, XAI_KIND_TIMEOUT, XAI_PHASE_NONE, "timeout"},
    {XAI_CAUSE_NO_KEY, XAI_KIND_AUTHENTICATION, XAI_PHASE_NONE,
     "the api_key function gave no key for another attempt"},
    {XAI_CAUSE_KEY_FUNCTION_FAILED, XAI_KIND_AUTHENTICATION, XAI_PHASE_NONE,
     "the api_key function failed when asked for another attempt"},
    {XAI_CAUSE_CANCELLED, XAI_KIND_CANCELLED, XAI_PHASE_NONE, "cancelled"},
    {XAI_CAUSE_ENGINE_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the engine is closed"},
    {XAI_CAUSE_CLIENT_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the client is closed"},
    {XAI_CAUSE_STREAM_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the stream was closed"},
    {XAI_CAUSE_FORKED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the call belongs to the process that this one came from"},
};

static const Row *row_of(xai_Cause cause) {
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].cause == cause) return &rows[i];
  return &rows[0];
}

void xai_error_set_cause(xai_Error *error, xai_Cause cause) {
  const Row *row = row_of(cause);
  xai_error_set(error, row->kind, row->phase, row->text);
}

xai_Kind xai_cause_kind(xai_Cause cause) { return row_of(cause)->kind; }

const char *xai_cause_text(xai_Cause cause) { return row_of(cause)->text; }
