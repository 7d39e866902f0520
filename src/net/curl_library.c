/*
** curl_library.c - the libcurl in use: where it is, and what differs between versions.
*/
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_DEFAULT */
#endif
#define _DARWIN_C_SOURCE

/* Headers differ in whether its first argument is const. */
#define curl_url_get curl_url_get_of_header
#include <curl/curl.h>
#undef curl_url_get

#include "net/curl_library.h"

#include <stddef.h>
#include <string.h>

/* With _GNU_SOURCE it is a macro of C11 in newer versions of glibc. */
#undef strstr

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#if defined(XAI_LINK_CURL) || defined(_WIN32)

const char *xai_curl_library_open(void) { return NULL; }

void *xai_curl_library_symbol(const char *name) {
#if defined(RTLD_DEFAULT)
  return dlsym(RTLD_DEFAULT, name);
#else
  (void)name;
  return NULL;
#endif
}

#else

#include <stdarg.h>
#include <stdio.h>

/*
** The functions in use, but for those with variable arguments, as
** F(result, name without "curl_", parameters, arguments), those without a
** result as P(name, parameters, arguments).
*/
#define FUNCTIONS(F, P)                                                        \
  F(CURLcode, global_init_mem,                                                 \
    (long flags, curl_malloc_callback m, curl_free_callback f,                 \
     curl_realloc_callback r, curl_strdup_callback s, curl_calloc_callback c), \
    (flags, m, f, r, s, c))                                                    \
  F(CURLcode, global_init, (long flags), (flags))                              \
  F(char *, version, (void), ())                                               \
  F(curl_version_info_data *, version_info, (CURLversion age), (age))          \
  P(free, (void *p), (p))                                                      \
  F(struct curl_slist *, slist_append,                                         \
    (struct curl_slist * list, const char *text), (list, text))                \
  P(slist_free_all, (struct curl_slist * list), (list))                        \
  F(CURLU *, url, (void), ())                                                  \
  P(url_cleanup, (CURLU * u), (u))                                             \
  F(CURLUcode, url_set,                                                        \
    (CURLU * u, CURLUPart what, const char *part, unsigned int flags),         \
    (u, what, part, flags))                                                    \
  F(CURLUcode, url_get,                                                        \
    (const CURLU *u, CURLUPart what, char **part, unsigned int flags),         \
    (u, what, part, flags))                                                    \
  F(CURL *, easy_init, (void), ())                                             \
  P(easy_cleanup, (CURL * easy), (easy))                                       \
  F(CURLcode, easy_pause, (CURL * easy, int what), (easy, what))               \
  F(const char *, easy_strerror, (CURLcode code), (code))                      \
  F(CURLM *, multi_init, (void), ())                                           \
  F(CURLMcode, multi_cleanup, (CURLM * multi), (multi))                        \
  F(CURLMcode, multi_add_handle, (CURLM * multi, CURL * easy), (multi, easy))  \
  F(CURLMcode, multi_remove_handle, (CURLM * multi, CURL * easy),              \
    (multi, easy))                                                             \
  F(CURLMcode, multi_assign, (CURLM * multi, curl_socket_t fd, void *known),   \
    (multi, fd, known))                                                        \
  F(CURLMcode, multi_socket_action,                                            \
    (CURLM * multi, curl_socket_t fd, int what, int *running),                 \
    (multi, fd, what, running))                                                \
  F(CURLMcode, multi_perform, (CURLM * multi, int *running), (multi, running)) \
  F(CURLMcode, multi_poll,                                                     \
    (CURLM * multi, struct curl_waitfd * more, unsigned int n, int wait_ms,    \
     int *ready),                                                              \
    (multi, more, n, wait_ms, ready))                                          \
  F(CURLMcode, multi_timeout, (CURLM * multi, long *wait_ms),                  \
    (multi, wait_ms))                                                          \
  F(CURLMsg *, multi_info_read, (CURLM * multi, int *left), (multi, left))

/* libcurl's own functions, and what they were taken from. */
#define MEMBER(result, name, parameters, arguments) result(*name) parameters;
#define MEMBER_P(name, parameters, arguments) void(*name) parameters;

typedef struct Library {
  FUNCTIONS(MEMBER, MEMBER_P)
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
  void *handle;
} Library;

static Library library;
static int is_loaded;

/* ---------------------------------------------- functions that call them */

#pragma GCC visibility push(hidden)

#define DEFINE(result, name, parameters, arguments)                            \
  result curl_##name parameters { return library.name arguments; }
#define DEFINE_P(name, parameters, arguments)                                  \
  void curl_##name parameters { library.name arguments; }

CURLUcode curl_url_get(const CURLU *u, CURLUPart what, char **part,
                       unsigned int flags);

FUNCTIONS(DEFINE, DEFINE_P)

/* The number of an option tells the type of its value.  All types but these two
** are pointers. */
#define RANGE 10000

static int takes_long(int option) { return option < CURLOPTTYPE_OBJECTPOINT; }

static int takes_off_t(int option) {
  return option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_OFF_T + RANGE;
}

/* The names are in brackets because they are macros, too. */
CURLcode(curl_easy_setopt)(CURL *easy, CURLoption option, ...) {
  CURLcode rc;
  va_list value;
  va_start(value, option);
  if (takes_long((int)option))
    rc = library.easy_setopt(easy, option, va_arg(value, long));
  else if (takes_off_t((int)option))
    rc = library.easy_setopt(easy, option, va_arg(value, curl_off_t));
  else
    rc = library.easy_setopt(easy, option, va_arg(value, void *));
  va_end(value);
  return rc;
}

CURLMcode(curl_multi_setopt)(CURLM *multi, CURLMoption option, ...) {
  CURLMcode rc;
  va_list value;
  va_start(value, option);
  if (takes_long((int)option))
    rc = library.multi_setopt(multi, option, va_arg(value, long));
  else if (takes_off_t((int)option))
    rc = library.multi_setopt(multi, option, va_arg(value, curl_off_t));
  else
    rc = library.multi_setopt(multi, option, va_arg(value, void *));
  va_end(value);
  return rc;
}

/* The value is where to put the answer. */
CURLcode(curl_easy_getinfo)(CURL *easy, CURLINFO what, ...) {
  CURLcode rc;
  va_list value;
  va_start(value, what);
  rc = library.easy_getinfo(easy, what, va_arg(value, void *));
  va_end(value);
  return rc;
}

#pragma GCC visibility pop

/* ---------------------------------------------------------------- loading */

/* Debian calls a libcurl with GnuTLS by the second name.  Where libraries have
** other versions, the last one may lead to the newest. */
static const char *const names[] = {
#if defined(__APPLE__)
    "libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"
#else
    "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"
#endif
};

#define NAMES (sizeof names / sizeof *names)

static char trouble[512];

static void describe(const char *what) {
  snprintf(trouble, sizeof trouble,
           "xai needs libcurl 7.66 or later: %.200s; install the package "
           "libcurl4 (Debian, Ubuntu), libcurl (Fedora, Alpine) or curl (Arch)",
           what);
}

/* Set the pointer to a function at 'to'.  Returns 1, or 0 when there is none. */
static int find(void *from, const char *name, void *to) {
  void *function = dlsym(from, name);
  char what[64];
  memcpy(to, &function, sizeof function);
  if (function != NULL) return 1;
  snprintf(what, sizeof what, "the one found lacks %s", name);
  describe(what);
  return 0;
}

#define FIND(result, name, parameters, arguments)                              \
  &&find(from, "curl_" #name, &in->name)
#define FIND_P(name, parameters, arguments) FIND(void, name, , )

/* Fill in all functions.  Returns 1, or 0 when one is missing. */
static int find_all(void *from, Library *in) {
  in->handle = from;
  return 1 FUNCTIONS(FIND, FIND_P) FIND(, easy_setopt, , )
      FIND(, easy_getinfo, , ) FIND(, multi_setopt, , );
}

/* The program may have made a libcurl visible to all: by its linker, or by
** LD_PRELOAD.  If it has all functions, it is used. */
static int find_visible(Library *in) {
  return dlsym(RTLD_DEFAULT, "curl_multi_poll") != NULL &&
         find_all(RTLD_DEFAULT, in);
}

/* Load the first libcurl that can be loaded.  Returns 1; or 0, and the trouble is
** that of the first name. */
static int load(Library *in) {
  void *found = NULL;
  size_t i;
  for (i = 0; i < NAMES && found == NULL; i++) {
    found = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
    if (found == NULL && i == 0) describe(dlerror());
  }
  return found != NULL && find_all(found, in);
}

/* Several threads may come here, each for a Lua state of its own: what is in
** use stays as it is.  libcurl is never closed, as its threads may outlive the
** Lua state. */
const char *xai_curl_library_open(void) {
  Library found;
  if (__atomic_load_n(&is_loaded, __ATOMIC_ACQUIRE)) return NULL;
  if (!find_visible(&found) && !load(&found)) return trouble;
  library = found;
  __atomic_store_n(&is_loaded, 1, __ATOMIC_RELEASE);
  return NULL;
}

void *xai_curl_library_symbol(const char *name) {
  return dlsym(library.handle, name);
}

#endif

/* ---------------------------------------------------------------- what differs */

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
