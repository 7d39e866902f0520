/*
** settings.h - how calls are to be made.  Times in milliseconds, sizes in
** bytes; the strings belong to whoever filled the structure.
*/
#ifndef XAI_SETTINGS_H
#define XAI_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Which failed attempts may be made again. */
typedef enum xai_Retry {
  XAI_RETRY_USUAL, /* where chances are good that nothing was billed */
  XAI_RETRY_SAFE   /* where nothing can have been begun */
} xai_Retry;

typedef struct xai_Settings {
  int64_t timeout_ms; /* one attempt; 0 or less: none (so for all times) */
  int64_t connect_timeout_ms;
  int64_t idle_timeout_ms; /* not one byte from the server */
  int64_t deadline_ms;     /* all attempts, waits and the stream */
  int max_retries;
  xai_Retry retry;
  int retry_timeouts; /* also what was sent and took too long */
  size_t max_body;
  size_t max_event;
  size_t max_buffer; /* unread stream bytes before the transfer pauses */
  int http_version;  /* 0: the best both sides know; 1; 2 */
  int insecure;      /* any certificate is good enough */
  int allow_http;    /* plain http:// to hosts that are not loopback */
  const char *base_url;
  const char *proxy;
  const char *no_proxy;
  const char *ca_file;
  const char *ca_path;
  const char *cert_file; /* the client's own certificate */
  const char *key_file;  /* its key; NULL: in cert_file, too */
  const char *key_password;
  const char *user_agent;
  const char *unix_socket;
} xai_Settings;

void xai_settings_init(xai_Settings *s);

/*
** A number of bytes, at least 1, as a size that is at most 'most'.  Nothing can
** be larger than what can be addressed, so a larger number says: no limit.
*/
size_t xai_settings_bytes(double n, size_t most);

#pragma GCC visibility pop

#endif
