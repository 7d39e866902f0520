/*
** curl_facts.h - what differs between the versions of libcurl, 7.66 to 8.23.
** Each function is named after the fact; its comment in curl_facts.c says which
** versions it was seen on.  What does not depend on the version is not here.
*/
#ifndef XAI_CURL_FACTS_H
#define XAI_CURL_FACTS_H

#include <curl/curl.h>

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

#endif
