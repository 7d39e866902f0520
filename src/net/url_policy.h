/*
** url_policy.h - which servers and proxies a request may use.
**
** The checks return NULL when the setting is good.  Otherwise they return what
** is wrong with it: words that follow the setting's name.
*/
#ifndef XAI_NET_URL_POLICY_H
#define XAI_NET_URL_POLICY_H

#include "base/endpoint.h"

#pragma GCC visibility push(hidden)

/* What a check returns when memory is short; compare the pointers. */
extern const char xai_url_no_memory[];

/* Check a base URL.  'plain_ok': http:// is allowed to any host, not only to
** loopback. */
const char *xai_url_check(const char *url, int plain_ok);

/* Check the address of a download in the same way; it may have a query. */
const char *xai_url_check_address(const char *url, int plain_ok);

/* Do two URLs have the same scheme, host and port?  0 without memory, too. */
int xai_url_has_same_origin(const char *a, const char *b);

/*
** Append the address that 'to', which may be relative, has at 'from', an address
** that passed its check.  Returns NULL, or what is wrong with it: it must not
** lead from https to http, nor to plain http elsewhere unless 'from' is that.
*/
const char *xai_url_resolve(const char *from, const char *to, xai_Buffer *out);

/* Is the URL, which passed that check, plain http? */
int xai_url_is_plain(const char *url);

/*
** Check the proxy of these settings, whose base URL passed its check; no proxy
** is good.  Plain http to loopback must stay on this machine: a proxy elsewhere
** must not carry it, unless allow_http is set.
*/
const char *xai_url_check_proxy(const xai_Settings *set);

/* Hosts that are reached without a proxy (CURLOPT_NOPROXY), or NULL: what the
** environment says.  "*" keeps plain http from a proxy that the environment
** names. */
const char *xai_url_no_proxy(const xai_Settings *set, const char *url);

/*
** The port of the proxy that must open a tunnel (CONNECT) to the server of
** 'url'.  0 when there is no tunnel, when the environment names the proxy, and
** when memory is short.
*/
int xai_url_tunnel_port(const xai_Settings *set, const char *url);

/* Is the connection to the proxy of these settings encrypted? */
int xai_url_proxy_is_https(const xai_Settings *set);

#pragma GCC visibility pop

#endif
