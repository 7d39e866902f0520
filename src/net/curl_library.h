/*
** curl_library.h - the libcurl in use: finds it when the module is loaded, and
** knows what differs between its versions.
**
** The module is not linked with libcurl.  It takes the one of the system it
** runs on, whatever TLS library that was built with, and binds each function
** of its some thirty libraries when it is first called, which saves a tenth of
** a short program.  The rest of src/net calls curl_*() as usual: the unit
** defines those functions, and each calls its namesake.  With XAI_LINK_CURL
** the module is linked with libcurl, and this unit does nothing.
*/
#ifndef XAI_NET_CURL_LIBRARY_H
#define XAI_NET_CURL_LIBRARY_H

#include <curl/curl.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#if LIBCURL_VERSION_NUM < 0x074200
#error "lua-xai needs libcurl 7.66.0 or later (curl_multi_poll)"
#endif

/* -------------------------------------------------------------------- loading */

/*
** Load libcurl, unless it is loaded.  No other function of src/net may be
** called before.  Returns NULL, or a text for the user that says why it cannot
** be loaded and what to install.
*/
const char *xai_curl_library_open(void);

/* A function of libcurl or of a library that it uses, such as OpenSSL; NULL
** when there is none of that name. */
void *xai_curl_library_symbol(const char *name);

/* ------------------------------------------------------- what differs, 7.66 to 8.23 */

/*
** Each of these functions states one fact about the libcurl in use and returns 1
** or 0.  Its comment in curl_library.c names the versions that the fact was seen
** on.  Facts that hold for all versions are not here.
*/

/*
** Options by their numbers, as the headers may be older than the libcurl in use.
** A libcurl that is older than an option refuses it.
*/
#define XAI_CURLOPT_PROTOCOLS ((CURLoption)(CURLOPTTYPE_LONG + 181))
#define XAI_CURLOPT_PROTOCOLS_STR ((CURLoption)(CURLOPTTYPE_OBJECTPOINT + 318))
#define XAI_CURLOPT_QUICK_EXIT ((CURLoption)(CURLOPTTYPE_LONG + 322))
#define XAI_CURLINFO_CAINFO ((CURLINFO)(CURLINFO_STRING + 61))

/* libcurl may have read bytes after an answer already, so that the socket does
** not show them.  'tls': the connection is encrypted. */
int xai_curl_reads_ahead(int tls);

/* After one HTTP/2 request without TLS, each later one on the same connection
** fails. */
int xai_curl_breaks_plain_http2(void);

/* A read that fills libcurl's buffer may leave the rest of an HTTP/2 answer in
** libcurl, unread, although the socket has nothing more. */
int xai_curl_loses_full_reads(void);

/* A request with CURLOPT_PIPEWAIT waits for a failed connection, where HTTP/2
** begins without TLS. */
int xai_curl_waits_for_lost_plain_http2(void);

/* With a body of that size, libcurl asks the server (Expect: 100-continue) and
** waits for its answer before it sends the body, unless a header tells it not
** to. */
int xai_curl_asks_first(size_t body_len);

/* A multi handle has a pair of Unix sockets without the close-on-exec flag. */
int xai_curl_leaks_wakeup_pair(void);

/* libcurl's error text says that an HTTP/2 head was too long.  'sufficed': no
** allocation has failed; 'seen': bytes of the head that came. */
int xai_curl_says_head_too_long(const char *words, int sufficed, size_t seen);

/* The text says that the head of a proxy's answer to CONNECT was too long. */
int xai_curl_says_tunnel_head_too_long(const char *words);

/* The text says that the whole HTTP/2 connection failed.  libcurl 8.14 keeps it
** all the same, and each later request on it fails. */
int xai_curl_says_http2_broken(const char *words);

/* The code and the text say that the client's certificate or its key cannot be
** used. */
int xai_curl_says_certificate_useless(CURLcode code, const char *words);

/* Tell a multi handle not to wait at its end for threads that look up names.
** With a silent name server they take many seconds. */
void xai_curl_end_quickly(CURLM *multi);

#pragma GCC visibility pop

#endif
