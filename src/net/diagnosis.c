/*
** diagnosis.c - how far an exchange has come, and what became of it.
*/
#include "net/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "net/curl_facts.h"
#include "net/easy_pool.h"
#include "net/memory.h"
#include "net/url_policy.h"

static curl_off_t number_of(CURL *e, CURLINFO what) {
  curl_off_t n = 0;
  curl_easy_getinfo(e, what, &n);
  return n;
}

/* Was the request let go?  A libcurl before 7.80 does not say; it has that time
** only for requests that were. */
static int was_sent(const xai_Transfer *t) {
  if (t->tells_sends) return t->sends > 0;
  return t->sends > 0 ||
         number_of(t->conn.easy, CURLINFO_PRETRANSFER_TIME_T) != 0;
}

/*
** The request was let go: has all of its body left?  Where it was sent by a
** kept connection that ended, libcurl makes another one and counts anew: what
** left by the first one is not known any more.
*/
static xai_Phase sending_phase(const xai_Transfer *t) {
  curl_off_t sent = number_of(t->conn.easy, CURLINFO_SIZE_UPLOAD_T);
  if (t->sends > 1 || t->opens_late) return XAI_PHASE_WAIT;
  if (sent == 0 && t->opens == 0) return XAI_PHASE_WAIT;
  return sent < number_of(t->conn.easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T)
             ? XAI_PHASE_SEND
             : XAI_PHASE_WAIT;
}

/* Is the connection one to a proxy that did not open the tunnel? */
static int lacks_tunnel(const xai_Transfer *t) {
  return t->tunnel_port != 0 && t->opened_port == t->tunnel_port &&
         !xai_proxy_opened(t->conn.easy);
}

/*
** Did a socket come to be connected?  Each libcurl leaves something out: 7.88
** has no time of a connection whose handshake failed, 8.14 has neither time nor
** port where the handshake was not over in time, and no 8.x has them meanwhile.
** The socket does not tell, either, once it was reset.
*/
static int was_connected(const xai_Transfer *t) {
  long port = 0;
  if (number_of(t->conn.easy, CURLINFO_CONNECT_TIME_T) != 0) return 1;
  curl_easy_getinfo(t->conn.easy, CURLINFO_LOCAL_PORT, &port);
  return port > 0 || xai_conn_guard_connected(t->conn.guard, t);
}

/* Nothing was sent: how far did the connection come? */
static xai_Phase making_phase(const xai_Transfer *t) {
  if (xai_proxy_refused(t->conn.easy)) return XAI_PHASE_PROXY;
  if (t->opens == 0) return XAI_PHASE_DNS;
  if (xai_proxy_failed(t->conn.easy) || lacks_tunnel(t) || !was_connected(t))
    return XAI_PHASE_CONNECT;
  return t->conn.tls ? XAI_PHASE_TLS : XAI_PHASE_CONNECT;
}

xai_Phase xai_outcome_phase(const xai_Transfer *t) {
  if (t->head_done)
    return t->content == XAI_CONTENT_EVENTS ? XAI_PHASE_STREAM : XAI_PHASE_BODY;
  return was_sent(t) ? sending_phase(t) : making_phase(t);
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

/*
** A line of the head that passes its 100 KiB is told by libcurl as a lack of
** memory.  Where its allocator has always had some, it is not that.
*/
static int is_line_too_long(const xai_Transfer *t) {
  return !t->head_done && t->sends > 0 && xai_memory_sufficed();
}

/* By HTTP/2 it is nghttp2 that ends the connection. */
static int is_head_too_long(const xai_Transfer *t) {
  size_t seen = xai_buffer_size(&t->head) + t->extra;
  return !t->head_done && t->sends > 0 &&
         xai_curl_says_head_too_long(t->curl_error, is_line_too_long(t), seen);
}

/* Nothing has passed the proxy yet: neither a handshake nor the request. */
static int waits_for_tunnel(CURLcode code, const xai_Transfer *t) {
  if (t->tunnel_port == 0 || t->opened_port != t->tunnel_port || was_sent(t))
    return 0;
  switch (code) { /* a handshake that fails has codes of its own */
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

/* The head of what a proxy says to CONNECT never reaches us. */
static int is_tunnel_head_too_long(CURLcode code, const xai_Transfer *t) {
  return waits_for_tunnel(code, t) && xai_memory_sufficed() &&
         xai_curl_says_tunnel_head_too_long(t->curl_error);
}

/*
** The connection ended within the TLS handshake: nobody said that anything was
** wrong with certificates or ciphers.  libcurl keeps what its socket said first,
** with the system's words; from 8.8 on that may be a failure to send, too.
*/
static int is_cut_off(const char *words) {
  const char *detail = strstr(words, "SSL_connect: ");
  if (strncmp(words, "Recv failure", 12) == 0) return 1;
  if (strncmp(words, "Send failure", 12) == 0) return 1;
  if (strstr(words, "unexpected eof") != NULL) return 1;
  if (detail == NULL) return strstr(words, "onnection reset") != NULL;
  detail += 13; /* the system's words, or the name of OpenSSL's code */
  return strncmp(detail, "SSL_ERROR_", 10) != 0 ||
         strncmp(detail, "SSL_ERROR_SYSCALL", 17) == 0;
}

/* By HTTP/2 8.14 and 8.23 have that code, and no words, where the connection
** ended within an answer; 7.88 says CURLE_PARTIAL_FILE. */
static int has_ended(CURLcode code, const xai_Transfer *t) {
  return code == CURLE_HTTP2 && t->curl_error[0] == '\0';
}

/*
** The server refused the client's certificate, or the lack of one.  By TLS 1.3
** it does so when the handshake is over for the client, and the request sent.
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
    case CURLE_TOO_LARGE: /* what older ones call a lack of memory */
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
      if (has_ended(code, t)) break;
      if (is_certificate_refused(t)) return XAI_KIND_TLS;
      return XAI_KIND_CONNECTION;
    default: break; /* CURLE_PARTIAL_FILE, where HTTP/2 ends before a head */
  }
  return t->head_done ? XAI_KIND_TRUNCATED : XAI_KIND_CONNECTION;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"

/* Where an address may begin in a text of libcurl's: in quotes, or with its
** scheme; NULL when nowhere. */
static char *address_in(char *text) {
  char *quote = strchr(text, '\'');
  return quote != NULL ? quote + 1 : strstr(text, "://");
}

/* "http://user:password@host": what stands before the '@' is nobody's.  libcurl
** quotes addresses that it cannot read, too: with whatever in the password. */
static void hide_userinfo(char *text) {
  char *from = address_in(text), *at = strrchr(text, '@'), *scheme;
  if (at == NULL && strlen(text) + 1 == CURL_ERROR_SIZE) at = strchr(text, 0);
  if (from == NULL || at == NULL) return;
  scheme = from + strspn(from, LETTERS);
  if (strncmp(scheme, "://", 3) == 0) from = scheme + 3;
  if (from < at) memset(from, '*', (size_t)(at - from));
}

/* libcurl says the same of a key that is not there and of a wrong password. */
static void explain_certificate(const char *words, char *out, size_t size) {
  int key = strstr(words, "private key file") != NULL;
  snprintf(out, size, "the client certificate is of no use: %s%s", words,
           key ? " (is the file there, and is key_password right?)" : "");
}

#define TUNNEL_HEAD_TOO_LONG "the headers of the proxy's answer are too long"

static xai_Phase phase_of(CURLcode code, const xai_Transfer *t) {
  xai_Phase phase = xai_outcome_phase(t);
  if (is_certificate_refused(t)) return XAI_PHASE_TLS;
  if (phase == XAI_PHASE_TLS && waits_for_tunnel(code, t))
    return XAI_PHASE_CONNECT;
  return phase;
}

void xai_outcome_of_transfer(xai_Transfer *t, CURLcode code) {
  char words[CURL_ERROR_SIZE + 100];
  const char *text =
      t->curl_error[0] ? t->curl_error : curl_easy_strerror(code);
  xai_Kind kind;
  if (code == CURLE_OK) return;
  hide_userinfo(t->curl_error);
  kind = kind_of(code, t);
  if (kind == XAI_KIND_LIMIT)
    text = waits_for_tunnel(code, t) ? TUNNEL_HEAD_TOO_LONG : XAI_HEAD_TOO_LONG;
  if (is_head_too_long(t) || xai_curl_says_http2_broken(t->curl_error))
    xai_conn_guard_end(t->conn.guard, t->conn.socket, t->conn.serial);
  if (xai_curl_says_certificate_useless(code, t->curl_error)) {
    xai_easy_pool_clean(t->curl_error);
    explain_certificate(text, words, sizeof words);
    text = words;
  }
  xai_error_set(&t->error, kind, phase_of(code, t), text);
}
