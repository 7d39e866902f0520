/*
** outcome.c - how an attempt ended: kind, phase, billed, retryable, wait.
*/
#include "net/outcome.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/http_head.h"
#include "base/json_scan.h"
#include "base/retry.h"
#include "base/text.h"
#include "net/conn_guard.h"
#include "net/curl_library.h"
#include "net/easy_pool.h"
#include "net/memory.h"
#include "net/secret.h"

void xai_outcome_init(xai_Outcome *o) {
  memset(o, 0, sizeof *o);
  o->retry_after_ms = -1;
  xai_error_body_init(&o->body);
}

void xai_outcome_clear(xai_Outcome *o) {
  memset(&o->error, 0, sizeof o->error);
  xai_error_body_free(&o->body);
}

/* ----------------------------------------------------- answers of proxies */

/* The status of the answer to CONNECT; 0: there was none. */
static int connect_status(CURL *e) {
  long status = 0;
  curl_easy_getinfo(e, CURLINFO_HTTP_CONNECTCODE, &status);
  return (int)status;
}

static int opened_tunnel(CURL *e) { return connect_status(e) / 100 == 2; }

/* The error of a SOCKS proxy (CURLPX_*); 0: none, or libcurl is too old. */
static long socks_error(CURL *e) {
  long code = 0;
#if LIBCURL_VERSION_NUM >= 0x074900
  curl_easy_getinfo(e, CURLINFO_PROXY_ERROR, &code);
#else
  (void)e;
#endif
  return code;
}

/* Did a SOCKS proxy refuse, so that it would refuse again? */
static int socks_refused(CURL *e) {
#if LIBCURL_VERSION_NUM >= 0x074900
  switch (socks_error(e)) {
    case CURLPX_IDENTD:
    case CURLPX_IDENTD_DIFFER:
    case CURLPX_NO_AUTH:
    case CURLPX_GSSAPI_PERMSG:
    case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED:
    case CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
    case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
    case CURLPX_REPLY_NOT_ALLOWED:
    case CURLPX_REPLY_UNASSIGNED:
    case CURLPX_REQUEST_FAILED:
    case CURLPX_UNKNOWN_FAIL:
    case CURLPX_USER_REJECTED: return 1;
    default: return 0; /* it did not reach the server */
  }
#else
  (void)e;
  return 0;
#endif
}

/* Did the proxy refuse the request, rather than fail to reach the server? */
static int proxy_refused(CURL *e) {
  int status = connect_status(e);
  if (status >= 300) return !xai_http_status_is_transient(status);
  return socks_refused(e);
}

/* ----------------------------------------- how far the exchange has come */

static curl_off_t number_of(CURL *e, CURLINFO what) {
  curl_off_t n = 0;
  curl_easy_getinfo(e, what, &n);
  return n;
}

/* Was the request sent?  libcurl before 7.80 does not report it, but has this
** time only for requests that were. */
static int was_sent(const xai_Transfer *t) {
  if (t->reports_sends) return t->sends > 0;
  return t->sends > 0 ||
         number_of(t->conn.easy, CURLINFO_PRETRANSFER_TIME_T) != 0;
}

/*
** The phase after the request was sent: was all of its body sent?  If a reused
** connection was dead, libcurl opens another one and counts from zero again.
** Then nobody knows what was sent on the first.
*/
static xai_Phase sending_phase(const xai_Transfer *t) {
  curl_off_t sent = number_of(t->conn.easy, CURLINFO_SIZE_UPLOAD_T);
  if (t->sends > 1 || t->opens_late) return XAI_PHASE_WAIT;
  if (sent == 0 && t->opens == 0) return XAI_PHASE_WAIT;
  return sent < number_of(t->conn.easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T)
             ? XAI_PHASE_SEND
             : XAI_PHASE_WAIT;
}

/* Is it connected to a proxy that has not opened the tunnel? */
static int lacks_tunnel(const xai_Transfer *t) {
  return t->tunnel_port != 0 && t->opened_port == t->tunnel_port &&
         !opened_tunnel(t->conn.easy);
}

/*
** Was a socket connected?  Each libcurl leaves something out.  7.88 has no time
** when the TLS handshake failed; 8.14 has neither time nor port when the
** handshake took too long; no 8.x has them during the handshake.  A socket that
** was reset does not tell, either.
*/
static int was_connected(const xai_Transfer *t) {
  long port = 0;
  if (number_of(t->conn.easy, CURLINFO_CONNECT_TIME_T) != 0) return 1;
  curl_easy_getinfo(t->conn.easy, CURLINFO_LOCAL_PORT, &port);
  return port > 0 || xai_conn_guard_connected(t->conn.guard, t);
}

/* The phase before the request was sent. */
static xai_Phase connecting_phase(const xai_Transfer *t) {
  if (proxy_refused(t->conn.easy)) return XAI_PHASE_PROXY;
  if (t->opens == 0) return XAI_PHASE_DNS;
  if (socks_error(t->conn.easy) != 0 || lacks_tunnel(t) || !was_connected(t))
    return XAI_PHASE_CONNECT;
  return t->conn.tls ? XAI_PHASE_TLS : XAI_PHASE_CONNECT;
}

xai_Phase xai_outcome_phase(const xai_Transfer *t) {
  if (t->head_done)
    return t->content == XAI_CONTENT_EVENTS ? XAI_PHASE_STREAM : XAI_PHASE_BODY;
  return was_sent(t) ? sending_phase(t) : connecting_phase(t);
}

xai_Times xai_outcome_times(const xai_Transfer *t) {
  xai_Times times;
  times.dns = number_of(t->conn.easy, CURLINFO_NAMELOOKUP_TIME_T);
  times.connect = number_of(t->conn.easy, CURLINFO_CONNECT_TIME_T);
  times.tls = number_of(t->conn.easy, CURLINFO_APPCONNECT_TIME_T);
  times.first_byte = number_of(t->conn.easy, CURLINFO_STARTTRANSFER_TIME_T);
  times.total = number_of(t->conn.easy, CURLINFO_TOTAL_TIME_T);
  return times;
}

/* ------------------------------------------------- how the transfer ended */

/*
** libcurl reports a head line above 100 KiB as a lack of memory.  If no
** allocation has failed, it was the line.
*/
static int is_line_too_long(const xai_Transfer *t) {
  return !t->head_done && t->sends > 0 && xai_memory_sufficed();
}

/* With HTTP/2, nghttp2 ends the connection for it. */
static int is_head_too_long(const xai_Transfer *t) {
  size_t seen = xai_buffer_size(&t->head) + t->other_head;
  return !t->head_done && t->sends > 0 &&
         xai_curl_says_head_too_long(t->curl_error, is_line_too_long(t), seen);
}

/* Did it fail before the proxy opened the tunnel, so that neither the handshake
** nor the request began? */
static int waits_for_tunnel(CURLcode code, const xai_Transfer *t) {
  if (t->tunnel_port == 0 || t->opened_port != t->tunnel_port || was_sent(t))
    return 0;
  switch (code) { /* failed handshakes have other codes */
    case CURLE_COULDNT_CONNECT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return 1;
    case CURLE_BAD_FUNCTION_ARGUMENT: /* 8.14: a header without a colon */
      return !xai_curl_says_certificate_useless(code, t->curl_error);
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE: return 1;
#endif
    default: return 0;
  }
}

/* libcurl passes the head of the answer to CONNECT to no callback. */
static int is_tunnel_head_too_long(CURLcode code, const xai_Transfer *t) {
  return waits_for_tunnel(code, t) && xai_memory_sufficed() &&
         xai_curl_says_tunnel_head_too_long(t->curl_error);
}

/*
** Did the connection end during the TLS handshake, without an error about
** certificates or ciphers?  libcurl reports the first error of its socket, in
** the system's words.  From 8.8 on that may be a failure to send.
*/
static int is_cut_off(const char *words) {
  const char *detail = strstr(words, "SSL_connect: ");
  if (strncmp(words, "Recv failure", 12) == 0) return 1;
  if (strncmp(words, "Send failure", 12) == 0) return 1;
  if (strstr(words, "unexpected eof") != NULL) return 1;
  if (detail == NULL) return strstr(words, "onnection reset") != NULL;
  detail += 13; /* the system's words, or OpenSSL's name of the error */
  return strncmp(detail, "SSL_ERROR_", 10) != 0 ||
         strncmp(detail, "SSL_ERROR_SYSCALL", 17) == 0;
}

/* Did an HTTP/2 connection end within an answer?  8.14 and 8.23 report it with
** this code and no text; 7.88 reports CURLE_PARTIAL_FILE. */
static int is_http2_cut(CURLcode code, const xai_Transfer *t) {
  return code == CURLE_HTTP2 && t->curl_error[0] == '\0';
}

/*
** Did the server refuse the client's certificate, or the lack of one?  With TLS
** 1.3 it does so after the client has finished the handshake and sent the
** request.
*/
static int is_certificate_refused(const xai_Transfer *t) {
  static const char *const alerts[] = {
      "alert certificate", "alert bad certificate", "alert unknown ca",
      "alert unsupported certificate", "alert access denied"};
  size_t i;
  for (i = 0; i < sizeof alerts / sizeof *alerts && !t->head_done; i++)
    if (strstr(t->curl_error, alerts[i]) != NULL) return 1;
  return 0;
}

/* The kind of a failure that libcurl reports. */
static xai_Kind kind_of(CURLcode code, const xai_Transfer *t) {
  if (is_head_too_long(t) || is_tunnel_head_too_long(code, t))
    return XAI_KIND_LIMIT;
  if (xai_curl_says_certificate_useless(code, t->curl_error))
    return XAI_KIND_TLS;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return XAI_KIND_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
      return is_line_too_long(t) ? XAI_KIND_LIMIT : XAI_KIND_MEMORY;
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE: /* older ones report a lack of memory */
      return t->head_done ? XAI_KIND_PROTOCOL : XAI_KIND_LIMIT;
#endif
    case CURLE_SSL_CONNECT_ERROR:
      return is_cut_off(t->curl_error) ? XAI_KIND_CONNECTION : XAI_KIND_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED: return XAI_KIND_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_URL_MALFORMAT: return XAI_KIND_PROTOCOL;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      if (t->head_done && t->content == XAI_CONTENT_EVENTS) break;
      if (is_http2_cut(code, t)) break;
      if (is_certificate_refused(t)) return XAI_KIND_TLS;
      return XAI_KIND_CONNECTION;
    default: break; /* CURLE_PARTIAL_FILE: HTTP/2 ended before a head */
  }
  return t->head_done ? XAI_KIND_TRUNCATED : XAI_KIND_CONNECTION;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

/* Where an address may begin in libcurl's text: behind a quote, or at "://";
** NULL when there is none. */
static char *address_in(char *text) {
  char *quote = strchr(text, '\'');
  return quote != NULL ? quote + 1 : strstr(text, "://");
}

/* Mask user name and password in "http://user:password@host".  libcurl also
** quotes addresses that it cannot parse.  If the text was cut, the '@' may be
** missing. */
static void hide_userinfo(char *text) {
  char *from = address_in(text), *at = strrchr(text, '@'), *scheme;
  if (at == NULL && strlen(text) + 1 == CURL_ERROR_SIZE) at = strchr(text, 0);
  if (from == NULL || at == NULL) return;
  scheme = from + strspn(from, LETTERS);
  if (strncmp(scheme, "://", 3) == 0) from = scheme + 3;
  if (from < at) memset(from, '*', (size_t)(at - from));
}

/* libcurl has one text for a missing key file and for a wrong password. */
static void explain_certificate(const char *words, char *out, size_t size) {
  int key = strstr(words, "private key file") != NULL;
  snprintf(out, size, "the client certificate is of no use: %s%s", words,
           key ? " (is the file there, and is key_password right?)" : "");
}

#define TUNNEL_HEAD_TOO_LONG "the headers of the proxy's answer are too long"

/* The phase of a failure that libcurl reports. */
static xai_Phase phase_of(CURLcode code, const xai_Transfer *t) {
  xai_Phase phase = xai_outcome_phase(t);
  if (is_certificate_refused(t)) return XAI_PHASE_TLS;
  if (phase == XAI_PHASE_TLS && waits_for_tunnel(code, t))
    return XAI_PHASE_CONNECT;
  return phase;
}

/* What to say about a failure.  'room' has space for 'size' bytes. */
static const char *text_for(xai_Transfer *t, CURLcode code, xai_Kind kind,
                            char *room, size_t size) {
  const char *text =
      t->curl_error[0] ? t->curl_error : curl_easy_strerror(code);
  if (xai_curl_says_certificate_useless(code, t->curl_error)) {
    xai_easy_pool_unmark(t->curl_error);
    explain_certificate(text, room, size);
    return room;
  }
  if (kind != XAI_KIND_LIMIT) return text;
  return waits_for_tunnel(code, t) ? TUNNEL_HEAD_TOO_LONG
                                   : xai_cause_text(XAI_CAUSE_HEAD_TOO_LONG);
}

/* Set what stopped the transfer, if anything did. */
static void read_code(xai_Error *error, xai_Transfer *t, CURLcode code) {
  char room[CURL_ERROR_SIZE + 100];
  const char *text;
  xai_Kind kind;
  if (t->cause == XAI_CAUSE_FILE || t->cause == XAI_CAUSE_PICTURE) {
    xai_error_set(error, xai_cause_kind(t->cause), XAI_PHASE_NONE,
                  xai_output_problem(t->output));
    return;
  }
  if (t->cause != XAI_CAUSE_NONE) { /* a callback stopped it */
    xai_error_set_cause(error, t->cause);
    return;
  }
  if (code == CURLE_OK) return;
  hide_userinfo(t->curl_error);
  kind = kind_of(code, t);
  if (is_head_too_long(t) || xai_curl_says_http2_broken(t->curl_error))
    xai_conn_guard_end(t->conn.guard, t->conn.socket, t->conn.serial);
  text = text_for(t, code, kind, room, sizeof room);
  xai_error_set(error, kind, phase_of(code, t), text);
}

/* ------------------------------------------------------- what the answer is */

/* Does an answer with a status of success report an error? */
static int is_error_answer(const xai_Attempt *a) {
  const xai_Transfer *t = a->transfer;
  xai_Slice body = xai_buffer_slice(&t->body);
  if (t->content == XAI_CONTENT_BYTES) return 0;
  /* Of what went to a file, only the beginning may have been kept. */
  if (t->output != NULL && xai_output_written(t->output) > body.len) return 0;
  return xai_error_body_in_answer(body, a->request->free_form);
}

/* The offset of the host in an address; 0: it has none. */
static size_t host_at(xai_Slice to) {
  size_t i = 0;
  while (i < to.len && strchr("/?#", to.at[i]) == NULL && to.at[i] != ':') i++;
  if (i < to.len && to.at[i] == ':') i++;
  return i + 2 <= to.len && memcmp(to.at + i, "//", 2) == 0 ? i + 2 : 0;
}

/* The offset of the first of the bytes in 'ends', or the length. */
static size_t until(xai_Slice s, size_t from, const char *ends) {
  while (from < s.len &&
         (s.at[from] == '\0' || strchr(ends, s.at[from]) == NULL))
    from++;
  return from;
}

/* Write an address without its password and its query. */
static void show_address(xai_Slice to, char *out, size_t size) {
  size_t host = host_at(to), path, at, i, end = until(to, 0, "?#");
  path = host > 0 ? until(to, host, "/\\?#") : 0;
  for (at = i = host; i < path; i++)
    if (to.at[i] == '@') at = i + 1;
  end = end > at ? end : at;
  snprintf(out, size, "%.*s%.*s", (int)(host < 32 ? host : 32), to.at,
           (int)(end - at < 200 ? end - at : 200), to.at + at);
}

/* The error of a redirect.  Its body says nothing useful. */
static void set_redirect(xai_Outcome *o, const xai_Attempt *a) {
  char address[256], text[sizeof o->error.text], *p;
  xai_Slice to = xai_http_head_find(xai_transfer_head(a->transfer), "location");
  show_address(to, address, sizeof address);
  snprintf(text, sizeof text, "redirect to %s refused",
           to.len > 0 ? address : "nowhere");
  for (p = text; *p != '\0'; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7F) *p = ' ';
  xai_utf8_mark(text, strlen(text));
  xai_buffer_clear(&o->body.message);
  xai_error_set(&o->error, XAI_KIND_REDIRECT, XAI_PHASE_NONE, text);
}

/* Only a proxy answers so, here one that carries plain http. */
#define PROXY_LOGIN 407

/* The message of the error, or else the phrase of the status. */
static const char *words_of(const xai_Outcome *o, int status) {
  return xai_buffer_size(&o->body.message) > 0
             ? xai_buffer_data(&o->body.message)
             : xai_http_status_phrase(status);
}

/* The error of an error answer. */
static void read_error(xai_Outcome *o, const xai_Attempt *a) {
  xai_Transfer *t = a->transfer;
  /* Masked first: the text is cut, which may leave half a key. */
  xai_secret_mask_buffer(a->headers, &t->body);
  xai_secret_mask_buffer(a->headers, &t->head);
  if (xai_error_body_read(&o->body, xai_buffer_data(&t->body),
                          xai_buffer_size(&t->body)) != XAI_OK) {
    xai_error_set_cause(&o->error, XAI_CAUSE_MEMORY_FOR_ANSWER);
    return;
  }
  if (t->status >= 300 && t->status < 400) {
    set_redirect(o, a);
    return;
  }
  if (t->status == PROXY_LOGIN) {
    xai_error_set_cause(&o->error, XAI_CAUSE_PROXY_WANTS_LOGIN);
    return;
  }
  xai_error_set(&o->error, xai_error_body_kind(&o->body, t->status),
                XAI_PHASE_NONE, words_of(o, t->status));
}

/* Did an earlier attempt of this call delete the object already? */
static int was_deleted(const xai_Outcome *o, const xai_Attempt *a) {
  int was_sent_before = o->may_be_done || a->transfer->sends > 1;
  return a->request->deletes && was_sent_before && a->transfer->status == 404 &&
         o->error.kind == XAI_KIND_NOT_FOUND;
}

void xai_outcome_read_event_error(xai_Outcome *o, const xai_Attempt *a,
                                  xai_Slice data) {
  /* Masked first: the text is cut, which may leave half a key. */
  xai_secret_mask_buffer(a->headers, &a->transfer->sse.in);
  xai_outcome_clear(o); /* the event may be read twice */
  if (xai_error_body_read(&o->body, data.at, data.len) != XAI_OK) {
    xai_error_set_cause(&o->error, XAI_CAUSE_MEMORY_FOR_EVENT);
    return;
  }
  xai_error_set(&o->error, xai_error_body_kind(&o->body, 200), XAI_PHASE_STREAM,
                words_of(o, 200));
}

/* The header x-should-retry: 1 or 0; -1: it is missing. */
static int should_retry(const xai_Attempt *a) {
  xai_Slice v =
      xai_http_head_find(xai_transfer_head(a->transfer), "x-should-retry");
  return xai_slice_like(v, "true") ? 1 : xai_slice_like(v, "false") ? 0 : -1;
}

/* May another body succeed where one failed so? */
static int may_use_other_body(const xai_Outcome *o) {
  switch (o->error.kind) {
    case XAI_KIND_BAD_REQUEST: return xai_error_body_lacks_model(&o->body);
    case XAI_KIND_SERVER:
    case XAI_KIND_API:
    case XAI_KIND_TIMEOUT:
    case XAI_KIND_CONNECTION:
    case XAI_KIND_RATE_LIMIT:
    case XAI_KIND_NOT_FOUND: return 1;
    default: return 0;
  }
}

int xai_outcome_read_first_error(xai_Outcome *o, const xai_Attempt *a,
                                 xai_Slice data) {
  xai_outcome_read_event_error(o, a, data);
  if (xai_error_body_is_transient(&o->body) || should_retry(a) == 1) return 1;
  if (a->has_other_body && may_use_other_body(o)) return 1;
  xai_outcome_clear(o);
  return 0;
}

/* A stream ended without a failure of the transfer.  It is an error when it has
** no event, or when its only event reports a transient failure. */
static void resolve_stream(xai_Outcome *o, const xai_Attempt *a) {
  xai_EventReader *s = a->reader;
  xai_Slice data;
  switch (xai_event_reader_preview(s, &a->transfer->sse, 1, &data)) {
    case XAI_READ_ERROR: xai_outcome_read_first_error(o, a, data); break;
    case XAI_READ_WAIT:
      if (s->raw || xai_event_schema_complete(&s->schema, 1)) break;
      xai_error_set_cause(&o->error, XAI_CAUSE_STREAM_EMPTY);
      break;
    default: break;
  }
}

/* The number in a header, times 'scale'; -1: there is none. */
static int64_t number_in(const xai_Attempt *a, const char *name,
                         int64_t scale) {
  xai_Slice v = xai_http_head_find(xai_transfer_head(a->transfer), name);
  return xai_retry_hint(v, scale);
}

/* Milliseconds until the date in Retry-After, by the server's clock. */
static int64_t until_date(const xai_Attempt *a) {
  xai_Slice head = xai_transfer_head(a->transfer);
  int64_t now = (int64_t)time(NULL), at, sent;
  sent = xai_http_date(xai_http_head_find(head, "date"), now);
  if (sent >= 0) now = sent;
  at = xai_http_date(xai_http_head_find(head, "retry-after"), now);
  if (at < 0) return -1;
  return at > now ? (at - now) * 1000 : 0;
}

/* The wait that the server asks for, in milliseconds, or -1. */
static int64_t asked_wait(const xai_Attempt *a) {
  int64_t ms = number_in(a, "retry-after-ms", 1);
  if (ms < 0) ms = number_in(a, "retry-after", 1000);
  return ms >= 0 ? ms : until_date(a);
}

/* If a stream broke off after one event that reports a transient error, make
** that the outcome's error.  Returns 1 in that case. */
static int read_single_refusal(xai_Outcome *o, const xai_Attempt *a) {
  xai_Transfer *t = a->transfer;
  xai_Slice data;
  if (t->content != XAI_CONTENT_EVENTS || a->reader->begun ||
      xai_event_reader_preview(a->reader, &t->sse, 0, &data) != XAI_READ_ERROR)
    return 0;
  return xai_outcome_read_first_error(o, a, data);
}

void xai_outcome_read_code(xai_Error *error, xai_Transfer *t, CURLcode code) {
  memset(error, 0, sizeof *error);
  read_code(error, t, code);
  xai_transfer_end_body(t);
}

/* Did the transfer fail?  An error answer counts as that error, even if its
** body is incomplete. */
static int has_failed(const xai_Attempt *a, const xai_Error *error) {
  if (error->kind == XAI_KIND_NONE) return 0;
  return !a->transfer->head_done || a->transfer->status < 300 ||
         error->kind == XAI_KIND_MEMORY;
}

/* Is it a 202, which means that the result is not ready yet?  It is empty,
** unless it may tell how far a job has come. */
static int is_pending(const xai_Attempt *a) {
  return a->request->pending_ok && a->transfer->status == 202 &&
         (a->request->is_job || !a->transfer->body_begun);
}

void xai_outcome_decide(xai_Outcome *o, const xai_Attempt *a,
                        const xai_Error *error) {
  xai_Transfer *t = a->transfer;
  o->broken = has_failed(a, error) && !read_single_refusal(o, a);
  if (o->broken) o->error = *error;
  if (o->error.kind != XAI_KIND_NONE) return;
  if (!t->head_done) {
    xai_error_set_cause(&o->error, XAI_CAUSE_HEAD_CUT);
  } else if (is_pending(a)) {
    xai_error_set_cause(&o->error, XAI_CAUSE_PENDING);
    o->retry_after_ms = asked_wait(a);
  } else if (t->status >= 300 || is_error_answer(a)) {
    read_error(o, a);
    o->already_deleted = was_deleted(o, a);
    if (o->already_deleted) xai_outcome_clear(o);
  } else if (t->content == XAI_CONTENT_EVENTS && !a->reader->begun) {
    resolve_stream(o, a);
  }
}

/* ------------------------------------------------- another attempt? */

/* Is the answer complete, so that it is known to be an error? */
static int is_whole(const xai_Outcome *o, const xai_Attempt *a) {
  return !o->broken && o->error.kind != XAI_KIND_TIMEOUT &&
         o->error.kind != XAI_KIND_TRUNCATED && a->transfer->head_done;
}

/* Did an event come, or the end of the stream? */
static int has_event(const xai_Attempt *a) {
  xai_Slice data;
  xai_ReadState state =
      xai_event_reader_preview(a->reader, &a->transfer->sse, 0, &data);
  return state == XAI_READ_EVENT || state == XAI_READ_ERROR ||
         state == XAI_READ_END;
}

/* Have bytes gone where they cannot be taken back from? */
static int are_bytes_out(const xai_Transfer *t) {
  return (t->content == XAI_CONTENT_BYTES && t->body_begun) ||
         (t->output != NULL && xai_output_is_out(t->output));
}

/* Does the answer tell of a job that has failed? */
static int has_failed_job(const xai_Attempt *a) {
  xai_Json body, status;
  if (!a->request->is_job || a->transfer->status != 200) return 0;
  xai_json_read(xai_buffer_data(&a->transfer->body),
                xai_buffer_size(&a->transfer->body), &body);
  status = xai_json_get(&body, "status");
  return status.type == XAI_JSON_STRING && xai_slice_is(status.raw, "failed");
}

/* Does the reader hold back events that open the answer? */
static int holds_events(const xai_Attempt *a) {
  return xai_buffer_size(&a->reader->held) > 0;
}

static xai_Failure failure_of(xai_Outcome *o, const xai_Attempt *a) {
  xai_Transfer *t = a->transfer;
  xai_Failure f;
  int lost; /* a success began to come; the service sends it only once */
  memset(&f, 0, sizeof f);
  f.kind = o->error.kind;
  f.phase_reached = o->phase_reached;
  f.status = t->status;
  f.answered = t->conn.shared ? t->head_done : xai_buffer_size(&t->head) > 0;
  f.whole = is_whole(o, a);
  f.streamed = t->content == XAI_CONTENT_EVENTS;
  f.events = f.streamed && (a->reader->begun || holds_events(a) ||
                            (!f.whole && has_event(a)));
  if (are_bytes_out(t)) f.events = 1;
  lost = a->request->read_once && t->status == 200;
  f.repeatable = a->request->repeatable && !lost;
  f.should = should_retry(a);
  f.policy = a->set->retry;
  f.retry_timeout = a->set->retry_timeouts && !lost;
  f.final = has_failed_job(a);
  f.error_body = &o->body;
  return f;
}

/* Did the service refuse a key that the user's function gave?  The function is
** asked for another one once. */
static int wants_other_key(const xai_Attempt *a, const xai_Failure *f) {
  return a->may_ask_key && f->whole && f->kind == XAI_KIND_AUTHENTICATION;
}

/* Did the service answer that it did nothing? */
static int did_nothing(const xai_Failure *f) {
  return f->whole && f->status >= 400 && f->status < 500 && f->status != 408;
}

/* May the attempt have had its effect? */
static int may_have_effect(const xai_Attempt *a, const xai_Failure *f) {
  return !did_nothing(f) && (f->answered || f->phase_reached > XAI_PHASE_SEND ||
                             a->transfer->sends > 1);
}

/* Milliseconds until the next attempt, or -1. */
static int64_t wait_after(const xai_Outcome *o, const xai_Attempt *a,
                          const xai_Failure *f, int64_t deadline_ms) {
  int64_t wait, first_ms = f->kind == XAI_KIND_RATE_LIMIT
                               ? XAI_FIRST_WAIT_LIMITED_MS
                               : XAI_FIRST_WAIT_MS;
  if (a->number > a->set->max_retries) return -1;
  if (!xai_retry_allowed(f)) return -1;
  if (o->retry_after_ms > XAI_MAX_HINT_MS) return -1;
  wait = o->retry_after_ms >= 0
             ? o->retry_after_ms
             : xai_retry_delay(first_ms, a->number, xai_random_unit(a->random));
  return deadline_ms - xai_clock_ms() > wait ? wait : -1;
}

/* May another body be tried?  A proxy that refuses would refuse it, too.  With
** XAI_RETRY_SAFE the service must have begun nothing. */
static int wants_other_body(const xai_Outcome *o, const xai_Attempt *a,
                            const xai_Failure *f) {
  int had_output = f->events && !(f->whole && f->streamed && !a->reader->begun);
  return a->has_other_body && !had_output &&
         o->error.phase != XAI_PHASE_PROXY &&
         f->phase_reached != XAI_PHASE_PROXY && may_use_other_body(o) &&
         (f->policy != XAI_RETRY_SAFE || !may_have_effect(a, f));
}

xai_NextAttempt xai_outcome_next(xai_Outcome *o, const xai_Attempt *a,
                                 int64_t deadline_ms) {
  xai_Failure f = failure_of(o, a);
  xai_NextAttempt next;
  o->retry_after_ms = f.whole ? asked_wait(a) : -1;
  next.for_key = wants_other_key(a, &f);
  next.wait_ms = next.for_key ? 0 : wait_after(o, a, &f, deadline_ms);
  next.other_body = next.wait_ms < 0 && wants_other_body(o, a, &f);
  if (next.other_body) next.wait_ms = 0;
  if (next.wait_ms >= 0 && may_have_effect(a, &f)) o->may_be_done = 1;
  return next;
}

/* ---------------------------------------------------- what a failure means */

const char *xai_outcome_billed(const xai_Error *error, const xai_Answered *a) {
  xai_Phase phase =
      error->phase >= XAI_PHASE_IDLE ? a->phase_reached : error->phase;
  if (a->unsent) return "no";
  if (a->has_events) return "yes";
  switch (error->kind) {
    case XAI_KIND_PENDING: return "no";
    case XAI_KIND_TLS:
    case XAI_KIND_REDIRECT: return a->may_be_done ? "maybe" : "no";
    case XAI_KIND_DECODE:
    case XAI_KIND_TRUNCATED: return a->status == 200 ? "yes" : "maybe";
    default: break;
  }
  if (a->may_be_done) return "maybe";
  if (phase >= XAI_PHASE_DNS && phase <= XAI_PHASE_TLS) return "no";
  /* The service may charge a fee for a request that it refuses as unsafe. */
  if (error->kind == XAI_KIND_PERMISSION) return "maybe";
  if (a->status == 408) return "maybe";
  return a->status >= 400 && a->status < 500 ? "no" : "maybe";
}

int xai_outcome_retryable(const xai_Error *error, const xai_ErrorBody *body,
                          int status) {
  if (error->phase == XAI_PHASE_PROXY) return 0;
  if (xai_retry_may_help(error->kind, status)) return 1;
  return body != NULL && status < 300 && xai_error_body_is_transient(body);
}
