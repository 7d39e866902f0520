/*
** url_policy.h - which servers and proxies may be talked to.
*/
#ifndef XAI_NET_URL_POLICY_H
#define XAI_NET_URL_POLICY_H

#include <curl/curl.h>

#include "base/endpoint.h"

#pragma GCC visibility push(hidden)

/* ------------------------------------------- which servers may be talked to */

/* Said when nothing could be found out. */
extern const char xai_url_no_memory[];

/*
** Check a base URL.  NULL when it is good, else what is wrong with it.
** 'plain_ok': http:// is allowed to any host, not only to loopback.
*/
const char *xai_url_check(const char *url, int plain_ok);

/* Is the URL, which passed that check, plain http? */
int xai_url_is_plain(const char *url);

/*
** Check the proxy, if there is one, beside a base URL that passed.  NULL when
** it is good, else what is wrong with it.  Plain http stays on this machine: a
** proxy elsewhere must not carry it on, unless that is allowed.
*/
const char *xai_url_check_proxy(const xai_Settings *set);

/* The hosts that go without a proxy, or NULL for what the environment says: so
** no proxy that it names carries plain http on. */
const char *xai_url_no_proxy(const xai_Settings *set, const char *url);

/* ------------------------------ what a proxy between us and the server does */

/*
** The port of the proxy that is asked to open a tunnel (CONNECT) to the server
** of 'url'; 0 where none is, and where it is the environment that names it.
*/
int xai_proxy_tunnel_port(const xai_Settings *set, const char *url);

/* Did the proxy refuse: no right, no such method?  0 where it only failed to
** reach the server. */
int xai_proxy_refused(CURL *e);

/* Did a SOCKS proxy not bring us to the server? */
int xai_proxy_failed(CURL *e);

/* Is the way to the proxy encrypted? */
int xai_proxy_is_https(const xai_Settings *set);

/* Did the proxy open the tunnel? */
int xai_proxy_opened(CURL *e);

#pragma GCC visibility pop

#endif
