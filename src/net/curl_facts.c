/*
** curl_facts.c - what differs between the versions of libcurl, 7.66 to 8.23.
*/
#include "net/curl_facts.h"

#include <string.h>

/* libcurl writes the same structure anew each time. */
static const curl_version_info_data *info(void) {
  static const curl_version_info_data *known;
  if (known == NULL) known = curl_version_info(CURLVERSION_NOW);
  return known;
}

/* Is the version in use at least 'first' and below 'next'? */
static int is_between(unsigned int first, unsigned int next) {
  unsigned int version = info()->version_num;
  return version >= first && version < next;
}

/* 8.1.0 and 8.1.1: libcurl reads up to 16 KB where it wants less than 1 KB. */
static int socket_is_buffered(void) { return is_between(0x080100, 0x080102); }

/*
** From 8.15 on libcurl lets OpenSSL read beyond the record that it decrypts.
** Before, OpenSSL reads one record and no more.  Other TLS libraries were not
** tried.
*/
static int tls_is_buffered(void) {
  const char *tls = info()->ssl_version;
  return tls == NULL || strncmp(tls, "OpenSSL/", 8) != 0 ||
         info()->version_num >= 0x080F00;
}

int xai_curl_reads_ahead(int tls) {
  return socket_is_buffered() || (tls && tls_is_buffered());
}

/* Seen on 7.88. */
int xai_curl_breaks_plain_http2(void) { return is_between(0x075800, 0x080000); }

/* Seen on 7.88, gone in 8.14; 8.1 changed how libcurl reads. */
int xai_curl_loses_full_reads(void) { return is_between(0, 0x080100); }

/* Seen on 8.14, not on 7.88 and 8.23; its source has it from 8.12 to 8.16. */
int xai_curl_waits_for_lost_plain_http2(void) {
  return is_between(0x080C00, 0x081100);
}

/* If nghttp2 fails after so many bytes of a head, the head was too long. */
#define LONG_HEAD ((size_t)32 << 10)

/*
** libcurl has no code for it.  nghttp2 fails with -905 (too many CONTINUATION
** frames) or -902 (libcurl refused a line; also when memory is short).
** 7.88 delivers only complete heads and says "returned -905".
** 8.14 and 8.23 deliver lines as they come and say "recv error -905".
** 8.14 says so again for the next request on that connection.
** 8.14 and 8.23 may also say "Too many response headers", and 8.23 sometimes
** COMPRESSION_ERROR.
*/
int xai_curl_says_head_too_long(const char *words, int sufficed, size_t seen) {
  if (strstr(words, "Too many response headers") != NULL) return 1;
  if (!xai_curl_says_http2_broken(words)) return 0;
  if (strstr(words, "returned -905") != NULL) return 1;
  if (sufficed && strstr(words, "returned -902") != NULL) return 1;
  return seen > LONG_HEAD || (seen > 0 && strstr(words, " -905") != NULL);
}

/* Its source: 1 MiB from 7.69 on, before 1 KiB. */
int xai_curl_asks_first(size_t body_len) {
  return body_len >= (is_between(0, 0x074500) ? 1000u : 1000000u);
}

/* Seen on 7.88; 8.14 and 8.23 set the flag themselves. */
int xai_curl_leaks_wakeup_pair(void) { return is_between(0, 0x080E00); }

/* Seen on 7.88, 8.14 and 8.23, with CURLE_RECV_ERROR: a line beyond 16 KB, or
** 300 KB of lines. */
int xai_curl_says_tunnel_head_too_long(const char *words) {
  return strstr(words, "CONNECT response too large") != NULL ||
         strstr(words, "Too large response headers") != NULL;
}

/* Seen on all: libcurl names nghttp2 only when nghttp2 gave up. */
int xai_curl_says_http2_broken(const char *words) {
  return strstr(words, "nghttp2") != NULL;
}

/* libcurl waits since 8.20, which has the option.  Older ones refuse the option
** and do not wait.  It is given by its number, see curl_facts.h. */
#define MULTI_QUICK_EXIT ((CURLMoption)(CURLOPTTYPE_LONG + 21))

void xai_curl_end_quickly(CURLM *multi) {
  curl_multi_setopt(multi, MULTI_QUICK_EXIT, 1L);
}

/* 7.88 and 8.14 have one code for certificate and key; 8.23 reports a key that
** cannot be used as a bad function argument. */
int xai_curl_says_certificate_useless(CURLcode code, const char *words) {
  if (code == CURLE_SSL_CERTPROBLEM) return 1;
  return code == CURLE_BAD_FUNCTION_ARGUMENT &&
         strstr(words, "rivate key") != NULL;
}
