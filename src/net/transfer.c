/*
** transfer.c - one HTTP exchange on one easy handle.
*/
#include "net/transfer.h"

#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "base/http_head.h"
#include "net/url_policy.h"
#include "net/easy_pool.h"
#include "net/conn_guard.h"

#define MAX_HEAD ((size_t)256 << 10)

int xai_request_is_repeatable(const xai_Request *r) {
  return r->spec.repeatable || strcmp(r->method, "GET") == 0 ||
         strcmp(r->method, "HEAD") == 0 || strcmp(r->method, "DELETE") == 0;
}

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

/* Stop the transfer: libcurl does so when a callback returns too few bytes.
** 'limit' is the cause unless 'rc' says that memory is short. */
static size_t stop(xai_Transfer *t, int rc, xai_Cause limit) {
  if (t->cause == XAI_CAUSE_NONE)
    t->cause = rc == XAI_ENOMEM ? XAI_CAUSE_MEMORY : limit;
  return 0;
}

/* The cause when a head or a trailer is too long. */
static xai_Cause head_limit(const xai_Transfer *t) {
  return t->head_done ? XAI_CAUSE_TRAILER_TOO_LONG : XAI_CAUSE_HEAD_TOO_LONG;
}

static int is_status_line(const char *s, size_t n) {
  return n > 9 && memcmp(s, "HTTP/", 5) == 0;
}

/* The status in "HTTP/1.1 200 OK" or "HTTP/2 200". */
static int read_status(const char *s, size_t n) {
  const char *p = (const char *)memchr(s, ' ', n);
  int i, status = 0;
  if (p == NULL || p + 3 >= s + n) return 0;
  for (i = 1; i <= 3; i++) status = status * 10 + (p[i] - '0');
  return status;
}

/* RFC 9112, section 6.3: an answer with two lengths must be discarded.
** Returns 0 to stop. */
static int check_lengths(xai_Transfer *t) {
  if (xai_http_head_agrees(xai_transfer_head(t), "content-length")) return 1;
  t->cause = XAI_CAUSE_TWO_LENGTHS;
  return 0;
}

/* The length of the body; 0: there is none, or its length is not known. */
static size_t body_length(const xai_Transfer *t) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(t), "content-length");
  size_t i, n = 0;
  if (t->no_body || t->status == 204 || t->status == 304) return 0;
  for (i = 0; i < v.len && v.at[i] >= '0' && v.at[i] <= '9'; i++)
    n = n * 10 + (size_t)(v.at[i] - '0');
  return n;
}

static int is_compressed(const xai_Transfer *t) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(t), "content-encoding");
  return v.len > 0 && !xai_slice_like(v, "identity");
}

int xai_transfer_has_known_end(const xai_Transfer *t) {
  xai_Slice head = xai_transfer_head(t), coding;
  if (t->no_body || t->status == 204 || t->status == 205) return 1;
  if (is_compressed(t) || head.len < 6) return 0;
  if (head.at[5] != '1') return 1; /* "HTTP/2": frames tell the end */
  coding = xai_http_head_find(head, "transfer-encoding");
  return xai_slice_has(coding, "chunked") ||
         xai_http_head_find(head, "content-length").len > 0;
}

int64_t xai_transfer_length(const xai_Transfer *t) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(t), "content-length");
  if (!t->head_done || v.len == 0 || is_compressed(t)) return -1;
  return (int64_t)body_length(t);
}

static int begins_with(xai_Slice s, const char *word) {
  size_t n = strlen(word);
  if (s.len < n) return 0;
  s.len = n;
  return xai_slice_like(s, word);
}

/* Is it a type of sound, pictures or films?  Those are never events. */
static int is_media(xai_Slice type) {
  return begins_with(type, "audio/") || begins_with(type, "image/") ||
         begins_with(type, "video/");
}

/* Is it a type of bytes that are no text? */
static int is_of_bytes(xai_Slice type) {
  if (is_media(type)) return 1;
  return begins_with(type, "application/") && !xai_slice_has(type, "json") &&
         !xai_slice_has(type, "xml") && !xai_slice_has(type, "stream+");
}

/* A head is complete: find out what the body will be, if its type tells. */
static void end_head(xai_Transfer *t) {
  xai_Slice type;
  if (t->status < 200) return; /* 1xx: another head follows */
  t->head_done = 1;
  xai_connection_on_head(&t->conn, body_length(t));
  t->content = XAI_CONTENT_PLAIN;
  type = xai_http_head_find(xai_transfer_head(t), "content-type");
  t->type_is_events = xai_slice_has(type, "text/event-stream");
  t->type_is_other = xai_slice_has(type, "json") || xai_slice_has(type, "html");
  t->type_is_json = type.len == 0 || xai_slice_has(type, "json");
  t->content_known =
      !t->wants_events || t->status >= 300 || (t->raw && t->type_is_events);
  if (!t->wants_events || t->status >= 300) return;
  t->content = t->type_is_events ? XAI_CONTENT_EVENTS : XAI_CONTENT_UNKNOWN;
  if (!is_media(type)) return;
  t->content = t->takes_bytes ? XAI_CONTENT_BYTES : XAI_CONTENT_PLAIN;
  t->content_known = 1;
}

/* Are they bytes that are no text, if they are no events? */
static int type_is_bytes(const xai_Transfer *t) {
  return is_of_bytes(xai_http_head_find(xai_transfer_head(t), "content-type"));
}

/* The first byte after a byte order mark and blanks; 0: none yet. */
static char first_byte(const char *s, size_t n) {
  static const char bom[] = "\xEF\xBB\xBF";
  size_t k = n < 3 ? n : 3;
  if (memcmp(s, bom, k) == 0) s += k, n -= k;
  while (n > 0 && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
    s++, n--;
  return n > 0 ? *s : '\0';
}

/*
** Tell what a body is by its first bytes, as gateways send wrong types.  No
** line of an event stream begins with a bracket; no JSON text begins with the
** name of a stream's field.  'over': no more bytes come.  Returns
** XAI_CONTENT_UNKNOWN when more bytes are needed.
*/
static xai_Content detect_content(const xai_Transfer *t, const char *s,
                                  size_t n, int over) {
  int begins = xai_sse_begins(s, n);
  char first = first_byte(s, n);
  if (begins > 0) return XAI_CONTENT_EVENTS;
  if (t->takes_bytes && type_is_bytes(t))
    return begins < 0 && !over ? XAI_CONTENT_UNKNOWN : XAI_CONTENT_BYTES;
  if (first == '{' || first == '[' || first == '<') return XAI_CONTENT_PLAIN;
  if (first != '\0' && t->type_is_events) return XAI_CONTENT_EVENTS;
  if (begins < 0 && !over) return XAI_CONTENT_UNKNOWN;
  if (t->type_is_events) return XAI_CONTENT_EVENTS;
  return t->type_is_other ? XAI_CONTENT_PLAIN : XAI_CONTENT_EVENTS;
}

/* Count the bytes of heads that are not kept: of 1xx answers, and trailers.
** Returns 0 when they are too many. */
static int count_other_head(xai_Transfer *t, size_t n) {
  t->other_head += n;
  if (t->other_head <= MAX_HEAD) return 1;
  stop(t, XAI_ELIMIT, head_limit(t));
  return 0;
}

/* A status line came: forget the head before it.  Returns 0 to stop. */
static int begin_head(xai_Transfer *t, const char *s, size_t n) {
  t->in_head = 1;
  if (!count_other_head(t, xai_buffer_size(&t->head))) return 0;
  xai_buffer_clear(&t->head);
  t->status = read_status(s, n);
  t->conn.shared = t->may_share && s[5] == '2';
  if (!t->conn.shared) xai_conn_guard_answered(t->conn.guard, t->conn.socket);
  return 1;
}

static int is_empty_line(const char *s, size_t n) {
  return n <= 2 && (*s == '\r' || *s == '\n');
}

/* libcurl's callback: one line of a head, or of a trailer. */
static size_t on_header(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  int rc;
  n *= size;
  note_received(t);
  if (t->head_done) return count_other_head(t, n) ? n : 0;
  if (!t->in_head && is_status_line(s, n) && !begin_head(t, s, n)) return 0;
  rc = xai_buffer_append(&t->head, s, n);
  if (rc != XAI_OK) return stop(t, rc, head_limit(t));
  if (!is_empty_line(s, n)) return n;
  t->in_head = 0;
  if (!check_lengths(t)) return 0;
  end_head(t);
  return n;
}

/*
** Parse bytes of an event stream.  Pause when the buffer is full, but only if
** it has a complete event: a reader that waits for one would wait for ever.  A
** replay is in memory already and is never paused.
*/
static size_t on_event_bytes(xai_Transfer *t, char *s, size_t n) {
  int rc = XAI_OK;
  if (xai_sse_size(&t->sse) >= t->max_buffer && !t->is_replay)
    rc = xai_sse_peek(&t->sse, NULL);
  if (rc == 1) {
    t->paused = 1;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (rc == XAI_OK) rc = xai_sse_feed(&t->sse, s, n);
  if (rc != XAI_OK) return stop(t, rc, XAI_CAUSE_EVENT_TOO_LONG);
  return n;
}

/* Store the body of an error answer.  When enough of it came, the transfer is
** stopped and the connection closed. */
static size_t on_error_bytes(xai_Transfer *t, const char *s, size_t n) {
  size_t room = t->max_error - xai_buffer_size(&t->body);
  int rc = xai_buffer_append(&t->body, s, n < room ? n : room);
  if (rc != XAI_OK) return stop(t, rc, XAI_CAUSE_BODY_TOO_LONG);
  if (n < room) return n;
  xai_connection_forbid_reuse(&t->conn);
  return 0;
}

static size_t store(xai_Transfer *t, const char *s, size_t n) {
  int rc = xai_buffer_append(&t->body, s, n);
  return rc == XAI_OK ? n : stop(t, rc, XAI_CAUSE_BODY_TOO_LONG);
}

/* Keep bytes for their reader, who may be slow. */
static size_t on_stream_bytes(xai_Transfer *t, const char *s, size_t n) {
  if (xai_buffer_size(&t->body) < t->max_buffer) return store(t, s, n);
  t->paused = 1;
  return CURL_WRITEFUNC_PAUSE;
}

/* Write bytes where they go instead of memory.  The beginning of a JSON answer
** is kept, too: it may report an error. */
static size_t on_output_bytes(xai_Transfer *t, const char *s, size_t n) {
  size_t room = t->max_error - xai_buffer_size(&t->body);
  if (t->output->kind != XAI_OUTPUT_PICTURES) {
    if (!xai_transfer_has_known_end(t))
      return stop(t, XAI_OK, XAI_CAUSE_END_UNPROVABLE);
    if (t->type_is_json && store(t, s, n < room ? n : room) == 0 && room > 0)
      return 0;
  }
  return xai_output_write(t->output, s, n, &t->body) == 0
             ? n
             : stop(t, XAI_OK, t->output->cause);
}

/* After so many bytes that do not tell what the body is, its type decides.  A
** server may send a few blanks to keep the connection alive. */
#define MAX_UNDECIDED ((size_t)1 << 10)

/* Decide what the body is.  Bytes that do not tell are kept in 'body'. */
static size_t on_first_bytes(xai_Transfer *t, char *s, size_t n) {
  int held = xai_buffer_size(&t->body) > 0;
  xai_Content content;
  if (held && store(t, s, n) != n) return 0;
  content = held ? detect_content(t, xai_buffer_data(&t->body),
                                  xai_buffer_size(&t->body),
                                  xai_buffer_size(&t->body) > MAX_UNDECIDED)
                 : detect_content(t, s, n, n > MAX_UNDECIDED);
  if (content == XAI_CONTENT_UNKNOWN) return held ? n : store(t, s, n);
  t->content_known = 1;
  t->content = content;
  if (content == XAI_CONTENT_EVENTS && held)
    xai_sse_adopt(&t->sse, &t->body);
  else if (content == XAI_CONTENT_EVENTS)
    return on_event_bytes(t, s, n);
  return held ? n : store(t, s, n);
}

static size_t take_body(xai_Transfer *t, char *s, size_t n) {
  if (!t->content_known) return on_first_bytes(t, s, n);
  if (t->content == XAI_CONTENT_EVENTS) return on_event_bytes(t, s, n);
  if (t->content == XAI_CONTENT_BYTES) return on_stream_bytes(t, s, n);
  if (t->status >= 300) return on_error_bytes(t, s, n);
  if (t->output != NULL) return on_output_bytes(t, s, n);
  return store(t, s, n);
}

/* libcurl's callback: bytes of the body. */
static size_t on_body(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  size_t taken;
  n *= size;
  note_received(t);
  if (t->discard || n == 0) return n;
  if (!t->body_begun) xai_connection_on_body(&t->conn, n);
  t->body_begun = 1;
  taken = take_body(t, s, n);
  if (t->recording.on && taken == n &&
      xai_recording_add(&t->recording, s, n) != XAI_OK)
    return stop(t, XAI_ENOMEM, XAI_CAUSE_MEMORY);
  return taken;
}

CURLcode xai_transfer_deliver_head(xai_Transfer *t, xai_Slice head) {
  char *s = (char *)head.at, *end = s + head.len;
  while (s < end) {
    char *lf = (char *)memchr(s, '\n', (size_t)(end - s));
    size_t n = (size_t)((lf ? lf + 1 : end) - s);
    if (on_header(s, 1, n, t) != n) return CURLE_WRITE_ERROR;
    s += n;
  }
  return CURLE_OK;
}

CURLcode xai_transfer_deliver(xai_Transfer *t, xai_Slice piece) {
  if (t->no_body) return CURLE_OK;
  return on_body((char *)piece.at, 1, piece.len, t) == piece.len
             ? CURLE_OK
             : CURLE_WRITE_ERROR;
}

int xai_transfer_may_be_events(const xai_Transfer *t) {
  size_t n = xai_buffer_size(&t->body);
  if (t->content == XAI_CONTENT_EVENTS) return 1;
  if (t->content == XAI_CONTENT_BYTES) return 0;
  if (t->status < 200 || t->status >= 300 || n == 0) return 0;
  if (t->content_known && (t->wants_events || !t->may_stream)) return 0;
  return t->wants_events || t->type_is_events ||
         xai_sse_begins(xai_buffer_data(&t->body), n) > 0;
}

void xai_transfer_end_body(xai_Transfer *t) {
  if (!t->body_begun && t->type_is_other) t->content = XAI_CONTENT_PLAIN;
  if (t->content == XAI_CONTENT_EVENTS || !xai_transfer_may_be_events(t))
    return;
  t->content_known = 1;
  t->content = detect_content(t, xai_buffer_data(&t->body),
                              xai_buffer_size(&t->body), 1);
  if (t->content == XAI_CONTENT_EVENTS) xai_sse_adopt(&t->sse, &t->body);
}

/* libcurl's callback: bytes that are sent restart the idle timeout, too. */
static int on_progress(void *ud, curl_off_t dltotal, curl_off_t dlnow,
                       curl_off_t ultotal, curl_off_t ulnow) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)dltotal, (void)dlnow, (void)ultotal;
  if (ulnow == t->uploaded) return 0; /* nothing was sent */
  t->uploaded = ulnow;
  if (!t->head_done) t->last_ms = xai_clock_ms();
  return 0;
}

/*
** libcurl's callback: the request is about to be sent.  If a reused connection
** turns out to be dead, libcurl sends the request again by itself.  That is
** counted and may be refused.
*/
#if LIBCURL_VERSION_NUM >= 0x075000
static int on_send(void *ud, char *ip, char *local_ip, int port,
                   int local_port) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)local_ip;
  t->stale = !xai_connection_check(&t->conn, local_port, ip, port);
  if (t->stale) return CURL_PREREQFUNC_ABORT;
  if (t->sends <= t->max_resends) {
    t->sends++;
    return CURL_PREREQFUNC_OK;
  }
  t->cause = XAI_CAUSE_CONNECTION_WAS_CLOSED;
  return CURL_PREREQFUNC_ABORT;
}
#endif

/* --------------------------------------------------------------- options */

/* libcurl's callback: a connection is being opened for this transfer. */
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
  t->reports_sends =
      curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_send) == CURLE_OK;
  curl_easy_setopt(e, CURLOPT_PREREQDATA, (void *)t);
#endif
}

static void set_progress(xai_Transfer *t, int on) {
  curl_easy_setopt(t->conn.easy, CURLOPT_NOPROGRESS, on ? 0L : 1L);
  curl_easy_setopt(t->conn.easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(t->conn.easy, CURLOPT_XFERINFODATA, (void *)t);
}

/* A body this long takes time to send, so its progress is watched. */
#define LONG_BODY ((size_t)64 << 10)

/* libcurl 8 allocates a buffer of that size for each transfer. */
#define SMALL_UPLOAD (16L << 10)
#define LARGE_UPLOAD (64L << 10)

void xai_transfer_set_body(xai_Transfer *t, const char *body, size_t n) {
  CURL *e = t->conn.easy;
  int is_long = n >= LONG_BODY;
  curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
  curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
  set_progress(t, is_long);
  curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE,
                   is_long ? LARGE_UPLOAD : SMALL_UPLOAD);
}

/* Set the method, the body, the headers and the URL. */
static void set_message(xai_Transfer *t, const xai_Request *r,
                        struct curl_slist *headers, CURLcode *rc) {
  CURL *e = t->conn.easy;
  int is_post = strcmp(r->method, "POST") == 0;
  if (is_post) curl_easy_setopt(e, CURLOPT_POST, 1L);
  if (r->body != NULL) {
    xai_transfer_set_body(t, r->body, r->body_len);
  } else if (is_post) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
  }
  if (!is_post && (r->body != NULL || strcmp(r->method, "GET") != 0))
    xai_easy_pool_set_string(e, CURLOPT_CUSTOMREQUEST, r->method, rc);
  if (strcmp(r->method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  xai_easy_pool_set_string(e, CURLOPT_URL, r->url, rc);
}

/* A dead connection costs one resend and no error.  With XAI_RETRY_SAFE a POST
** or the like is never sent twice. */
#define FREE_RESENDS 1

static void set_facts(xai_Transfer *t, const xai_Request *r,
                      const xai_Settings *set) {
  int is_plain = xai_url_is_plain(r->url);
  int over_https_proxy = xai_url_proxy_is_https(set);
  t->wants_events = r->stream;
  t->raw = r->raw;
  t->may_stream = r->may_stream;
  t->takes_bytes = r->takes_bytes;
  t->may_share =
      xai_easy_pool_http_version(set, r->url) != CURL_HTTP_VERSION_1_1 &&
      (set->http_version == 2 || !is_plain);
  t->conn.shared = t->may_share;
  t->conn.tls = !is_plain || over_https_proxy;
  t->conn.over_two_tls = over_https_proxy;
  t->tunnel_port = xai_url_tunnel_port(set, r->url);
  t->no_body = strcmp(r->method, "HEAD") == 0;
  t->is_replay = r->replay.on;
  t->recording.on = r->record;
  t->max_resends = set->retry == XAI_RETRY_SAFE && !xai_request_is_repeatable(r)
                       ? 0
                       : FREE_RESENDS;
}

CURLcode xai_transfer_open(xai_Transfer *t, CURL *used, const xai_Request *r,
                           struct curl_slist *headers,
                           const xai_Settings *set) {
  CURLcode rc = CURLE_OK;
  set_facts(t, r, set);
  t->conn.easy = used ? used : xai_easy_pool_new_handle(set, r->url, &rc);
  if (t->conn.easy != NULL) {
    set_callbacks(t);
    set_message(t, r, headers, &rc);
  }
  return rc;
}

/* Have the guard forget whose sockets they were. */
static void forget_sockets(xai_Transfer *t) {
  if (t->opens > 0) xai_conn_guard_forget_maker(t->conn.guard, t);
  t->opens = t->opens_late = 0;
}

void xai_transfer_clear(xai_Transfer *t) {
  xai_buffer_clear(&t->head);
  xai_buffer_free(&t->body);
  xai_sse_free(&t->sse);
  if (t->recording.on) xai_recording_clear(&t->recording);
  t->status = t->head_done = t->content_known = t->body_begun = t->paused =
      t->discard = 0;
  t->sends = t->stale = t->in_head = 0;
  forget_sockets(t);
  xai_connection_reset(&t->conn);
  t->conn.socket = -1;
  t->other_head = 0;
  t->uploaded = 0;
  t->content = XAI_CONTENT_UNKNOWN;
  t->cause = XAI_CAUSE_NONE;
  t->curl_error[0] = '\0';
}

void xai_transfer_free_easy(xai_Transfer *t) {
  CURL *easy = t->conn.easy;
  t->conn.easy = NULL;
  forget_sockets(t);
  if (easy != NULL) curl_easy_cleanup(easy);
}

CURL *xai_transfer_take_easy(xai_Transfer *t) {
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
  xai_transfer_free_easy(t);
  xai_buffer_free(&t->head);
  xai_buffer_free(&t->body);
  xai_sse_free(&t->sse);
  if (t->recording.on) xai_recording_free(&t->recording);
}

void xai_transfer_resume(xai_Transfer *t) {
  if (!t->paused || t->conn.easy == NULL) return;
  t->paused = 0; /* before the call: it may deliver, and pause again */
  t->last_ms = xai_clock_ms();
  curl_easy_pause(t->conn.easy, CURLPAUSE_CONT);
}

void xai_transfer_consume(xai_Transfer *t, size_t n) {
  xai_buffer_consume(&t->body, n);
  if (t->paused && xai_buffer_size(&t->body) <= t->max_buffer / 2)
    xai_transfer_resume(t);
}

/*
** When libcurl 7.88 reads from an HTTP/2 connection for one transfer, it may
** get bytes of another and not deliver them: under load, one answer in a
** hundred stood still.  Pausing and resuming a transfer makes libcurl deliver
** them.
*/
void xai_transfer_nudge(xai_Transfer *t) {
  if (t->paused || t->conn.easy == NULL) return;
  if (curl_easy_pause(t->conn.easy, CURLPAUSE_RECV) == CURLE_OK)
    curl_easy_pause(t->conn.easy, CURLPAUSE_CONT);
}

/* libcurl frees the bytes that a paused transfer has held back only by
** delivering them, when others share the connection. */
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
