/*
** curl_library.h - finds libcurl when the module is loaded.
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

#pragma GCC visibility push(hidden)

/*
** Load libcurl, unless it is loaded.  No other function of src/net may be
** called before.  Returns NULL, or a text for the user that says why it cannot
** be loaded and what to install.
*/
const char *xai_curl_library_open(void);

/* A function of libcurl or of a library that it uses, such as OpenSSL; NULL
** when there is none of that name. */
void *xai_curl_library_symbol(const char *name);

#pragma GCC visibility pop

#endif
