/*
** transfer.c - one HTTP exchange on one easy handle.
*/
#include "net/transfer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/head.h"
#include "base/retry.h"
#include "net/address.h"
#include "net/memory.h"

#define MAX_HEAD ((size_t)256 << 10)

void xai_transfer_init(xai_Transfer *t, const xai_Settings *set) {
  memset(t, 0, sizeof *t);
  xai_buffer_init(&t->head, MAX_HEAD);
  xai_buffer_init(&t->body, set->max_body);
  xai_sse_init(&t->sse, set->max_event);
  t->max_buffer = set->max_buffer;
}

/* ------------------------------------------------------------- callbacks */

/* Something came: note when, and for whom. */
static void touch(xai_Transfer *t) {
  t->last_ms = xai_clock_ms();
  if (t->news || t->news_list == NULL) return;
  t->news = 1;
  t->news_next = *t->news_list;
  *t->news_list = t;
}

/* Stop the transfer: a callback's short count does that. */
static size_t refuse(xai_Transfer *t, int rc, const char *limit) {
  if (rc == XAI_ENOMEM)
    xai_fault_set(&t->fault, XAI_KIND_MEMORY, XAI_PHASE_NONE,
                  "not enough memory");
  else
    xai_fault_set(&t->fault, XAI_KIND_LIMIT, XAI_PHASE_NONE, limit);
  return 0;
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

/* The head is complete: find out what the body will be. */
static void end_head(xai_Transfer *t) {
  xai_Slice type;
  if (t->status < 200) return; /* 1xx: the real one follows */
  t->head_done = 1;
  t->content = XAI_CONTENT_PLAIN;
  if (!t->wants_events || t->status >= 300) return;
  type = xai_head_find(xai_transfer_head(t), "content-type");
  if (xai_slice_has(type, "text/event-stream"))
    t->content = XAI_CONTENT_EVENTS;
  else if (!xai_slice_has(type, "json") && !xai_slice_has(type, "html"))
    t->content = XAI_CONTENT_UNKNOWN; /* gateways name it anything */
}

/*
** The first byte of the body settles what it is: no line of an event stream
** begins with a brace, and services answer a stream request with plain JSON
** under any type.
*/
static void sniff(xai_Transfer *t, char first) {
  t->sniffed = 1;
  if (t->content == XAI_CONTENT_PLAIN) return;
  t->content =
      first == '{' || first == '<' ? XAI_CONTENT_PLAIN : XAI_CONTENT_EVENTS;
}

#define TOO_LONG "the answer's headers are too long"

/* What is not kept is bounded, too: heads of 1xx answers, trailers. */
static int may_pass(xai_Transfer *t, size_t n) {
  t->extra += n;
  if (t->extra <= MAX_HEAD) return 1;
  refuse(t, XAI_ELIMIT, TOO_LONG);
  return 0;
}

static size_t on_header(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  int rc;
  n *= size;
  touch(t);
  if (t->head_done) return may_pass(t, n) ? n : 0;
  if (is_status_line(s, n)) {
    if (!may_pass(t, xai_buffer_size(&t->head))) return 0;
    xai_buffer_clear(&t->head);
    t->status = read_status(s, n);
    t->shared = s[5] == '2';
  }
  rc = xai_buffer_append(&t->head, s, n);
  if (rc != XAI_OK) return refuse(t, rc, TOO_LONG);
  if (n <= 2 && (*s == '\r' || *s == '\n')) end_head(t);
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
  if (rc != XAI_OK) return refuse(t, rc, "an event exceeds max_event");
  return n;
}

static size_t on_body(char *s, size_t size, size_t n, void *ud) {
  xai_Transfer *t = (xai_Transfer *)ud;
  int rc;
  n *= size;
  touch(t);
  if (t->discard) return n;
  if (!t->sniffed && n > 0) sniff(t, *s);
  if (t->content == XAI_CONTENT_EVENTS) return on_event_bytes(t, s, n);
  rc = xai_buffer_append(&t->body, s, n);
  return rc == XAI_OK ? n : refuse(t, rc, "the answer exceeds max_body");
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
** The request is about to be sent.  When a kept connection turns out to be
** dead, libcurl sends it again by itself: that is counted, and may be refused.
*/
#if LIBCURL_VERSION_NUM >= 0x075000
static int on_send(void *ud, char *ip, char *local_ip, int port,
                   int local_port) {
  xai_Transfer *t = (xai_Transfer *)ud;
  (void)ip, (void)local_ip, (void)port, (void)local_port;
  if (t->sends <= t->resends) {
    t->sends++;
    return CURL_PREREQFUNC_OK;
  }
  xai_fault_set(&t->fault, XAI_KIND_CONNECTION, XAI_PHASE_WAIT,
                "the server closed a connection that was kept for reuse");
  return CURL_PREREQFUNC_ABORT;
}
#endif

/* --------------------------------------------------------------- options */

/*
** Set an option that libcurl keeps a copy of.  Without memory for it the
** request must not go out: it would be another one, or go elsewhere.
*/
static void set_text(CURLcode *rc, CURL *e, CURLoption what, const char *text) {
  if (curl_easy_setopt(e, what, text) == CURLE_OUT_OF_MEMORY)
    *rc = CURLE_OUT_OF_MEMORY;
}

static long http_version(const xai_Settings *set, const char *url) {
  if (set->http_version == 1) return CURL_HTTP_VERSION_1_1;
  if (set->http_version == 2 && xai_address_is_plain(url))
    return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  return CURL_HTTP_VERSION_2TLS;
}

/* libcurl 7.88 cannot use a connection again whose HTTP/2 began without TLS:
** each later request on it fails at once, and the connection stays. */
static int spoils_connections(long version) {
  unsigned int libcurl;
  if (version != CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) return 0;
  libcurl = curl_version_info(CURLVERSION_NOW)->version_num; /* takes a while */
  return libcurl >= 0x075800 && libcurl < 0x080000;
}

static void avoid_reuse(CURL *e, long version) {
  long fresh = spoils_connections(version);
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, fresh);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, fresh);
}

/*
** With HTTP/2 in sight, wait for a connection under way to learn whether it
** can be shared.  Plain http/1.1 must not: libcurl would have it wait until
** the first answer is complete.
*/
static void set_version(CURL *e, const xai_Settings *set, const char *url) {
  long version = http_version(set, url);
  int plain = xai_address_is_plain(url) &&
              version != CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, version);
  avoid_reuse(e, version);
  curl_easy_setopt(e, CURLOPT_PIPEWAIT, plain ? 0L : 1L);
}

/* A connection that was idle for longer is not trusted: boxes on the way
** forget it silently. */
#define MAX_IDLE_SECONDS 60L

/*
** Only http and https; redirects are never followed (they would hand the
** prompt to another host); no signals; a slow name look-up must not hold up
** a cancelled transfer.
*/
static void set_rules(CURL *e, CURLcode *rc) {
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set_text(rc, e, CURLOPT_PROTOCOLS_STR, "https,http");
#else
  curl_easy_setopt(e, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x074100
  curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
#endif
  /* What a proxy says when it opens a tunnel is not the answer. */
  curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  /* Decode what comes compressed although it was not asked for. */
  set_text(rc, e, CURLOPT_ACCEPT_ENCODING, "");
}

/*
** libcurl parses the CA bundle once per multi handle, unless a directory is
** set, as Debian's build does: then once per connection (14 ms).  Where the
** default file is there, the directory is not needed.
*/
static void set_ca(CURL *e, const xai_Settings *set, CURLcode *rc) {
  char *file = NULL;
  if (set->ca_file) set_text(rc, e, CURLOPT_CAINFO, set->ca_file);
  if (set->ca_path) {
    set_text(rc, e, CURLOPT_CAPATH, set->ca_path);
    return;
  }
#if LIBCURL_VERSION_NUM >= 0x075400
  if (!set->ca_file) curl_easy_getinfo(e, CURLINFO_CAINFO, &file);
#endif
  if (set->ca_file || file) curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

/* Whoever asks for it was warned. */
static void set_trust(CURL *e, const xai_Settings *set, CURLcode *rc) {
  set_ca(e, set, rc);
  if (!set->insecure) return;
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* libcurl has 300 s of its own where none are set, and refuses more than an int
** holds: 24 days, which stand for no limit. */
static long connect_timeout(const xai_Settings *set) {
  int64_t ms = set->connect_timeout_ms;
  return ms > 0 && ms < INT_MAX ? (long)ms : INT_MAX;
}

static void set_peer(CURL *e, const xai_Settings *set, const char *url,
                     CURLcode *rc) {
  const char *no_proxy = xai_address_no_proxy(set, url);
  set_trust(e, set, rc);
  if (set->proxy) set_text(rc, e, CURLOPT_PROXY, set->proxy);
  if (no_proxy) set_text(rc, e, CURLOPT_NOPROXY, no_proxy);
  if (set->unix_socket)
    set_text(rc, e, CURLOPT_UNIX_SOCKET_PATH, set->unix_socket);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout(set));
}

static void set_callbacks(xai_Transfer *t) {
  CURL *e = t->easy;
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, (void *)t);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, (void *)t);
#if LIBCURL_VERSION_NUM >= 0x075000
  curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_send);
  curl_easy_setopt(e, CURLOPT_PREREQDATA, (void *)t);
#endif
}

static void set_progress(xai_Transfer *t, int on) {
  curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, on ? 0L : 1L);
  curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, (void *)t);
}

/* A body this long takes time to send; only then is its progress watched. */
#define LONG_BODY ((size_t)64 << 10)

static void set_message(xai_Transfer *t, const xai_Request *r,
                        struct curl_slist *headers, CURLcode *rc) {
  CURL *e = t->easy;
  if (strcmp(r->method, "POST") == 0) curl_easy_setopt(e, CURLOPT_POST, 1L);
  if (r->body != NULL) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body);
    set_progress(t, r->body_len >= LONG_BODY);
  } else if (strcmp(r->method, "POST") == 0) {
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
  }
  if (strcmp(r->method, "POST") != 0 && strcmp(r->method, "GET") != 0)
    set_text(rc, e, CURLOPT_CUSTOMREQUEST, r->method);
  if (strcmp(r->method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  set_text(rc, e, CURLOPT_URL, r->url);
}

/* A stale connection costs one of these and no error, unless the user wants
** to be sure that no POST or its like is sent twice. */
#define FREE_RECONNECTS 1

/* A new handle with all that does not change from request to request. */
static CURL *new_handle(const xai_Settings *set, const char *url,
                        CURLcode *rc) {
  CURL *e = curl_easy_init();
  if (e == NULL) {
    *rc = CURLE_OUT_OF_MEMORY;
    return NULL;
  }
  set_rules(e, rc);
  set_peer(e, set, url, rc);
  set_version(e, set, url);
  return e;
}

int xai_transfer_open(xai_Transfer *t, CURL *used, const xai_Request *r,
                      struct curl_slist *headers, const xai_Settings *set) {
  CURLcode rc = CURLE_OK;
  t->wants_events = r->stream;
  t->shared = http_version(set, r->url) != CURL_HTTP_VERSION_1_1 &&
              (set->http_version == 2 || !xai_address_is_plain(r->url));
  t->resends = set->retry == XAI_RETRY_SAFE && !xai_retry_repeatable(r->method)
                   ? 0
                   : FREE_RECONNECTS;
  t->easy = used ? used : new_handle(set, r->url, &rc);
  if (t->easy != NULL) {
    set_callbacks(t);
    set_message(t, r, headers, &rc);
  }
  if (rc == CURLE_OK) return 0;
  xai_fault_set(&t->fault, XAI_KIND_MEMORY, XAI_PHASE_NONE,
                curl_easy_strerror(rc));
  return -1;
}

void xai_transfer_clear(xai_Transfer *t) {
  xai_buffer_clear(&t->head);
  xai_buffer_free(&t->body);
  xai_sse_free(&t->sse);
  t->status = t->head_done = t->sniffed = t->paused = t->discard = 0;
  t->sends = 0;
  t->extra = 0;
  t->uploaded = 0;
  t->content = XAI_CONTENT_UNKNOWN;
  memset(&t->fault, 0, sizeof t->fault);
  t->error[0] = '\0';
}

void xai_transfer_retire(xai_Transfer *t) {
  CURL *easy = t->easy;
  t->easy = NULL;
  if (easy != NULL) curl_easy_cleanup(easy);
}

CURL *xai_transfer_yield(xai_Transfer *t) {
  CURL *e = t->easy;
  t->easy = NULL;
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
  if (!t->paused || t->easy == NULL) return;
  t->paused = 0; /* before the call: it may deliver, and pause again */
  t->last_ms = xai_clock_ms();
  curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

/*
** libcurl 7.88 reads from an HTTP/2 connection on behalf of one transfer what
** is meant for another, and now and then nobody is woken for that: under load
** one answer in a hundred stood still.  To pause it and go on makes libcurl
** look again.
*/
void xai_transfer_nudge(xai_Transfer *t) {
  if (t->paused || t->easy == NULL) return;
  if (curl_easy_pause(t->easy, CURLPAUSE_RECV) == CURLE_OK)
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

/* A paused one goes on for that: what libcurl held back is only freed when it
** is handed out, where others share the connection. */
void xai_transfer_discard(xai_Transfer *t) {
  t->discard = 1;
  xai_transfer_resume(t);
}

/* --------------------------------------------------------------- verdict */

static curl_off_t number_of(CURL *e, CURLINFO what) {
  curl_off_t n = 0;
  curl_easy_getinfo(e, what, &n);
  return n;
}

/* The request is on its way: has all of its body left? */
static xai_Phase sending_phase(CURL *e) {
  return number_of(e, CURLINFO_SIZE_UPLOAD_T) <
                 number_of(e, CURLINFO_CONTENT_LENGTH_UPLOAD_T)
             ? XAI_PHASE_SEND
             : XAI_PHASE_WAIT;
}

/* A kept connection has no times of its making: the last one comes first. */
xai_Phase xai_transfer_phase(const xai_Transfer *t) {
  CURL *e = t->easy;
  long port = 0;
  if (t->head_done)
    return t->content == XAI_CONTENT_EVENTS ? XAI_PHASE_STREAM : XAI_PHASE_BODY;
  if (number_of(e, CURLINFO_PRETRANSFER_TIME_T) != 0) return sending_phase(e);
  if (number_of(e, CURLINFO_NAMELOOKUP_TIME_T) == 0) return XAI_PHASE_DNS;
  curl_easy_getinfo(e, CURLINFO_LOCAL_PORT, &port);
  return port == 0 ? XAI_PHASE_CONNECT : XAI_PHASE_TLS;
}

xai_Times xai_transfer_times(const xai_Transfer *t) {
  xai_Times times;
  times.dns = number_of(t->easy, CURLINFO_NAMELOOKUP_TIME_T);
  times.connect = number_of(t->easy, CURLINFO_CONNECT_TIME_T);
  times.tls = number_of(t->easy, CURLINFO_APPCONNECT_TIME_T);
  times.first_byte = number_of(t->easy, CURLINFO_STARTTRANSFER_TIME_T);
  times.total = number_of(t->easy, CURLINFO_TOTAL_TIME_T);
  return times;
}

/*
** A line of the head that passes its 100 KiB is told by libcurl as a lack of
** memory.  Where its allocator has always had some, it is not that.
*/
static int is_line_too_long(const xai_Transfer *t) {
  return !t->head_done && t->sends > 0 && xai_memory_sufficed();
}

/* By HTTP/2 it is nghttp2 that ends the connection: for too many pieces of a
** head, or because libcurl did not take one more. */
static int is_head_too_long(const xai_Transfer *t) {
  return is_line_too_long(t) && (strstr(t->error, "returned -905") != NULL ||
                                 strstr(t->error, "returned -902") != NULL);
}

/* The connection ended within the TLS handshake: nobody said that anything
** was wrong with certificates or ciphers. */
static int is_cut_off(const char *words) {
  return strstr(words, "SSL_ERROR_SYSCALL") != NULL ||
         strstr(words, "unexpected eof") != NULL ||
         strstr(words, "onnection reset") != NULL;
}

static xai_Kind kind_of(CURLcode code, const xai_Transfer *t) {
  if (is_head_too_long(t)) return XAI_KIND_LIMIT;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return XAI_KIND_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
      return is_line_too_long(t) ? XAI_KIND_LIMIT : XAI_KIND_MEMORY;
    case CURLE_SSL_CONNECT_ERROR:
      return is_cut_off(t->error) ? XAI_KIND_CONNECTION : XAI_KIND_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
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
      return XAI_KIND_CONNECTION;
    default: break; /* CURLE_PARTIAL_FILE, where HTTP/2 ends before a head */
  }
  return t->head_done ? XAI_KIND_TRUNCATED : XAI_KIND_CONNECTION;
}

/* "http://user:password@host": what stands before the '@' is nobody's. */
static void hide_userinfo(char *text) {
  char *p = text, *at;
  while ((p = strstr(p, "://")) != NULL) {
    size_t n;
    p += 3;
    n = strcspn(p, "/' ");
    at = (char *)memchr(p, '@', n);
    if (at != NULL) memset(p, '*', (size_t)(at - p));
  }
}

void xai_transfer_judge(xai_Transfer *t, CURLcode code) {
  const char *text = t->error[0] ? t->error : curl_easy_strerror(code);
  xai_Kind kind;
  if (code == CURLE_OK) return;
  hide_userinfo(t->error);
  kind = kind_of(code, t);
  if (kind == XAI_KIND_LIMIT) text = TOO_LONG;
  xai_fault_set(&t->fault, kind, xai_transfer_phase(t), text);
}

xai_Slice xai_transfer_head(const xai_Transfer *t) {
  xai_Slice head;
  head.at = xai_buffer_data(&t->head);
  head.len = xai_buffer_size(&t->head);
  return head;
}
