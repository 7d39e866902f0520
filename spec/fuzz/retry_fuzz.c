/*
** retry_fuzz.c - a hint is digits, perhaps with a fraction, or no hint.
*/
#include "base/retry.h"

#include "fuzz.h"

static const char *skip_digits(const char *s) {
  while (*s >= '0' && *s <= '9') s++;
  return s;
}

static int is_hint(const char *s) {
  const char *end = skip_digits(s);
  if (end == s) return 0;
  if (*end == '.') {
    s = end + 1;
    end = skip_digits(s);
    if (end == s) return 0;
  }
  return *end == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static const int64_t scales[] = {1, 1000};
  Input in;
  char *text = (char *)malloc(n + 1);
  size_t i;
  input_open(&in, data, n);
  require(text != NULL);
  memcpy(text, data, n);
  text[n] = '\0';
  for (i = 0; i < 2; i++) {
    xai_Slice hint = {text, strlen(text)};
    int64_t ms = xai_retry_hint(hint, scales[i]);
    double exact = is_hint(text) ? strtod(text, NULL) * (double)scales[i] : -1;
    require((ms >= 0) == is_hint(text) && ms >= -1);
    if (exact < 1e12)
      require((double)ms <= exact + 0.5 && (double)ms > exact - 1.5);
    else
      require(ms > XAI_MAX_HINT_MS);
  }
  for (i = 0; i < 20; i++) {
    double roll = (double)input_number(&in, 1 << 20) / (1 << 20);
    int64_t ms =
        xai_retry_delay(XAI_FIRST_WAIT_MS, (int)input_number(&in, 100), roll);
    require(ms >= 250 && ms <= 8000);
  }
  free(text);
  return 0;
}
