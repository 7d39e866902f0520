/*
** event_template_test.c - events that repeat an earlier one but for their text.
*/
#include "base/event_template.h"

#include "check.h"

#define CHAT(text)                                                             \
  "{\"id\":\"x\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"" text     \
  "\"}}],\"model\":\"m\"}"
#define DELTA(number, text)                                                    \
  "{\"type\":\"response.output_text.delta\",\"sequence_number\":" number       \
  ",\"output_index\":2,\"delta\":\"" text "\",\"logprobs\":[]}"

/* What is the same in each event. */
#define FIRST                                                                  \
  "{\"id\":\"x\",\"created\":1,\"model\":\"m\",\"system_fingerprint\":\"f\"}"

/* A schema after its first event; choice 1 is wanted. */
static xai_EventSchema schema;
static xai_EventTemplate template;

static xai_Slice of(const char *s) { return check_slice(s, strlen(s)); }

static int same(xai_Slice a, xai_Slice b) {
  return a.at == b.at && a.len == b.len;
}

/* Those that differ are some of all. */
static void check_varying(const xai_EventInfo *r, const xai_EventInfo *full) {
  int i, k;
  for (i = 0; i < r->varying; i++) {
    for (k = 0; k < full->varying;)
      if (same(r->varying_field[i], full->varying_field[k++])) break;
    CHECK(k > 0 && same(r->varying_field[i], full->varying_field[k - 1]));
  }
}

static void read_in_full(xai_Slice name, xai_Slice data, xai_EventInfo *r) {
  xai_EventSchema d = schema;
  xai_event_schema_read(&d, name, data, r);
}

/* Begin anew with this event as the template. */
static void learn(xai_Api api, const char *name, const char *data) {
  xai_EventInfo r;
  xai_event_schema_init(&schema, api);
  schema.want = 1;
  xai_event_schema_read(&schema, of("message"), of(FIRST), &r);
  xai_event_template_init(&template);
  read_in_full(of(name), of(data), &r);
  xai_event_template_learn(&template, of(name), of(data), &r);
}

/* Does the event repeat the template?  If so: with the same reading. */
static int repeats(const char *name, const char *data) {
  size_t n = strlen(data);
  char *copy = check_copy(data, n);
  xai_Slice event = check_slice(copy, n);
  xai_EventInfo r, full;
  int match = xai_event_template_match(&template, of(name), event, &r);
  check_note("%s: %s", name, data);
  read_in_full(of(name), event, &full);
  if (match) {
    CHECK(r.meaning == full.meaning && r.has_text == full.has_text);
    CHECK(r.field == full.field && r.a == full.a && r.b == full.b);
    CHECK(same(r.delta, full.delta) && same(r.text, full.text));
    check_varying(&r, &full);
    CHECK(r.template_serial == template.serial && r.template_serial != 0);
  }
  free(copy);
  return match;
}

static void test_an_event_alike_but_for_its_text_repeats_the_template(void) {
  learn(XAI_API_CHAT, "message", CHAT("a"));
  CHECK(repeats("message", CHAT("a")));
  CHECK(repeats("message", CHAT("")));
  CHECK(repeats("message", CHAT("longer than the first")));
  CHECK(repeats("message", CHAT("\xC3\xA9 \\n \\\" \\\\ \\u00e9 \\ud83d")));
  CHECK(repeats("message", CHAT("\\u0000")));
  CHECK(!repeats("error", CHAT("a")));
  CHECK(!repeats("message ", CHAT("a")));
  CHECK(!repeats("message", CHAT("a") " "));
  CHECK(!repeats("message", CHAT("a\",\"role\":\"b")));
  xai_event_template_free(&template);
}

static void test_the_sequence_number_may_differ(void) {
  learn(XAI_API_RESPONSES, "delta", DELTA("9", "a"));
  CHECK(repeats("delta", DELTA("10", "b")));
  CHECK(repeats("delta", DELTA("0", "b")));
  CHECK(repeats("delta", DELTA("123456789012345", "b")));
  CHECK(!repeats("delta", DELTA("1234567890123456", "b")));
  CHECK(!repeats("delta", DELTA("01", "b")));
  CHECK(!repeats("delta", DELTA("-1", "b")));
  CHECK(!repeats("delta", DELTA("", "b")));
  CHECK(!repeats("delta", DELTA("1.5", "b")));
  CHECK(!repeats("delta", DELTA("null", "b")));
  xai_event_template_free(&template);
}

static void test_the_sequence_number_may_come_last(void) {
  static const char text[] =
      "{\"type\":\"response.output_text.delta\",\"delta\":\"%s\","
      "\"sequence_number\":%s}";
  char event[200];
  snprintf(event, sizeof event, text, "a", "5");
  learn(XAI_API_RESPONSES, "message", event);
  snprintf(event, sizeof event, text, "b", "678");
  CHECK(repeats("message", event));
  snprintf(event, sizeof event, text, "b", "67x");
  CHECK(!repeats("message", event));
  xai_event_template_free(&template);
}

/* Change the event at each place: a byte less, more, or another one. */
static void change_everywhere(const char *event) {
  static const char odd[] = "\"\\{}[],: 0a\n";
  char text[400];
  size_t n = strlen(event), i, k;
  for (i = 0; i <= n; i++) {
    memcpy(text, event, i);
    text[i] = '\0';
    CHECK(repeats("message", text) == (i == n));
    strcpy(text + i, i < n ? event + i + 1 : "");
    if (i < n) repeats("message", text);
    for (k = 0; k < sizeof odd - 1; k++) {
      memcpy(text, event, i);
      text[i] = odd[k];
      strcpy(text + i + 1, event + i);
      repeats("message", text);
      strcpy(text + i + 1, i < n ? event + i + 1 : "");
      if (i < n) repeats("message", text);
    }
  }
}

#define VARYING(id, created, text, print)                                      \
  "{\"id\":\"" id "\",\"created\":" created                                    \
  ",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"" text                  \
  "\"}}],\"system_fingerprint\":\"" print "\"}"

/* Learn another event on top. */
static void learn_more(const char *data) {
  xai_EventInfo r;
  read_in_full(of("message"), of(data), &r);
  xai_event_template_learn(&template, of("message"), of(data), &r);
}

static void test_varying_fields_that_were_seen_to_differ_may_differ(void) {
  learn(XAI_API_CHAT, "message", VARYING("a", "1", "x", "f"));
  CHECK(repeats("message", VARYING("a", "1", "y", "f")));
  CHECK(!repeats("message", VARYING("b", "1", "y", "f")));
  learn_more(VARYING("b", "1", "y", "f"));
  CHECK(repeats("message", VARYING("a longer one", "1", "", "f")));
  CHECK(repeats("message", VARYING("", "1", "z", "f")));
  CHECK(!repeats("message", VARYING("b", "2", "y", "f")));
  CHECK(!repeats("message", VARYING("b\n", "1", "y", "f")));
  CHECK(!repeats("message", VARYING("b\\q", "1", "y", "f")));
  learn_more(VARYING("b", "2", "y", "g\\u00e9"));
  CHECK(repeats("message", VARYING("c", "1754584012", "z", "h\\\"")));
  CHECK(!repeats("message", VARYING("c", "1.5", "z", "h")));
  CHECK(!repeats("message", VARYING("c", "\"1\"", "z", "h")));
  CHECK(!repeats("message", VARYING("c", "null", "z", "h")));
  change_everywhere(VARYING("d", "3", "zz", "i"));
  xai_event_template_free(&template);
}

static void test_varying_fields_that_are_no_plain_ones_are_no_template(void) {
  learn(XAI_API_CHAT, "message", VARYING("a", "1", "x", "f"));
  learn_more(VARYING("a", "1.5", "x", "f"));
  CHECK(!repeats("message", VARYING("a", "1.5", "x", "f")));
  learn_more(VARYING("a", "1", "x", "f")); /* forgotten: anew */
  CHECK(repeats("message", VARYING("a", "1", "y", "f")));
  CHECK(!repeats("message", VARYING("a", "2", "y", "f")));
  learn_more(VARYING("a", "\"1\"", "x", "f")); /* of another kind */
  CHECK(repeats("message", VARYING("a", "\"1\"", "y", "f")));
  CHECK(!repeats("message", VARYING("a", "\"2\"", "y", "f")));
  xai_event_template_free(&template);
}

static void test_nul_is_no_escape(void) {
  static const char event[] = CHAT("\\\0");
  xai_EventInfo r;
  learn(XAI_API_CHAT, "message", CHAT("a"));
  CHECK(!xai_event_template_match(&template, of("message"),
                                  check_slice(event, sizeof event - 1), &r));
  xai_event_template_free(&template);
}

static void test_a_text_that_is_no_json_string_repeats_nothing(void) {
  learn(XAI_API_CHAT, "message", CHAT("a"));
  CHECK(!repeats("message", CHAT("\n")));
  CHECK(!repeats("message", CHAT("\x1F")));
  CHECK(!repeats("message", CHAT("\\x")));
  CHECK(!repeats("message", CHAT("\\u12")));
  CHECK(!repeats("message", CHAT("\\u12g4")));
  CHECK(!repeats("message", CHAT("a\\")));
  xai_event_template_free(&template);
}

static void test_whatever_repeats_means_what_reading_it_would_tell(void) {
  learn(XAI_API_CHAT, "message", CHAT("ab"));
  change_everywhere(CHAT("xyz"));
  xai_event_template_free(&template);
  learn(XAI_API_RESPONSES, "message", DELTA("41", "ab"));
  change_everywhere(DELTA("42", "xyz"));
  xai_event_template_free(&template);
  learn(XAI_API_MESSAGES, "message",
        "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}");
  change_everywhere("{\"type\":\"content_block_delta\",\"delta\":{\"text\":"
                    "\"b\"}}");
  xai_event_template_free(&template);
}

static void learns_nothing(xai_Api api, const char *data) {
  learn(api, "message", data);
  CHECK(!repeats("message", data));
  xai_event_template_free(&template);
}

static void test_what_says_more_than_a_delta_is_no_template(void) {
  static char big[9000];
  size_t n = strlen(CHAT(""));
  learns_nothing(XAI_API_CHAT, "{\"choices\":[]}");
  learns_nothing(XAI_API_CHAT, "[DONE]");
  learns_nothing(XAI_API_CHAT, "");
  learns_nothing(XAI_API_RESPONSES, "{\"type\":\"response.completed\"}");
  learns_nothing(XAI_API_RESPONSES, DELTA("01", "a"));
  learns_nothing(XAI_API_RESPONSES, DELTA("-1", "a"));
  learns_nothing(XAI_API_RESPONSES, DELTA("1234567890123456", "a"));
  memcpy(big, CHAT(""), n);
  memset(big + n, ' ', sizeof big - n - 1);
  learns_nothing(XAI_API_CHAT, big);
}

static void test_a_new_template_takes_the_place_of_the_old_one(void) {
  xai_EventInfo r;
  unsigned long serial;
  learn(XAI_API_CHAT, "message", CHAT("a"));
  serial = template.serial;
  read_in_full(of("other"), of(CHAT("a")), &r);
  xai_event_template_learn(&template, of("other"), of(CHAT("a")), &r);
  CHECK(template.serial != serial);
  CHECK(!repeats("message", CHAT("a")));
  CHECK(repeats("other", CHAT("b")));
  xai_event_template_forget(&template);
  CHECK(!repeats("other", CHAT("b")));
  xai_event_template_free(&template);
}

static void test_a_filled_template_is_the_event_with_another_text(void) {
  xai_Buffer out;
  xai_buffer_init(&out, 0);
  learn(XAI_API_CHAT, "message", CHAT("a"));
  CHECK(xai_event_template_fill(&template, "M", &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), CHAT("Mt"));
  xai_event_template_free(&template);
  learn(XAI_API_RESPONSES, "delta", DELTA("9", "a"));
  xai_buffer_clear(&out);
  CHECK(xai_event_template_fill(&template, "M", &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), DELTA("\"MA\"", "Mt"));
  xai_event_template_free(&template);
  learn(XAI_API_CHAT, "message", VARYING("a", "1", "x", "f"));
  learn_more(VARYING("b", "2", "y", "f"));
  xai_buffer_clear(&out);
  CHECK(xai_event_template_fill(&template, "M", &out) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&out), VARYING("MA", "\"MB\"", "Mt", "f"));
  xai_event_template_free(&template);
  xai_buffer_free(&out);
}

int main(void) {
  RUN(test_an_event_alike_but_for_its_text_repeats_the_template);
  RUN(test_the_sequence_number_may_differ);
  RUN(test_the_sequence_number_may_come_last);
  RUN(test_varying_fields_that_were_seen_to_differ_may_differ);
  RUN(test_varying_fields_that_are_no_plain_ones_are_no_template);
  RUN(test_nul_is_no_escape);
  RUN(test_a_text_that_is_no_json_string_repeats_nothing);
  RUN(test_whatever_repeats_means_what_reading_it_would_tell);
  RUN(test_what_says_more_than_a_delta_is_no_template);
  RUN(test_a_new_template_takes_the_place_of_the_old_one);
  RUN(test_a_filled_template_is_the_event_with_another_text);
  return check_done();
}
