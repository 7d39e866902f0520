/*
** proxy.h - what a proxy between us and the server does.
*/
#ifndef XAI_PROXY_H
#define XAI_PROXY_H

#include <curl/curl.h>

#include "base/settings.h"

#pragma GCC visibility push(hidden)

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
