/*
** settings.c - how calls are to be made: the defaults.
*/
#include "base/settings.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

/*
** An hour for one attempt and a quarter of silence: the service's own
** examples wait 3600 s, and reasoning models are silent for minutes.
*/
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
