/*
** curl_library.c - finds libcurl when the module is loaded.
*/
#if defined(__linux__)
#define _GNU_SOURCE /* RTLD_DEFAULT */
#endif
#define _DARWIN_C_SOURCE

#include "net/curl_library.h"

#include <stddef.h>

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

/* Headers differ in whether its first argument is const. */
#define curl_url_get curl_url_get_of_header
#include <curl/curl.h>
#undef curl_url_get

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
  if (takes_long(option))
    rc = library.easy_setopt(easy, option, va_arg(value, long));
  else if (takes_off_t(option))
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
  if (takes_long(option))
    rc = library.multi_setopt(multi, option, va_arg(value, long));
  else if (takes_off_t(option))
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
