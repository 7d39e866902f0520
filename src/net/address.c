/*
** address.c - which servers may be talked to.
*/
#include "net/address.h"

#include <curl/curl.h>
#include <string.h>

#include "base/slice.h"

static int is_word(const char *s, size_t n, const char *word) {
  xai_Slice slice;
  slice.at = s;
  slice.len = n;
  return xai_slice_like(slice, word);
}

/* "localhost" and names below it, 127.0.0.0/8, ::1 */
static int is_loopback(const char *host) {
  size_t n = strlen(host);
  static const char tail[] = ".localhost";
  if (is_word(host, n, "localhost") || strcmp(host, "[::1]") == 0) return 1;
  if (n > sizeof tail - 1 &&
      is_word(host + n - (sizeof tail - 1), sizeof tail - 1, tail))
    return 1;
  return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n;
}

int xai_address_is_plain(const char *url) {
  return is_word(url, strcspn(url, ":"), "http");
}

const char xai_address_no_memory[] = "cannot be read: not enough memory";

/* The part, or NULL: it has none, or '*lack' is set. */
static char *part(CURLU *u, CURLUPart what, int *lack) {
  char *s = NULL;
  CURLUcode rc = curl_url_get(u, what, &s, 0);
  if (rc == CURLUE_OUT_OF_MEMORY) *lack = 1;
  return rc == CURLUE_OK ? s : NULL;
}

static const char *check_parts(const char *scheme, const char *host,
                               int plain_ok) {
  if (scheme == NULL || host == NULL) return "is not an http or https URL";
  if (is_word(scheme, strlen(scheme), "https")) return NULL;
  if (!is_word(scheme, strlen(scheme), "http"))
    return "is not an http or https URL";
  if (plain_ok || is_loopback(host)) return NULL;
  return "is plain http to a host that is not loopback; set allow_http to "
         "send your key and prompts unencrypted";
}

static const char *check(CURLU *u, const char *url, int plain_ok) {
  char *scheme, *host, *user;
  const char *wrong;
  int lack = 0;
  CURLUcode rc = curl_url_set(u, CURLUPART_URL, url, 0);
  if (rc == CURLUE_OUT_OF_MEMORY) return xai_address_no_memory;
  if (rc != CURLUE_OK) return "is not an http or https URL";
  scheme = part(u, CURLUPART_SCHEME, &lack);
  host = part(u, CURLUPART_HOST, &lack);
  user = part(u, CURLUPART_USER, &lack);
  wrong = check_parts(scheme, host, plain_ok);
  if (user != NULL) wrong = "carries a user name or password";
  if (strchr(url, '?') != NULL) wrong = "carries a query";
  if (strchr(url, '#') != NULL) wrong = "carries a fragment";
  if (lack) wrong = xai_address_no_memory;
  curl_free(scheme);
  curl_free(host);
  curl_free(user);
  return wrong;
}

const char *xai_address_check(const char *url, int plain_ok) {
  CURLU *u = curl_url();
  const char *wrong = u ? check(u, url, plain_ok) : xai_address_no_memory;
  curl_url_cleanup(u);
  return wrong;
}
