/*
** address.h - which servers may be talked to.
*/
#ifndef XAI_ADDRESS_H
#define XAI_ADDRESS_H

/* Said when nothing could be found out. */
extern const char xai_address_no_memory[];

/*
** Check a base URL.  NULL when it is good, else what is wrong with it.
** 'plain_ok': http:// is allowed to any host, not only to loopback.
*/
const char *xai_address_check(const char *url, int plain_ok);

/* Is the URL, which passed that check, plain http? */
int xai_address_is_plain(const char *url);

#endif
