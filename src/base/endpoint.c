/*
** endpoint.c - the endpoints of the service, and the default settings.
*/
#include "base/endpoint.h"

#include <string.h>

/* ----------------------------------------------------------------- settings */

#define MIB ((size_t)1 << 20)

/* An attempt may take an hour, as in the service's own examples.  The server
** may be silent for 15 minutes: reasoning models need some. */
void xai_settings_init(xai_Settings *s) {
  memset(s, 0, sizeof *s);
  s->timeout_ms = 3600 * 1000;
  s->connect_timeout_ms = 10 * 1000;
  s->idle_timeout_ms = 900 * 1000;
  s->max_retries = 2;
  s->max_body = 256 * MIB;
  s->max_event = 64 * MIB;
  s->max_buffer = 1 * MIB;
  s->base_url = "https://api.x.ai/v1";
}

size_t xai_settings_bytes(double n, size_t most) {
  return n < (double)most ? (size_t)n : most;
}

/* ---------------------------------------------------------------- endpoints */

static const xai_Endpoint rows[] = {
    {"chat", "POST", "/chat/completions", NULL, XAI_API_CHAT, 0},
    {"get_deferred", "GET", "/chat/deferred-completion/{}", "request_id",
     XAI_API_PLAIN, XAI_PENDING | XAI_READ_ONCE},
    {"respond", "POST", "/responses", NULL, XAI_API_RESPONSES, 0},
    {"get_response", "GET", "/responses/{}", "response_id", XAI_API_PLAIN, 0},
    {"delete_response", "DELETE", "/responses/{}", "response_id", XAI_API_PLAIN,
     0},
    {"message", "POST", "/messages", NULL, XAI_API_MESSAGES, 0},
    {"complete", "POST", "/completions", NULL, XAI_API_COMPLETIONS, 0},
    {"complete_legacy", "POST", "/complete", NULL, XAI_API_COMPLETE, 0},
    {"generate_image", "POST", "/images/generations", NULL, XAI_API_PLAIN,
     XAI_PICTURES},
    {"tokenize", "POST", "/tokenize-text", NULL, XAI_API_PLAIN, 0},
    {"get_api_key", "GET", "/api-key", NULL, XAI_API_PLAIN, 0},
    {"list_models", "GET", "/models", NULL, XAI_API_PLAIN, 0},
    {"get_model", "GET", "/models/{}", "model_id", XAI_API_PLAIN, 0},
    {"list_language_models", "GET", "/language-models", NULL, XAI_API_PLAIN, 0},
    {"get_language_model", "GET", "/language-models/{}", "model_id",
     XAI_API_PLAIN, 0},
    {"list_image_models", "GET", "/image-generation-models", NULL,
     XAI_API_PLAIN, 0},
    {"get_image_model", "GET", "/image-generation-models/{}", "model_id",
     XAI_API_PLAIN, 0},
    {"create_batch", "POST", "/batches", NULL, XAI_API_PLAIN, XAI_STARTS_WORK},
    {"list_batches", "GET", "/batches", NULL, XAI_API_PLAIN, XAI_QUERY},
    {"get_batch", "GET", "/batches/{}", "batch_id", XAI_API_PLAIN, 0},
    {"add_to_batch", "POST", "/batches/{}/requests", "batch_id", XAI_API_PLAIN,
     XAI_MAY_BE_EMPTY | XAI_STARTS_WORK | XAI_OWN_IDS},
    {"list_batch_requests", "GET", "/batches/{}/requests", "batch_id",
     XAI_API_PLAIN, XAI_QUERY},
    {"list_batch_results", "GET", "/batches/{}/results", "batch_id",
     XAI_API_PLAIN, XAI_QUERY},
    {"cancel_batch", "POST", "/batches/{}:cancel", "batch_id", XAI_API_PLAIN,
     XAI_NO_BODY | XAI_REPEATABLE},
    {"generate_video", "POST", "/videos/generations", NULL, XAI_API_PLAIN,
     XAI_STARTS_WORK},
    {"get_video", "GET", "/videos/{}", "request_id", XAI_API_PLAIN,
     XAI_PENDING | XAI_JOB},
};

const xai_Endpoint *xai_endpoint_at(size_t i) {
  return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const xai_Endpoint *xai_endpoint_find(const char *name) {
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

int xai_endpoint_has_body(const xai_Endpoint *e) {
  return strcmp(e->method, "POST") == 0 && !(e->traits & XAI_NO_BODY);
}

static int unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL);
}

int xai_percent_encode(const char *s, size_t n, xai_Buffer *out) {
  static const char digits[] = "0123456789ABCDEF";
  size_t i;
  int rc = XAI_OK;
  for (i = 0; i < n && rc == XAI_OK; i++) {
    unsigned char c = (unsigned char)s[i];
    char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
    rc = unreserved(s[i]) ? xai_buffer_append(out, s + i, 1)
                          : xai_buffer_append(out, hex, sizeof hex);
  }
  return rc;
}

int xai_endpoint_id_ok(const char *id, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (id[i] != '/' && id[i] != '.') return 1;
  return 0;
}

int xai_endpoint_path(const xai_Endpoint *e, const char *id, size_t n,
                      xai_Buffer *out) {
  const char *hole = strstr(e->path, "{}");
  int rc;
  if (hole == NULL) return xai_buffer_puts(out, e->path);
  rc = xai_buffer_append(out, e->path, (size_t)(hole - e->path));
  if (rc == XAI_OK) rc = xai_percent_encode(id, n, out);
  if (rc == XAI_OK) rc = xai_buffer_puts(out, hole + 2);
  return rc;
}
