/*
** curl_facts.c - what differs between the versions of libcurl, 7.66 to 8.23.
*/
#include "net/curl_facts.h"

#include <string.h>

static const curl_version_info_data *info(void) {
  return curl_version_info(CURLVERSION_NOW);
}

static int is_between(unsigned int first, unsigned int next) {
  unsigned int version = info()->version_num;
  return version >= first && version < next;
}

/* 8.1.0 and 8.1.1: libcurl reads up to 16 KB where it wants less than 1 KB. */
static int socket_is_buffered(void) { return is_between(0x080100, 0x080102); }

/*
** From 8.15 on libcurl has OpenSSL read beyond the record that it decrypts.
** Before, OpenSSL asks the socket for one record and no more.  Nothing is known
** of other TLS libraries.
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
int xai_curl_spoils_plain_http2(void) { return is_between(0x075800, 0x080000); }

/* Seen on 7.88, gone in 8.14; 8.1 reads in another way. */
int xai_curl_loses_full_reads(void) { return is_between(0, 0x080100); }
