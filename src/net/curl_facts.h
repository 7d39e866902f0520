/*
** curl_facts.h - what differs between the versions of libcurl, 7.66 to 8.23.
** Each function is named after the fact; its comment in curl_facts.c says which
** versions it was seen on.  What does not depend on the version is not here.
*/
#ifndef XAI_NET_CURL_FACTS_H
#define XAI_NET_CURL_FACTS_H

#include <curl/curl.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#if LIBCURL_VERSION_NUM < 0x074200
#error "lua-xai needs libcurl 7.66.0 or later (curl_multi_poll)"
#endif

/* May bytes behind an answer be in memory, where the socket does not show
** them?  'tls': the connection is encrypted. */
int xai_curl_reads_ahead(int tls);

/* Does every later request fail on a kept connection whose HTTP/2 began without
** TLS? */
int xai_curl_spoils_plain_http2(void);

/* Is the rest of an HTTP/2 answer forgotten in libcurl, while the socket is
** silent, when a read fills the buffer that libcurl reads into? */
int xai_curl_loses_full_reads(void);

/* Does a request that may wait for another one's connection (CURLOPT_PIPEWAIT)
** wait for one that is lost, where HTTP/2 began without TLS? */
int xai_curl_waits_for_lost_plain_http2(void);

/* Does a multi handle hold a pair of Unix sockets, to be woken by, that programs
** which the host starts inherit? */
int xai_curl_is_woken_by_open_pair(void);

/* Do libcurl's words say that a head by HTTP/2 was too long?  'sufficed': there
** was always memory; 'seen': so many bytes of it came. */
int xai_curl_says_head_too_long(const char *words, int sufficed, size_t seen);

/* Do they say that the head of a proxy's answer to CONNECT was too long? */
int xai_curl_says_tunnel_head_too_long(const char *words);

/* Do they say that the whole connection is of no use any more?  libcurl 8.14
** keeps it all the same, and fails each later request. */
int xai_curl_says_http2_broken(const char *words);

/* Does it say that the client's own certificate, or its key, is of no use? */
int xai_curl_says_certificate_useless(CURLcode code, const char *words);

/* Have a multi handle, when it ends, not wait for threads that look up names:
** where the name server is silent, that takes as long as they do. */
void xai_curl_end_quickly(CURLM *multi);

#pragma GCC visibility pop

#endif
