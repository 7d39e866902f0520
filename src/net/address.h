/*
** address.h - which servers may be talked to.
*/
#ifndef XAI_ADDRESS_H
#define XAI_ADDRESS_H

#include "base/settings.h"

#pragma GCC visibility push(hidden)

/* Said when nothing could be found out. */
extern const char xai_address_no_memory[];

/*
** Check a base URL.  NULL when it is good, else what is wrong with it.
** 'plain_ok': http:// is allowed to any host, not only to loopback.
*/
const char *xai_address_check(const char *url, int plain_ok);

/* Is the URL, which passed that check, plain http? */
int xai_address_is_plain(const char *url);

/*
** Check the proxy, if there is one, beside a base URL that passed.  NULL when
** it is good, else what is wrong with it.  Plain http stays on this machine: a
** proxy elsewhere must not carry it on, unless that is allowed.
*/
const char *xai_address_check_proxy(const xai_Settings *set);

/* The hosts that go without a proxy, or NULL for what the environment says: so
** no proxy that it names carries plain http on. */
const char *xai_address_no_proxy(const xai_Settings *set, const char *url);

#pragma GCC visibility pop

#endif
