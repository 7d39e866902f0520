/*
** json_rewrite_fuzz.c - any text can be looked into and made safe for a decoder.
*/
#include "base/json_rewrite.h"
#include "base/json_scan.h"

#include "fuzz.h"

#define ALL (XAI_MARK_EMPTY_ARRAYS | XAI_MARK_INTEGERS | XAI_MARK_SURROGATES)

static void check_string(xai_Slice raw) {
  xai_Buffer text;
  unsigned surrogate = 0;
  xai_buffer_init(&text, 0);
  require(xai_json_unescape(raw, &surrogate, &text) == XAI_OK);
  require(xai_buffer_size(&text) <= raw.len);
  require(surrogate == 0 || (surrogate >= 0xD800 && surrogate <= 0xDBFF));
  xai_buffer_free(&text);
}

/* Walk through all that the value holds, a few levels deep. */
static void visit(const xai_Json *v, const Input *in, int depth) {
  xai_JsonWalk w;
  xai_Slice key;
  xai_Json member;
  require(v->raw.at >= in->at && v->raw.at + v->raw.len <= in->at + in->len);
  require(xai_json_index(v, 100) <= 100);
  if (v->type == XAI_JSON_STRING) check_string(v->raw);
  if (depth == 0 || !xai_json_open(&w, v)) return;
  while (xai_json_next(&w, &key, &member)) {
    check_string(key);
    visit(&member, in, depth - 1);
  }
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int in_number(char c) {
  return is_digit(c) || strchr("+-.eE", c) != NULL;
}

static int is_one_of(char c, const char *set) {
  return c != '\0' && strchr(set, c) != NULL;
}

/* A number that JSON does not have, or not there: left to the decoder.  The
** number is [number, s) of [text, end). */
static int is_wrong(const char *text, const char *number, const char *s,
                    const char *end) {
  const char *first = *number == '-' ? number + 1 : number;
  while (s < end && is_one_of(*s, " \t\r\n")) s++;
  return *first == '0' || (s < end && *s == ':') ||
         (number > text && !is_one_of(number[-1], ":,[ \t\r\n"));
}

/* Does an empty array or a long integer stand outside of strings? */
static int has_losses(const char *s, size_t n) {
  size_t i = 0, number, from, digits;
  while (i < n) {
    if (s[i] == '"') {
      for (i++; i < n && s[i] != '"'; i++) i += s[i] == '\\';
      i++;
    } else if (s[i] == '[') {
      for (i++; i < n && s[i] != '\0' && strchr(" \t\r\n", s[i]);) i++;
      if (i < n && s[i] == ']') return 1;
    } else if (s[i] == '-' || is_digit(s[i])) {
      number = i;
      from = s[i] == '-' ? i + 1 : i;
      for (digits = 0, i = from; i < n && s[i] != '\0' && in_number(s[i]); i++)
        digits += (size_t)is_digit(s[i]);
      if (digits >= 16 && digits == i - from &&
          !is_wrong(s, s + number, s + i, s + n))
        return 1;
    } else {
      i++;
    }
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  xai_Json v;
  xai_Buffer out, twice;
  const char *s;
  int rc, what;
  input_open(&in, data, n);
  if (xai_json_read(in.at, in.len, &v)) visit(&v, &in, 6);
  check_string(v.type == XAI_JSON_STRING ? v.raw : (xai_Slice){in.at, in.len});

  xai_buffer_init(&out, 0);
  xai_buffer_init(&twice, 0);
  what = (int)input_number(&in, 2 * XAI_MARK_NUMBERS);
  require(xai_json_mark_values(in.at, in.len, "~", what, &out) >= 0);
  xai_buffer_clear(&out);
  what = ALL | (int)input_number(&in, 2) * XAI_MARK_SURROGATES_RAW;
  rc = xai_json_mark_values(in.at, in.len, "~", what, &out);
  require(rc == 0 ? xai_buffer_size(&out) == 0 : rc == 1);
  s = rc == 1 ? xai_buffer_data(&out) : in.at;
  n = rc == 1 ? xai_buffer_size(&out) : in.len;
  require(!has_losses(s, n));
  require(xai_json_mark_values(s, n, "~", what, &twice) == 0);
  xai_buffer_free(&out);
  xai_buffer_free(&twice);
  return 0;
}
