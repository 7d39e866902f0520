/*
** call.c - one call of the user: its attempts, its times, its outcome.
*/
#include "net/call.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_head.h"
#include "base/platform.h"
#include "base/text.h"
#include "net/call_private.h"
#include "net/guard.h"
#include "net/memory.h"
#include "net/secret.h"

/* How long a finished stream's connection may take to come to rest. */
#define DRAIN_MS 1000

/* A transfer on a shared connection is nudged after this silence. */
#define NUDGE_MS 250

#define ZERO_FROM offsetof(xai_Call, in_calls)

xai_Call *xai_call_new(const xai_Settings *set, xai_Api api, int raw,
                       xai_CallHandle *handle) {
  xai_Call *c = (xai_Call *)malloc(sizeof *c);
  if (c == NULL) return NULL;
  memset((char *)c + ZERO_FROM, 0, sizeof *c - ZERO_FROM);
  c->set = *set;
  c->api = api;
  c->raw = raw;
  c->handle = handle;
  if (handle != NULL) handle->call = c;
  xai_outcome_init(&c->outcome);
  xai_transfer_init(&c->transfer, set);
  return c;
}

static int has_next_body(const xai_Call *c) {
  return c->bodies.count > 0 && xai_bodies_has_next(&c->bodies);
}

/* While another body may follow, its reader holds back what opens an answer. */
static void set_holding(xai_Call *c) {
  c->reader.holds = !c->raw && has_next_body(c);
}

/* Most answers are no streams: the reader of one is made when it is needed. */
static xai_EventReader *reader_of(xai_Call *c) {
  if (!c->has_reader) {
    xai_event_reader_init(&c->reader, c->api, c->raw, c->set.max_body);
    set_holding(c);
  }
  c->has_reader = 1;
  return &c->reader;
}

/* Give back the place where the answer goes; files without a name are removed. */
static void close_output(xai_Call *c) {
  if (c->transfer.output != NULL) xai_output_close(c->transfer.output);
  free(c->transfer.output);
  c->transfer.output = NULL;
}

void xai_call_free(xai_Call *c) {
  xai_transfer_close(&c->transfer);
  close_output(c);
  xai_call_forget_key(c);
  if (c->has_reader) xai_event_reader_free(&c->reader);
  xai_outcome_clear(&c->outcome);
  if (c->bodies.count > 0) xai_bodies_free(&c->bodies);
  if (c->guard != NULL) xai_guard_free(c->guard);
  free(c);
}

void xai_call_rest(xai_Call *c) {
  if (c->has_reader) {
    xai_event_reader_rest(&c->reader);
    xai_buffer_free(&c->reader.log.bytes);
  }
  xai_sse_free(&c->transfer.sse);
  xai_buffer_free(&c->transfer.head);
  xai_buffer_free(&c->transfer.body);
  if (c->transfer.recording.on) xai_recording_free(&c->transfer.recording);
  if (c->state == XAI_CALL_DONE) xai_call_forget_key(c);
  c->at_rest = 1;
}

void xai_call_measure(xai_Call *c) { c->timed = 1; }

/* ----------------------------------------------------------------- facts */

/* The requests that libcurl sent again by itself, in all attempts. */
static int count_resends(const xai_Call *c) {
  int under_way = c->multi != NULL && c->transfer.sends > 1;
  return c->resends + (under_way ? c->transfer.sends - 1 : 0);
}

xai_CallInfo xai_call_info(const xai_Call *c) {
  xai_CallInfo info;
  info.kind = c->outcome.error.kind;
  info.phase = c->outcome.error.phase;
  info.done = c->state == XAI_CALL_DONE;
  info.streamed = c->transfer.content == XAI_CONTENT_EVENTS ||
                  c->transfer.content == XAI_CONTENT_BYTES;
  info.attempts = c->attempts;
  info.fallback = c->bodies.current;
  info.resends = count_resends(c);
  info.log_last = c->has_reader ? c->reader.log.last : 0;
  info.elapsed_ms = (info.done ? c->ended_ms : xai_clock_ms()) - c->began_ms;
  info.retry_after_ms = c->outcome.retry_after_ms;
  info.times = c->times;
  info.answered.status = c->transfer.status;
  info.answered.unsent = c->attempts == 0;
  info.answered.has_events = c->has_reader && c->reader.schema.events;
  info.answered.may_be_done = c->outcome.may_be_done || c->resends > 0;
  info.answered.phase_reached = c->outcome.phase_reached;
  return info;
}

/* ------------------------------------------------------------------- key */

void xai_call_mask(const xai_Call *c, char *s, size_t n) {
  xai_secret_mask(c->headers, s, n);
}

void xai_call_mask_buffer(const xai_Call *c, xai_Buffer *b) {
  xai_secret_mask_buffer(c->headers, b);
}

void xai_call_forget_key(xai_Call *c) { xai_secret_wipe(&c->headers); }

void xai_call_end_key(xai_Call *c) {
  xai_call_mask_buffer(c, &c->transfer.body);
  xai_call_mask_buffer(c, &c->transfer.sse.in);
  xai_call_forget_key(c);
}

/* Servers echo keys in what they say.  Events that were not read yet are left
** as they are: they are content, unless they turn out to be useless. */
static void mask_shown(xai_Call *c) {
  xai_call_mask(c, c->outcome.error.text, strlen(c->outcome.error.text));
  xai_call_mask_buffer(c, &c->outcome.body.message);
  xai_call_mask_buffer(c, &c->outcome.body.code);
  xai_call_mask_buffer(c, &c->outcome.body.type);
  xai_call_mask_buffer(c, &c->outcome.body.param);
  xai_call_mask_buffer(c, &c->transfer.head);
  xai_call_mask_buffer(c, &c->transfer.recording.body);
  if (c->outcome.error.kind != XAI_KIND_NONE)
    xai_call_mask_buffer(c, &c->transfer.body);
}

/* --------------------------------------------------------------- headers */

#define KEY_LINE "Authorization: Bearer "
#define KEY_LINE_LENGTH (sizeof KEY_LINE - 1)

/* Append a line to a list; 0, or -1 without memory. */
static int append_line(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) return -1;
  *list = longer;
  return 0;
}

static int append_header(struct curl_slist **list, xai_Buffer *scratch,
                         const char *name, const char *value, size_t n) {
  int rc;
  xai_buffer_clear(scratch);
  rc = xai_buffer_puts(scratch, name);
  if (rc == XAI_OK) rc = xai_buffer_append(scratch, value, n);
  if (rc == XAI_OK) rc = xai_buffer_terminate(scratch);
  if (rc != XAI_OK) return -1;
  return append_line(list, xai_buffer_data(scratch));
}

static int append_key(struct curl_slist **list, xai_Buffer *scratch,
                      const char *key, size_t n) {
  int rc = append_header(list, scratch, KEY_LINE, key, n);
  xai_buffer_blank(scratch);
  return rc;
}

int xai_call_add_header(xai_Call *c, xai_Buffer *scratch, const char *name,
                        const char *value, size_t n) {
  return append_header(&c->headers, scratch, name, value, n);
}

int xai_call_add_key(xai_Call *c, xai_Buffer *scratch, const char *key,
                     size_t n) {
  return append_key(&c->headers, scratch, key, n);
}

const char *xai_call_header_at(const xai_Call *c, int n) {
  const struct curl_slist *h = c->headers;
  while (h != NULL && n-- > 0) h = h->next;
  return h ? h->data : NULL;
}

static int is_key_line(const char *line) {
  return strncmp(line, KEY_LINE, KEY_LINE_LENGTH) == 0;
}

static int has_key(const xai_Call *c, const char *key) {
  const struct curl_slist *h;
  for (h = c->headers; h != NULL; h = h->next)
    if (is_key_line(h->data) && strcmp(h->data + KEY_LINE_LENGTH, key) == 0)
      return 1;
  return 0;
}

/* The header lines with another key; NULL without memory. */
static struct curl_slist *headers_with(const xai_Call *c, xai_Buffer *scratch,
                                       const char *key) {
  struct curl_slist *list = NULL;
  const struct curl_slist *h;
  int rc = 0;
  for (h = c->headers; h != NULL && rc == 0; h = h->next)
    rc = is_key_line(h->data) ? append_key(&list, scratch, key, strlen(key))
                              : append_line(&list, h->data);
  if (rc == 0) return list;
  xai_secret_wipe(&list);
  return NULL;
}

/* The header of a request's own id, as bind writes it. */
#define ID_LINE "x-client-request-id: "

static int append_new_id(struct curl_slist **list, xai_Random *random) {
  char line[sizeof ID_LINE + XAI_UUID_SIZE] = ID_LINE;
  xai_random_uuid(random, line + sizeof ID_LINE - 1);
  return append_line(list, line);
}

static int is_id_line(const xai_Call *c, const char *line) {
  return c->request.own_request_id &&
         strncmp(line, ID_LINE, sizeof ID_LINE - 1) == 0;
}

/* Services repeat the answer of an earlier request with the same key. */
static int is_idempotency_line(const char *line) {
  xai_Slice name = {line, strcspn(line, ":;")};
  return xai_slice_like(name, "idempotency-key") && line[name.len] == ':' &&
         line[name.len + 1] != '\0';
}

/* Append the line of a key with more behind it. */
static int append_other_key(struct curl_slist **list, const char *line) {
  static const char more[] = "-fallback";
  xai_Buffer text;
  int rc;
  xai_buffer_init(&text, 0);
  rc = append_header(list, &text, line, more, sizeof more - 1);
  xai_buffer_free(&text);
  return rc;
}

/* The header lines for another body, which is another request: it has an id of
** its own.  NULL without memory. */
static struct curl_slist *headers_for_body(const xai_Call *c) {
  struct curl_slist *list = NULL;
  const struct curl_slist *h;
  int rc = 0;
  for (h = c->headers; h != NULL && rc == 0; h = h->next)
    if (is_id_line(c, h->data))
      rc = append_new_id(&list, c->random);
    else if (is_idempotency_line(h->data))
      rc = append_other_key(&list, h->data);
    else
      rc = append_line(&list, h->data);
  if (rc == 0) return list;
  xai_secret_wipe(&list);
  return NULL;
}

/* -------------------------------------------------------------- handles */

/* May the easy handle make another request?  Its buffers may hold the key until
** it is freed, so it is not kept when memory is wiped. */
static int is_reusable(const xai_Call *c) {
  return c->request.default_settings && c->request.posts && !c->cut_off &&
         c->attempts == 1 && c->resends == 0 &&
         c->outcome.error.kind == XAI_KIND_NONE && !xai_memory_wipes() &&
         c->transfer.conn.easy != NULL;
}

static void retire(xai_Call *c) {
  if (is_reusable(c))
    xai_easy_pool_put(c->pool, c->request.client_id,
                      xai_transfer_take_easy(&c->transfer));
  else
    xai_transfer_free_easy(&c->transfer);
}

static CURL *used_handle(const xai_Call *c) {
  return c->request.default_settings && c->request.posts
             ? xai_easy_pool_take(c->pool, c->request.client_id)
             : NULL;
}

/* Is there an answer that was not decoded, or are there unread events? */
static int has_unread(const xai_Call *c) {
  return xai_sse_size(&c->transfer.sse) > 0 ||
         (c->outcome.error.kind == XAI_KIND_NONE &&
          xai_buffer_size(&c->transfer.body) > 0);
}

/* Make the outcome final.  The key stays while an answer is unread: if that
** turns out to be an error, the key must be masked in it. */
static void conclude(xai_Call *c) {
  c->state = XAI_CALL_DONE;
  c->key_wanted = c->answer_wanted = 0;
  c->ended_ms = xai_clock_ms();
  if (c->transfer.output != NULL && c->outcome.error.kind != XAI_KIND_NONE)
    xai_output_close(c->transfer.output);
  mask_shown(c);
  if (!has_unread(c)) xai_call_forget_key(c);
  retire(c);
  xai_buffer_free(&c->bodies.text);
}

/* -------------------------------------------------------------- attempts */

/* The answer cannot go where it is to go. */
static void set_output_error(xai_Call *c) {
  const xai_Output *o = c->transfer.output;
  if (o->cause == XAI_CAUSE_FILE || o->cause == XAI_CAUSE_PICTURE)
    xai_error_set(&c->outcome.error, xai_cause_kind(o->cause), XAI_PHASE_NONE,
                  xai_output_problem(o));
  else
    xai_error_set_cause(&c->outcome.error, o->cause);
}

/* What an earlier attempt has written is thrown away.  Returns 0, or -1: then
** the call is done. */
static int restart_output(xai_Call *c) {
  xai_Output *o = c->transfer.output;
  if (o == NULL || c->attempts == 0 || xai_output_restart(o) == 0) return 0;
  set_output_error(c);
  conclude(c);
  return -1;
}

static void start_attempt(xai_Call *c, CURLM *multi) {
  if (restart_output(c) != 0) return;
  xai_transfer_clear(&c->transfer);
  if (c->has_reader) {
    xai_event_reader_restart(&c->reader);
    set_holding(c);
  }
  if (c->guard != NULL) xai_usage_free(&c->guard->usage);
  c->outcome.retry_after_ms = -1;
  c->attempts++;
  c->bodies.attempts++;
  c->attempt_ms = c->transfer.last_ms = xai_clock_ms();
  c->state = XAI_CALL_RUNNING;
  c->answer_wanted = c->replay.on && (c->attempts > 1 || c->replay.waits);
  if (c->replay.on) return; /* xai_call_tick delivers it */
  c->multi = multi;
  xai_easy_pool_use_route(c->pool, c->transfer.conn.easy, &c->route);
  if (curl_multi_add_handle(multi, c->transfer.conn.easy) == CURLM_OK) return;
  c->multi = NULL;
  if (multi == NULL)
    xai_error_set_cause(&c->outcome.error, XAI_CAUSE_ENGINE_CLOSED);
  else
    xai_error_set_cause(&c->outcome.error, XAI_CAUSE_MEMORY);
  conclude(c);
}

static xai_RequestSpec spec_of(const xai_Request *r) {
  xai_RequestSpec spec = r->spec;
  spec.repeatable = xai_request_is_repeatable(r);
  spec.deletes = strcmp(r->method, "DELETE") == 0;
  spec.heads = strcmp(r->method, "HEAD") == 0;
  spec.posts = strcmp(r->method, "POST") == 0 && r->body != NULL;
  return spec;
}

static xai_Slice body_of(const xai_Request *r) {
  xai_Slice body;
  body.at = r->body;
  body.len = r->body_len;
  return body;
}

/* Note by a code that it was a file that could not be written. */
static void note_code(xai_Call *c) {
  const xai_Output *o = c->transfer.output;
  if (o == NULL || o->cause != XAI_CAUSE_FILE) return;
  if (xai_buffer_size(&c->outcome.body.code) == 0)
    xai_buffer_puts(&c->outcome.body.code, "file");
}

int xai_call_begin(xai_Call *c, const xai_Request *r, CURLM *multi, int later) {
  CURLcode rc;
  c->began_ms = xai_clock_ms();
  c->request = spec_of(r);
  if (c->transfer.output != NULL &&
      c->transfer.output->cause != XAI_CAUSE_NONE) {
    set_output_error(c);
    note_code(c);
    conclude(c);
    return -1;
  }
  if (r->body != NULL) c->bodies.own = body_of(r);
  if (r->body != NULL && r->patches.len > 0)
    xai_bodies_init(&c->bodies, c->bodies.own, r->patches);
  c->replay = r->replay;
  if (c->replay.on && !c->replay.has_more) c->set.max_retries = 0;
  c->transfer.call = c;
  rc = xai_transfer_open(&c->transfer, used_handle(c), r, c->headers, &c->set);
  if (rc != CURLE_OK) {
    xai_error_set(&c->outcome.error, xai_cause_kind(XAI_CAUSE_MEMORY),
                  XAI_PHASE_NONE, curl_easy_strerror(rc));
    conclude(c);
    return -1;
  }
  curl_easy_setopt(c->transfer.conn.easy, CURLOPT_PRIVATE, (void *)c);
  c->route = xai_easy_pool_route(&c->set, r->url);
  if (later || r->delay_ms > 0) {
    c->retry_ms = c->began_ms + r->delay_ms;
    c->retry_told = 1; /* no attempt has failed */
    c->state = XAI_CALL_WAITING;
    return 0;
  }
  start_attempt(c, multi);
  return c->state == XAI_CALL_RUNNING ? 0 : -1;
}

/*
** Take the transfer out of the multi handle.  A transfer that is cut off
** must not leave its connection for others: only so does libcurl tell an
** HTTP/2 server that the stream is over.
*/
static void detach(xai_Call *c, int cut_off) {
  CURLM *multi = c->multi;
  c->multi = NULL;
  if (multi == NULL) return;
  if (c->timed) c->times = xai_outcome_times(&c->transfer);
  if (c->transfer.sends > 1) c->resends += c->transfer.sends - 1;
  c->cut_off = cut_off;
  if (cut_off) {
    xai_transfer_discard(&c->transfer);
    curl_easy_setopt(c->transfer.conn.easy, CURLOPT_FORBID_REUSE, 1L);
  }
  curl_multi_remove_handle(multi, c->transfer.conn.easy);
}

/* After a connection failure the next attempt opens a new connection: libcurl
** may not have noticed yet that the old one is unusable. */
static void avoid_failed_connection(xai_Call *c) {
  if (c->outcome.error.kind == XAI_KIND_CONNECTION)
    curl_easy_setopt(c->transfer.conn.easy, CURLOPT_FRESH_CONNECT, 1L);
}

void xai_call_end_well(xai_Call *c) { xai_outcome_clear(&c->outcome); }

/* The call ends between two attempts.  What the last attempt brought is no part
** of its outcome. */
static void forget_attempt(xai_Call *c) {
  xai_outcome_clear(&c->outcome);
  c->outcome.retry_after_ms = -1;
  c->transfer.status = 0;
  xai_buffer_clear(&c->transfer.head);
  xai_buffer_free(&c->transfer.body);
  xai_sse_free(&c->transfer.sse);
  if (c->has_reader) xai_event_reader_restart(&c->reader);
}

void xai_call_abort(xai_Call *c, xai_Cause cause) {
  if (c->state == XAI_CALL_DONE) return;
  if (c->state == XAI_CALL_WAITING) forget_attempt(c);
  if (!c->draining) xai_error_set_cause(&c->outcome.error, cause);
  detach(c, 1);
  conclude(c);
}

void xai_call_abandon_after_fork(xai_Call *c) {
  c->multi = NULL;
  c->transfer.conn.easy = NULL;
  c->transfer.paused = 0;
  if (c->transfer.output != NULL) xai_output_leave(c->transfer.output);
  xai_error_set_cause(&c->outcome.error, XAI_CAUSE_FORKED);
  conclude(c);
}

static xai_Attempt attempt_of(xai_Call *c) {
  xai_Attempt a;
  a.transfer = &c->transfer;
  /* The end of the body may still show that these are events. */
  a.reader = xai_transfer_may_be_events(&c->transfer) ? reader_of(c) : NULL;
  a.headers = c->headers;
  a.set = &c->set;
  a.random = c->random;
  a.number = c->bodies.attempts;
  a.request = &c->request;
  a.may_ask_key = c->request.key_changes && !c->key_refused;
  a.has_other_body = has_next_body(c) && (!c->replay.on || c->replay.has_more);
  return a;
}

static int64_t deadline_at(const xai_Call *c) {
  return xai_clock_after(c->began_ms, c->set.deadline_ms);
}

/* Is the outcome final, whatever another attempt would bring? */
static int is_settled(const xai_Call *c) {
  return c->draining || c->outcome.error.kind == XAI_KIND_NONE ||
         c->outcome.error.kind == XAI_KIND_PENDING ||
         c->transfer.cause == XAI_CAUSE_END_UNPROVABLE;
}

/* The body failed for good: note how, and send the next one.  Without memory the
** call has failed for that. */
static void leave_body(xai_Call *c) {
  xai_Error error = c->outcome.error;
  xai_call_mask(c, error.text, strlen(error.text));
  c->bodies.move_on =
      xai_bodies_note_failure(&c->bodies, &error, c->transfer.status) == 0;
  if (c->bodies.move_on) return;
  xai_outcome_clear(&c->outcome);
  xai_error_set_cause(&c->outcome.error, XAI_CAUSE_MEMORY);
}

/* An attempt is over: conclude, or wait for the next one. */
static void settle(xai_Call *c) {
  xai_Attempt a = attempt_of(c);
  xai_NextAttempt next = {-1, 0, 0};
  if (!is_settled(c)) next = xai_outcome_next(&c->outcome, &a, deadline_at(c));
  if (next.other_body) leave_body(c);
  if (next.wait_ms < 0 || (next.other_body && !c->bodies.move_on)) {
    conclude(c);
    return;
  }
  if (next.for_key) c->key_refused = 1;
  if (c->replay.on) next.wait_ms = 0; /* nobody has to be spared */
  /* At least until the next step, so that on_retry can hear of the wait. */
  c->retry_ms = xai_clock_ms() + (next.wait_ms > 0 ? next.wait_ms : 1);
  c->retry_told = 0;
  c->key_wanted = c->request.key_changes;
  c->state = XAI_CALL_WAITING;
  if (c->guard == NULL) return;
  xai_guard_note_failure(c->guard, c->outcome.error.kind, next.wait_ms,
                         c->outcome.retry_after_ms);
  c->held = c->guard->each_attempt;
}

/* Nothing was sent, as the guard refused the connection.  It is closed now, so
** libcurl tries another idle one, or opens a new one. */
static void begin_anew(xai_Call *c) {
  CURL *easy = c->transfer.conn.easy;
  c->transfer.stale = 0;
  curl_multi_remove_handle(c->multi, easy);
  if (curl_multi_add_handle(c->multi, easy) == CURLM_OK) return;
  c->multi = NULL;
  xai_error_set_cause(&c->outcome.error, XAI_CAUSE_MEMORY);
  conclude(c);
}

/* The answer has come: its file gets its name.  Pictures get theirs later. */
static void finish_output(xai_Call *c) {
  xai_Output *o = c->transfer.output;
  if (o == NULL || o->kind == XAI_OUTPUT_PICTURES) return;
  if (c->outcome.error.kind != XAI_KIND_NONE) return;
  if (c->guard != NULL)
    xai_usage_read(&c->guard->usage, xai_buffer_slice(&c->transfer.body));
  xai_buffer_free(&c->transfer.body);
  if (!xai_transfer_has_known_end(&c->transfer))
    xai_error_set_cause(&c->outcome.error, XAI_CAUSE_ANSWER_UNPROVEN);
  else if (xai_output_commit(o) != 0)
    set_output_error(c);
}

/* xai_outcome_read_code comes first: it settles what the body is, and so
** whether attempt_of gives a reader. */
static void decide(xai_Call *c, CURLcode code) {
  xai_Attempt a;
  xai_Error error;
  xai_outcome_read_code(&error, &c->transfer, code);
  a = attempt_of(c);
  if (a.reader != NULL) xai_event_reader_hold(a.reader, &c->transfer.sse);
  xai_outcome_decide(&c->outcome, &a, &error);
  finish_output(c);
  note_code(c);
}

void xai_call_finish(xai_Call *c, CURLcode code) {
  if (c->state != XAI_CALL_RUNNING) return;
  if (c->transfer.stale) {
    begin_anew(c);
    return;
  }
  c->outcome.phase_reached = xai_outcome_phase(&c->transfer);
  if (!c->draining) decide(c, code);
  detach(c, 0);
  settle(c);
}

int xai_call_try_again(xai_Call *c) {
  const xai_EventReader *r = reader_of(c);
  xai_Attempt a = attempt_of(c);
  if (c->state != XAI_CALL_RUNNING || c->draining || r->begun || r->raw ||
      !xai_outcome_read_first_error(&c->outcome, &a, r->event.sse.data))
    return 0;
  c->outcome.phase_reached = XAI_PHASE_STREAM;
  detach(c, 1);
  settle(c);
  return 1;
}

/* ----------------------------------------------------------------- guard */

int xai_call_guard(xai_Call *c) {
  c->guard = xai_guard_new();
  c->held = 1;
  return c->guard != NULL ? 0 : -1;
}

const xai_Guard *xai_call_guard_of(const xai_Call *c) { return c->guard; }

int xai_call_is_held(const xai_Call *c) {
  return c->held && c->state == XAI_CALL_WAITING;
}

void xai_call_admit(xai_Call *c, int each_attempt) {
  c->held = 0;
  if (c->guard != NULL) c->guard->each_attempt = each_attempt;
}

void xai_call_refuse(xai_Call *c, const char *code, const char *text) {
  if (!xai_call_is_held(c)) return;
  forget_attempt(c);
  if (xai_buffer_puts(&c->outcome.body.code, code) == XAI_OK)
    xai_error_set(&c->outcome.error, XAI_KIND_LIMIT, XAI_PHASE_NONE, text);
  else
    xai_error_set_cause(&c->outcome.error, XAI_CAUSE_MEMORY);
  conclude(c);
}

/* Was the call closed or cancelled?  Then its events are not shown any more. */
static int is_unwanted(const xai_Call *c) {
  return c->state == XAI_CALL_DONE &&
         (c->outcome.error.kind == XAI_KIND_CLOSED ||
          c->outcome.error.kind == XAI_KIND_CANCELLED);
}

/* May the stream of a call that is done still be read? */
static int is_readable(const xai_Call *c) {
  return c->transfer.content == XAI_CONTENT_EVENTS && !c->at_rest &&
         !is_unwanted(c);
}

int xai_call_is_settled(const xai_Call *c) {
  return c->state == XAI_CALL_DONE && !is_readable(c);
}

/* Let the guard know what an event says, unless that only adds to a text. */
static void note_usage(const xai_Call *c, const xai_Event *event) {
  if (c->guard != NULL && event->info.field == XAI_FIELD_NONE)
    xai_usage_read(&c->guard->usage, event->sse.data);
}

/* Read what nobody will read any more: the end of a stream that was left may be
** here.  A copy is read, as a reader may be at work in it. */
static void note_rest(const xai_Call *c) {
  xai_Slice bytes = xai_buffer_slice(&c->transfer.sse.in);
  xai_Sse rest = c->transfer.sse;
  xai_SseEvent event;
  xai_buffer_init(&rest.in, 0);
  xai_buffer_init(&rest.name, 0);
  xai_buffer_init(&rest.id, 0);
  if (bytes.len == 0) return;
  if (xai_buffer_append(&rest.in, bytes.at, bytes.len) == XAI_OK)
    for (; xai_sse_peek(&rest, &event) == 1; xai_sse_pop(&rest))
      xai_usage_read(&c->guard->usage, event.data);
  xai_sse_free(&rest);
}

xai_Guard *xai_call_settle(xai_Call *c) {
  xai_Guard *g = c->guard;
  xai_Slice head = xai_transfer_head(&c->transfer);
  if (c->transfer.content == XAI_CONTENT_PLAIN)
    xai_usage_read(&g->usage, xai_buffer_slice(&c->transfer.body));
  else
    note_rest(c);
  c->guard = NULL;
  g->settled = 1;
  g->info = xai_call_info(c);
  g->error = c->outcome.error;
  xai_buffer_append(&g->head, head.at, head.len);
  return g;
}

void xai_call_replace_error(xai_Call *c, xai_Cause cause) {
  xai_outcome_clear(&c->outcome);
  xai_error_set_cause(&c->outcome.error, cause);
}

int xai_call_wants_key(const xai_Call *c) { return c->key_wanted; }

int xai_call_needs_other_key(const xai_Call *c) {
  return c->key_wanted && c->outcome.error.kind == XAI_KIND_AUTHENTICATION;
}

/* Send these header lines with the next attempt. */
static void use_headers(xai_Call *c, struct curl_slist *headers) {
  xai_call_mask_buffer(c, &c->transfer.head); /* it may echo the old key */
  xai_call_forget_key(c);
  c->headers = headers;
  curl_easy_setopt(c->transfer.conn.easy, CURLOPT_HTTPHEADER, headers);
}

int xai_call_use_key(xai_Call *c, xai_Buffer *scratch, const char *key) {
  struct curl_slist *headers;
  if (has_key(c, key)) {
    c->key_wanted = 0;
    if (c->outcome.error.kind == XAI_KIND_AUTHENTICATION) conclude(c);
    return 0;
  }
  headers = headers_with(c, scratch, key);
  if (headers == NULL) return -1;
  c->key_wanted = 0;
  use_headers(c, headers);
  return 0;
}

/* ---------------------------------------------------------------- replay */

int xai_call_wants_answer(const xai_Call *c) { return c->answer_wanted; }

void xai_call_set_replay(xai_Call *c, const xai_Replay *r) {
  c->replay = *r;
  c->answer_wanted = 0;
  if (!r->has_more) c->set.max_retries = 0;
}

xai_Slice xai_call_sent_body(const xai_Call *c) {
  return c->bodies.current > 0 ? xai_buffer_slice(&c->bodies.text)
                               : c->bodies.own;
}

/* The replay ends with a failure. */
static void fail_replay(xai_Call *c) {
  const xai_Replay *r = &c->replay;
  xai_transfer_end_body(&c->transfer);
  c->outcome.broken = 1;
  c->outcome.phase_reached = r->phase;
  xai_error_set(&c->outcome.error, r->end, r->phase, r->why);
  settle(c);
}

/* Deliver the next piece of a replay: first the head, then pieces of the body. */
static void advance_replay(xai_Call *c) {
  xai_Transfer *t = &c->transfer;
  xai_Slice piece;
  CURLcode rc = CURLE_OK;
  int more = 1;
  if (!t->head_done && c->replay.head.len > 0)
    rc = xai_transfer_deliver_head(t, c->replay.head);
  else if (xai_replay_next(&c->replay, &piece))
    rc = xai_transfer_deliver(t, piece);
  else
    more = 0;
  if (more && rc == CURLE_OK && (t->head_done || c->replay.head.len == 0))
    return;
  if (rc == CURLE_OK && c->replay.end != XAI_KIND_NONE && !c->draining)
    fail_replay(c);
  else
    xai_call_finish(c, rc);
}

/* ------------------------------------------------------------------ time */

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t idle_at(const xai_Call *c) {
  if (c->transfer.paused) return XAI_NEVER; /* the reader's silence */
  return xai_clock_after(c->transfer.last_ms, c->set.idle_timeout_ms);
}

static int64_t timeout_at(const xai_Call *c) {
  return xai_clock_after(c->attempt_ms, c->set.timeout_ms);
}

/* When to nudge a transfer on a shared connection: after NUDGE_MS of silence,
** and again after each doubling of it. */
static int64_t nudge_at(const xai_Call *c) {
  if (!c->transfer.conn.shared || c->transfer.paused) return XAI_NEVER;
  return c->transfer.last_ms == c->quiet_ms ? c->nudge_ms
                                            : c->transfer.last_ms + NUDGE_MS;
}

static void nudge(xai_Call *c, int64_t now_ms) {
  c->quiet_ms = c->transfer.last_ms;
  c->nudge_ms = now_ms + (now_ms - c->quiet_ms);
  xai_transfer_nudge(&c->transfer);
}

int64_t xai_call_due(const xai_Call *c) {
  if (c->state == XAI_CALL_WAITING)
    return c->key_wanted || c->held || c->in_start_queue.list != NULL
               ? deadline_at(c)
               : min64(c->retry_ms, deadline_at(c));
  if (c->state != XAI_CALL_RUNNING) return XAI_NEVER;
  if (c->replay.on) /* at once */
    return c->answer_wanted ? deadline_at(c) : c->attempt_ms;
  if (c->draining) return c->drain_ms;
  return min64(min64(idle_at(c), timeout_at(c)),
               min64(deadline_at(c), nudge_at(c)));
}

static void give_up(xai_Call *c, xai_Phase phase, const char *what,
                    int64_t ms) {
  char text[128], seconds[XAI_DECIMAL_SIZE];
  const char *where =
      xai_call_is_held(c) ? " while the call waited for its turn" : "";
  if (c->state == XAI_CALL_WAITING) forget_attempt(c);
  xai_decimal_write(seconds, (double)ms / 1000, 6);
  snprintf(text, sizeof text, "%s of %s s passed%s", what, seconds, where);
  xai_error_set(&c->outcome.error, xai_cause_kind(XAI_CAUSE_TIMEOUT), phase,
                text);
  c->outcome.phase_reached = xai_outcome_phase(&c->transfer);
  detach(c, 1);
  if (phase == XAI_PHASE_DEADLINE)
    conclude(c);
  else
    settle(c);
}

/* Send the next body with the next attempt.  Returns 0, or -1 without memory. */
static int use_next_body(xai_Call *c) {
  struct curl_slist *headers;
  xai_Slice body;
  if (xai_bodies_next(&c->bodies, &body) != 0) return -1;
  headers = headers_for_body(c);
  if (headers == NULL) return -1;
  use_headers(c, headers);
  xai_transfer_set_body(&c->transfer, body.at, body.len);
  return 0;
}

static void begin_next_attempt(xai_Call *c, CURLM *multi) {
  avoid_failed_connection(c);
  xai_outcome_clear(&c->outcome);
  if (!c->bodies.move_on || use_next_body(c) == 0) {
    start_attempt(c, multi);
    return;
  }
  xai_error_set_cause(&c->outcome.error, XAI_CAUSE_MEMORY);
  conclude(c);
}

void xai_call_tick(xai_Call *c, CURLM *multi, int64_t now_ms,
                   int unread_backlog) {
  if (c->state == XAI_CALL_DONE || c->state == XAI_CALL_NEW) return;
  if (c->draining && now_ms >= c->drain_ms) {
    xai_call_abort(c, XAI_CAUSE_NONE);
  } else if (now_ms >= deadline_at(c)) {
    give_up(c, XAI_PHASE_DEADLINE, "deadline", c->set.deadline_ms);
  } else if (c->state == XAI_CALL_WAITING) {
    if (now_ms < c->retry_ms || c->key_wanted || c->held) return;
    begin_next_attempt(c, multi);
  } else if (c->replay.on) {
    if (!c->answer_wanted) advance_replay(c);
  } else if (now_ms >= timeout_at(c)) {
    give_up(c, xai_outcome_phase(&c->transfer), "timeout", c->set.timeout_ms);
  } else if (now_ms >= idle_at(c)) {
    if (!unread_backlog)
      give_up(c, XAI_PHASE_IDLE, "idle_timeout", c->set.idle_timeout_ms);
  } else if (now_ms >= nudge_at(c)) {
    nudge(c, now_ms);
  }
}

/* ----------------------------------------------------------------- state */

int xai_call_is_done(const xai_Call *c) { return c->state == XAI_CALL_DONE; }

const xai_Error *xai_call_error(const xai_Call *c) { return &c->outcome.error; }

const xai_ErrorBody *xai_call_error_body(const xai_Call *c) {
  return &c->outcome.body;
}

int xai_call_tell_retry(xai_Call *c, int64_t *wait_ms) {
  if (c->state != XAI_CALL_WAITING || c->retry_told) return 0;
  c->retry_told = 1;
  *wait_ms = c->retry_ms - xai_clock_ms();
  if (*wait_ms < 0) *wait_ms = 0;
  return 1;
}

const xai_FailedBody *xai_call_failed_body(const xai_Call *c, int n) {
  return xai_bodies_failed(&c->bodies, n);
}

int xai_call_next_fallback(const xai_Call *c) {
  return c->bodies.move_on ? c->bodies.current + 1 : 0;
}

/* ---------------------------------------------------------------- answer */

xai_Slice xai_call_head(xai_Call *c) {
  if (c->state != XAI_CALL_DONE) xai_call_mask_buffer(c, &c->transfer.head);
  return xai_transfer_head(&c->transfer);
}

xai_Slice xai_call_body(const xai_Call *c) {
  xai_Slice body;
  body.at = xai_buffer_data(&c->transfer.body);
  body.len = xai_buffer_size(&c->transfer.body);
  return body;
}

xai_Kind xai_call_cut_by(const xai_Call *c) {
  xai_Kind kind = c->outcome.error.kind;
  if (c->draining) return XAI_KIND_NONE;
  if (c->state != XAI_CALL_DONE) return XAI_KIND_CLOSED;
  switch (kind) {
    case XAI_KIND_CONNECTION:
    case XAI_KIND_TIMEOUT:
    case XAI_KIND_LIMIT:
    case XAI_KIND_MEMORY:
    case XAI_KIND_CANCELLED:
    case XAI_KIND_CLOSED: return kind;
    default: return c->outcome.broken ? kind : XAI_KIND_NONE;
  }
}

const xai_Recording *xai_call_recording(xai_Call *c) {
  xai_call_mask_buffer(c, &c->transfer.recording.body);
  return &c->transfer.recording;
}

void xai_call_free_body(xai_Call *c) { xai_buffer_free(&c->transfer.body); }

int xai_call_is_plain(const xai_Call *c) {
  return c->transfer.content == XAI_CONTENT_PLAIN;
}

int xai_call_is_json(const xai_Call *c) {
  xai_Slice type =
      xai_http_head_find(xai_transfer_head(&c->transfer), "content-type");
  return type.len == 0 || xai_slice_has(type, "json");
}

/*
** Without a length, a connection that is cut looks like the end; so does
** compressed text that is cut.  JSON objects and lists prove their own end.
*/
int xai_call_has_known_end(const xai_Call *c) {
  return xai_transfer_has_known_end(&c->transfer);
}

/* ---------------------------------------------- where its answer goes */

int xai_call_write_to(xai_Call *c, xai_OutputKind kind, const char *path) {
  xai_Output *o = (xai_Output *)malloc(sizeof *o);
  if (o == NULL) return -1;
  xai_output_init(o);
  c->transfer.output = o;
  xai_output_open(o, kind, path);
  return 0;
}

xai_OutputKind xai_call_output_kind(const xai_Call *c) {
  return c->transfer.output != NULL ? c->transfer.output->kind
                                    : XAI_OUTPUT_NONE;
}

const char *xai_call_output_path(const xai_Call *c) {
  return xai_buffer_data(&c->transfer.output->path);
}

int xai_call_name_picture(xai_Call *c, int n, xai_Buffer *path) {
  return xai_output_name_picture(c->transfer.output, n, path);
}

const char *xai_call_output_problem(const xai_Call *c) {
  return xai_output_problem(c->transfer.output);
}

/* The least time between two reports of progress. */
#define PROGRESS_MS 100

int xai_call_tell_progress(xai_Call *c, int64_t *done, int64_t *total) {
  const xai_Output *o = c->transfer.output;
  int64_t now = xai_clock_ms();
  if (o == NULL || o->kind == XAI_OUTPUT_PICTURES) return 0;
  *done = (int64_t)xai_output_written(o);
  *total = xai_transfer_length(&c->transfer);
  if (c->state != XAI_CALL_DONE &&
      (*done == c->told_bytes || now - c->told_ms < PROGRESS_MS))
    return 0;
  c->told_bytes = *done;
  c->told_ms = now;
  return 1;
}

int xai_call_is_bytes(const xai_Call *c) {
  return c->transfer.content == XAI_CONTENT_BYTES;
}

void xai_call_consume_bytes(xai_Call *c, size_t n) {
  xai_transfer_consume(&c->transfer, n);
}

int xai_call_already_deleted(const xai_Call *c) {
  return c->outcome.already_deleted;
}

/* ---------------------------------------------------------------- stream */

xai_Slice xai_call_log(const xai_Call *c) {
  xai_Slice log = {"", 0};
  if (!c->has_reader) return log;
  log.at = xai_buffer_data(&c->reader.log.bytes);
  log.len = xai_buffer_size(&c->reader.log.bytes);
  return log;
}

xai_EventReader *xai_call_reader(xai_Call *c) { return reader_of(c); }

void xai_call_fail_by_event(xai_Call *c) {
  xai_Attempt a = attempt_of(c);
  note_usage(c, &c->reader.event);
  xai_outcome_read_event_error(&c->outcome, &a, c->reader.event.sse.data);
  xai_event_reader_conclude(&c->reader);
  if (c->state == XAI_CALL_DONE) xai_call_forget_key(c);
}

int xai_call_opened(const xai_Call *c) {
  return c->state == XAI_CALL_DONE ||
         (c->state == XAI_CALL_RUNNING && c->transfer.head_done &&
          (c->transfer.content == XAI_CONTENT_EVENTS ||
           c->transfer.content == XAI_CONTENT_BYTES));
}

int xai_call_is_watched(const xai_Call *c) { return c->watched; }

int xai_call_is_ready(const xai_Call *c) {
  return c->state == XAI_CALL_DONE || xai_sse_size(&c->transfer.sse) > 0 ||
         (c->transfer.content == XAI_CONTENT_BYTES &&
          xai_buffer_size(&c->transfer.body) > 0);
}

/* The answer is no stream, though its head or an earlier attempt's said so. */
static xai_ReadState no_stream(xai_Call *c) {
  reader_of(c)->cause = c->outcome.error.kind == XAI_KIND_NONE
                            ? XAI_CAUSE_NO_STREAM
                            : XAI_CAUSE_NONE;
  return XAI_READ_FAILED;
}

int xai_call_is_whole(const xai_Call *c) {
  return c->state == XAI_CALL_DONE && c->outcome.error.kind == XAI_KIND_NONE &&
         c->transfer.content == XAI_CONTENT_PLAIN;
}

/* Is another body sent because of the error that the shown event reports? */
static int moves_on(xai_Call *c) {
  xai_Attempt a = attempt_of(c);
  return c->state == XAI_CALL_RUNNING && !c->draining &&
         xai_outcome_read_first_error(&c->outcome, &a,
                                      c->reader.event.sse.data);
}

/* The shown event reports a failure.  If that ends the call, show first what was
** held back.  Returns 1 if there is such an event. */
static int show_held(xai_Call *c) {
  if (xai_buffer_size(&c->reader.held) == 0 || moves_on(c)) return 0;
  return xai_event_reader_let_go(&c->reader, &c->transfer.sse) == XAI_OK;
}

xai_ReadState xai_call_peek(xai_Call *c) {
  xai_ReadState state;
  if (is_unwanted(c)) {
    reader_of(c)->cause = XAI_CAUSE_NONE;
    return XAI_READ_FAILED;
  }
  if (c->state == XAI_CALL_WAITING) return XAI_READ_WAIT;
  if (c->transfer.content == XAI_CONTENT_BYTES) return no_stream(c);
  if (c->state == XAI_CALL_DONE && c->transfer.content == XAI_CONTENT_PLAIN)
    return no_stream(c);
  for (;;) {
    int over = c->state == XAI_CALL_DONE;
    int clean = over && c->outcome.error.kind == XAI_KIND_NONE;
    state = xai_event_reader_peek(reader_of(c), &c->transfer.sse, over, clean);
    if (state == XAI_READ_ERROR && show_held(c)) continue;
    if (state != XAI_READ_WAIT || !c->transfer.paused) return state;
    xai_transfer_resume(&c->transfer); /* the event needs more bytes */
  }
}

/* If the transfer failed with another kind, that explains the reader's cause
** and is kept. */
void xai_call_fail_reading(xai_Call *c) {
  xai_Kind kind = c->outcome.error.kind;
  xai_call_end_key(c);
  if (c->reader.cause == XAI_CAUSE_NONE) return;
  if (kind != XAI_KIND_NONE && kind != xai_cause_kind(c->reader.cause)) return;
  memset(&c->outcome.error, 0, sizeof c->outcome.error);
  xai_error_set_cause(&c->outcome.error, c->reader.cause);
}

/* Is the buffer half empty, or does the event that has begun need more? */
static int wants_more(xai_Transfer *t) {
  return xai_sse_size(&t->sse) <= t->max_buffer / 2 ||
         xai_sse_peek(&t->sse, NULL) == 0;
}

int xai_call_consume(xai_Call *c) {
  int rc;
  if (reader_of(c)->have) note_usage(c, &c->reader.event);
  rc = xai_event_reader_consume(&c->reader, &c->transfer.sse);
  if (c->transfer.paused && wants_more(&c->transfer))
    xai_transfer_resume(&c->transfer);
  return rc;
}

void xai_call_drain(xai_Call *c) {
  if (c->state != XAI_CALL_RUNNING || c->draining) return;
  c->draining = 1;
  c->drain_ms = xai_clock_ms() + DRAIN_MS;
  xai_transfer_discard(&c->transfer);
}
