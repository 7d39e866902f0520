/*
** transfer.c - one HTTP exchange on one easy handle.
*/
#include "net/transfer.h"

#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "base/http_head.h"
#include "base/retry.h"
#include "net/url_policy.h"
#include "net/easy_pool.h"
#include "net/conn_guard.h"

#define MAX_HEAD ((size_t)256 << 10)

void xai_transfer_init(xai_Transfer *t, const xai_Settings *set) {
  memset(t, 0, sizeof *t);
  xai_buffer_init(&t->head, MAX_HEAD);
  xai_buffer_init(&t->body, set->max_body);
  xai_sse_init(&t->sse, set->max_event);
  t->max_buffer = set->max_buffer;
  t->max_error = set->max_body < XAI_MAX_ERROR ? set->max_body : XAI_MAX_ERROR;
  t->conn.socket = -1;
}

/* ------------------------------------------------------------- callbacks */

/* Bytes came: note when, and put the transfer into the engine's list. */
static void note_received(xai_Transfer *t) {
  t->last_ms = xai_clock_ms();
  if (t->in_received || t->received == NULL) return;
  t->in_received = 1;
  t->received_next = *t->received;
  *t->received = t;
}

/* Stop the transfer: a callback's short count does that.  'limit' is the cause
** unless memory is short. */
static size_t refuse(xai_Transfer *t, int rc, xai_Cause limit) {
  if (t->cause == XAI_CAUSE_NONE)
    t->cause = rc == XAI_ENOMEM ? XAI_CAUSE_MEMORY : limit;
  return 0;
}

/* Heads of 1xx answers, and trailers, are no part of the answer's head. */
static xai_Cause head_limit(const xai_Transfer *t) {
  return t->head_done ? XAI_CAUSE_TRAILER_TOO_LONG : XAI_CAUSE_HEAD_TOO_LONG;
}

static int is_status_line(const char *s, size_t n) {
  return n > 9 && memcmp(s, "HTTP/", 5) == 0;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static int read_status(const char *s, size_t n) {
  const char *p = (const char *)memchr(s, ' ', n);
  int i, status = 0;
  if (p == NULL || p + 3 >= s + n) return 0;
  for (i = 1; i <= 3; i++) status = status * 10 + (p[i] - '0');
  return status;
}

/* RFC 9112, section 6.3: an answer of two lengths is to be discarded. */
static int has_one_length(xai_Transfer *t) {
  if (xai_http_head_agrees(xai_transfer_head(t), "content-length")) return 1;
  t->cause = XAI_CAUSE_TWO_LENGTHS;
  return 0;
}

/* The length of a body that libcurl does not read beyond; 0: no body. */
static size_t body_length(const xai_Transfer *t) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(t), "content-length");
  size_t i, n = 0;
  if (t->bodiless || t->status == 204 || t->status == 304) return 0;
  for (i = 0; i < v.len && v.at[i] >= '0' && v.at[i] <= '9'; i++)
    n = n * 10 + (size_t)(v.at[i] - '0');
  return n;
}

/* The head is complete: find out what the body will be. */
static void end_head(xai_Transfer *t) {
  xai_Slice type;
  if (t->status < 200) return; /* 1xx: the real one follows */
  t->head_done = 1;
  xai_connection_on_head(&t->conn, body_length(t));
  t->content = XAI_CONTENT_PLAIN;
  type = xai_http_head_find(xai_transfer_head(t), "content-type");
  t->called = xai_slice_has(type, "text/event-stream");
  t->otherwise = xai_slice_has(type, "json") || xai_slice_has(type, "html");
  t->sniffed = !t->wants_events || t->status >= 300 || (t->raw && t->called);
  if (!t->wants_events || t->status >= 300) return;
  t->content = t->called ? XAI_CONTENT_EVENTS : XAI_CONTENT_UNKNOWN;
}

/* The first byte that tells something; 0: there is none yet. */
static char first_of(const char *s, size_t n) {
  static const char bom[] = "\xEF\xBB\xBF";
  size_t k = n < 3 ? n : 3;
  if (memcmp(s, bom, k) == 0) s += k, n -= k;
  while (n > 0 && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
    s++, n--;
  return n > 0 ? *s : '\0';
}

/*
** The first bytes of a body settle what it is: no line of an event stream
** begins with a bracket, and no JSON text with a field of one.  Gateways call
** either anything.  UNKNOWN: these are too few.  'over': there are no more.
*/
static xai_Content look_at(const xai_Transfer *t, const char *s, size_t n,
                           int over) {
  int begins = xai_sse_begins(s, n);
  char first = first_of(s, n);
  if (begins > 0) return XAI_CONTENT_EVENTS;
  if (first == '{' || first == '[' || first == '<') return XAI_CONTENT_PLAIN;
  if (first != '\0' && t->called) return XAI_CONTENT_EVENTS;
  if (begins < 0 && !over) return XAI_CONTENT_UNKNOWN;
  if (t->called) return XAI_CONTENT_EVENTS;
  return t->otherwise ? XAI_CONTENT_PLAIN : XAI_CONTENT_EVENTS;
}

/* What is not kept is bounded, too: heads of 1xx answers, trailers. */
static int may_pass(xai_Transfer *t, size_t n) {
  t->extra += n;
  if (t->extra <= MAX_HEAD) return 1;
  refuse(t, XAI_ELIMIT, head_limit(t));
  return 0;
}

static size_t on_header(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  int rc;
  n *= size;
  note_received(t);
  if (t->head_done) return may_pass(t, n) ? n : 0;
  if (!t->in_head && is_status_line(s, n)) {
    t->in_head = 1;
    if (!may_pass(t, xai_buffer_size(&t->head))) return 0;
    xai_buffer_clear(&t->head);
    t->status = read_status(s, n);
    t->conn.shared = t->may_share && s[5] == '2';
    if (!t->conn.shared) xai_conn_guard_answered(t->conn.guard, t->conn.socket);
  }
  rc = xai_buffer_append(&t->head, s, n);
  if (rc != XAI_OK) return refuse(t, rc, head_limit(t));
  if (n > 2 || (*s != '\r' && *s != '\n')) return n;
  t->in_head = 0;
  if (!has_one_length(t)) return 0;
  end_head(t);
  return n;
}

/*
** Pause when the reader is behind, but never without a whole event to read:
** a reader that waits for one would wait for ever.
*/
static size_t on_event_bytes(xai_Transfer *t, char *s, size_t n) {
  int rc = XAI_OK;
  if (xai_sse_size(&t->sse) >= t->max_buffer) rc = xai_sse_peek(&t->sse, NULL);
  if (rc == 1) {
    t->paused = 1;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (rc == XAI_OK) rc = xai_sse_feed(&t->sse, s, n);
  if (rc != XAI_OK) return refuse(t, rc, XAI_CAUSE_EVENT_TOO_LONG);
  return n;
}

/* An error answer is known by its head: when enough of its words came, a short
** count stops the transfer, and the connection is closed with the rest. */
static size_t on_error_bytes(xai_Transfer *t, const char *s, size_t n) {
  size_t room = t->max_error - xai_buffer_size(&t->body);
  int rc = xai_buffer_append(&t->body, s, n < room ? n : room);
  if (rc != XAI_OK) return refuse(t, rc, XAI_CAUSE_BODY_TOO_LONG);
  if (n < room) return n;
  xai_connection_forbid_reuse(&t->conn);
  return 0;
}

static size_t store(xai_Transfer *t, const char *s, size_t n) {
  int rc = xai_buffer_append(&t->body, s, n);
  return rc == XAI_OK ? n : refuse(t, rc, XAI_CAUSE_BODY_TOO_LONG);
}

/* More blanks than this are no keeping alive. */
#define MOST_HELD ((size_t)1 << 10)

/* It is not settled what the body is: bytes that do not tell are held. */
static size_t on_first_bytes(xai_Transfer *t, char *s, size_t n) {
  int held = xai_buffer_size(&t->body) > 0;
  xai_Content content;
  if (held && store(t, s, n) != n) return 0;
  content =
      held ? look_at(t, xai_buffer_data(&t->body), xai_buffer_size(&t->body),
                     xai_buffer_size(&t->body) > MOST_HELD)
           : look_at(t, s, n, n > MOST_HELD);
  if (content == XAI_CONTENT_UNKNOWN) return held ? n : store(t, s, n);
  t->sniffed = 1;
  t->content = content;
  if (content == XAI_CONTENT_EVENTS && held)
    xai_sse_adopt(&t->sse, &t->body);
  else if (content == XAI_CONTENT_EVENTS)
    return on_event_bytes(t, s, n);
  return held ? n : store(t, s, n);
}

static size_t on_body(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  n *= size;
  note_received(t);
  if (t->discard || n == 0) return n;
  if (!t->begun) xai_connection_on_body(&t->conn, n);
  t->begun = 1;
  if (!t->sniffed) return on_first_bytes(t, s, n);
  if (t->content == XAI_CONTENT_EVENTS) return on_event_bytes(t, s, n);
  if (t->status >= 300) return on_error_bytes(t, s, n);
  return store(t, s, n);
}

void xai_transfer_end_body(xai_Transfer *t) {
  size_t n = xai_buffer_size(&t->body);
  const char *s = xai_buffer_data(&t->body);
  if (!t->begun && t->otherwise) t->content = XAI_CONTENT_PLAIN;
  if (t->status < 200 || t->status >= 300 || n == 0) return;
  if (t->sniffed && (t->wants_events || !t->may_stream)) return;
  if (!t->wants_events && !t->called && xai_sse_begins(s, n) <= 0) return;
  t->sniffed = 1;
  t->content = look_at(t, s, n, 1);
  if (t->content == XAI_CONTENT_EVENTS) xai_sse_adopt(&t->sse, &t->body);
}

/* Bytes that go out are life, too. */
static int on_progress(void *ud, curl_off_t dltotal, curl_off_t dlnow,
                       curl_off_t ultotal, curl_off_t ulnow) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)dltotal, (void)dlnow, (void)ultotal;
  if (ulnow == t->uploaded) return 0; /* it is called for nothing, too */
  t->uploaded = ulnow;
  if (!t->head_done) t->last_ms = xai_clock_ms();
  return 0;
}

/*
** The request is about to be sent.  When a kept connection turns out to be dead
** later, libcurl sends it again by itself: that is counted, and may be refused.
*/
#if LIBCURL_VERSION_NUM >= 0x075000
static int on_send(void *ud, char *ip, char *local_ip, int port,
                   int local_port) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)local_ip;
  t->stale = !xai_connection_may_send(&t->conn, local_port, ip, port);
  if (t->stale) return CURL_PREREQFUNC_ABORT;
  if (t->sends <= t->resends) {
    t->sends++;
    return CURL_PREREQFUNC_OK;
  }
  t->cause = XAI_CAUSE_CONNECTION_WAS_CLOSED;
  return CURL_PREREQFUNC_ABORT;
}
#endif

/* --------------------------------------------------------------- options */

/* A connection of its own is being made for this transfer. */
static curl_socket_t on_open(void *ud, curlsocktype purpose,
                             struct curl_sockaddr *address) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)purpose;
  t->opens++;
  if (t->sends > 0) t->opens_late = 1;
  t->opened_port = xai_conn_guard_port(&address->addr);
  return xai_conn_guard_open(t->conn.guard, address, t);
}

static void set_callbacks(xai_Transfer *t) {
  CURL *e = t->conn.easy;
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->curl_error);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, (void *)t);
  xai_conn_guard_attach(t->conn.guard, e);
#if LIBCURL_VERSION_NUM >= 0x075000
  t->tells_sends =
      curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_send) == CURLE_OK;
  curl_easy_setopt(e, CURLOPT_PREREQDATA, (void *)t);
#endif
}

static void set_progress(xai_Transfer *t, int on) {
  curl_easy_setopt(t->conn.easy, CURLOPT_NOPROGRESS, on ? 0L : 1L);
  curl_easy_setopt(t->conn.easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(t->conn.easy, CURLOPT_XFERINFODATA, (void *)t);
}

/* A body this long takes time to send; only then is its progress watched. */
#define LONG_BODY ((size_t)64 << 10)

/* libcurl 8 allocates that much for each transfer, until it ends. */
#define SMALL_UPLOAD (16L << 10)
#define LARGE_UPLOAD (64L << 10)

static void set_message(xai_Transfer *t, const xai_Request *r,
                        struct curl_slist *headers, CURLcode *rc) {
  CURL *e = t->conn.easy;
  int is_long = r->body_len >= LONG_BODY;
  if (strcmp(r->method, "POST") == 0) curl_easy_setopt(e, CURLOPT_POST, 1L);
  if (r->body != NULL) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body);
    set_progress(t, is_long);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE,
                     is_long ? LARGE_UPLOAD : SMALL_UPLOAD);
  } else if (strcmp(r->method, "POST") == 0) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
  }
  if (strcmp(r->method, r->body != NULL ? "POST" : "GET") != 0 &&
      strcmp(r->method, "POST") != 0)
    xai_easy_pool_set_string(e, CURLOPT_CUSTOMREQUEST, r->method, rc);
  if (strcmp(r->method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  xai_easy_pool_set_string(e, CURLOPT_URL, r->url, rc);
}

/* A stale connection costs one of these and no error, unless the user wants
** to be sure that no POST or its like is sent twice. */
#define FREE_RECONNECTS 1

CURLcode xai_transfer_open(xai_Transfer *t, CURL *used, const xai_Request *r,
                           struct curl_slist *headers,
                           const xai_Settings *set) {
  CURLcode rc = CURLE_OK;
  t->wants_events = r->stream;
  t->raw = r->raw;
  t->may_stream = r->may_stream;
  t->may_share =
      xai_easy_pool_http_version(set, r->url) != CURL_HTTP_VERSION_1_1 &&
      (set->http_version == 2 || !xai_url_is_plain(r->url));
  t->conn.shared = t->may_share;
  t->conn.tls = !xai_url_is_plain(r->url) || xai_url_proxy_is_https(set);
  t->conn.over_two_tls = xai_url_proxy_is_https(set);
  t->tunnel_port = xai_url_tunnel_port(set, r->url);
  t->bodiless = strcmp(r->method, "HEAD") == 0;
  t->resends = set->retry == XAI_RETRY_SAFE && !xai_retry_repeatable(r->method)
                   ? 0
                   : FREE_RECONNECTS;
  t->conn.easy = used ? used : xai_easy_pool_new_handle(set, r->url, &rc);
  if (t->conn.easy != NULL) {
    set_callbacks(t);
    set_message(t, r, headers, &rc);
  }
  return rc;
}

static void forget_sockets(xai_Transfer *t) {
  if (t->opens > 0) xai_conn_guard_forget_maker(t->conn.guard, t);
  t->opens = t->opens_late = 0;
}

void xai_transfer_clear(xai_Transfer *t) {
  xai_buffer_clear(&t->head);
  xai_buffer_free(&t->body);
  xai_sse_free(&t->sse);
  t->status = t->head_done = t->sniffed = t->begun = t->paused = t->discard = 0;
  t->sends = t->stale = t->in_head = 0;
  forget_sockets(t);
  xai_connection_reset(&t->conn);
  t->conn.socket = -1;
  t->extra = 0;
  t->uploaded = 0;
  t->content = XAI_CONTENT_UNKNOWN;
  t->cause = XAI_CAUSE_NONE;
  t->curl_error[0] = '\0';
}

void xai_transfer_retire(xai_Transfer *t) {
  CURL *easy = t->conn.easy;
  t->conn.easy = NULL;
  forget_sockets(t);
  if (easy != NULL) curl_easy_cleanup(easy);
}

CURL *xai_transfer_yield(xai_Transfer *t) {
  CURL *e = t->conn.easy;
  xai_connection_reset(&t->conn);
  t->conn.easy = NULL;
  forget_sockets(t);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
  return e;
}

void xai_transfer_close(xai_Transfer *t) {
  xai_transfer_retire(t);
  xai_buffer_free(&t->head);
  xai_buffer_free(&t->body);
  xai_sse_free(&t->sse);
}

void xai_transfer_resume(xai_Transfer *t) {
  if (!t->paused || t->conn.easy == NULL) return;
  t->paused = 0; /* before the call: it may deliver, and pause again */
  t->last_ms = xai_clock_ms();
  curl_easy_pause(t->conn.easy, CURLPAUSE_CONT);
}

/*
** libcurl 7.88 reads from an HTTP/2 connection on behalf of one transfer what
** is meant for another, and now and then nobody is woken for that: under load
** one answer in a hundred stood still.  To pause it and go on makes libcurl
** look again.
*/
void xai_transfer_nudge(xai_Transfer *t) {
  if (t->paused || t->conn.easy == NULL) return;
  if (curl_easy_pause(t->conn.easy, CURLPAUSE_RECV) == CURLE_OK)
    curl_easy_pause(t->conn.easy, CURLPAUSE_CONT);
}

/* A paused one goes on for that: what libcurl held back is only freed when it
** is handed out, where others share the connection. */
void xai_transfer_discard(xai_Transfer *t) {
  t->discard = 1;
  xai_transfer_resume(t);
}

xai_Slice xai_transfer_head(const xai_Transfer *t) {
  xai_Slice head;
  head.at = xai_buffer_data(&t->head);
  head.len = xai_buffer_size(&t->head);
  return head;
}
