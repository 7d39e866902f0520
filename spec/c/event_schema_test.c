/*
** event_schema_test.c - what the events of each streaming API mean.
**
** A reading is written "meaning <visible text> FIELD a.b <delta>", without
** the parts that it does not have.
*/
#include "base/event_schema.h"

#include "check.h"

static const char *const meanings[] = {"data",   "end",  "done", "nothing",
                                       "broken", "deep", "error"};
static const char *const fields[] = {"",        "TEXT",      "REASONING",
                                     "SUMMARY", "ARGUMENTS", "SIGNATURE"};

/* A first event that says all which is the same in each. */
#define FIRST                                                                  \
  "{\"id\":\"x\",\"object\":\"o\",\"created\":1,\"model\":\"m\","              \
  "\"type\":\"t\",\"system_fingerprint\":\"f\",\"service_tier\":\"s\"}"

static void put_quoted(xai_Buffer *out, xai_Slice s) {
  xai_buffer_puts(out, " <");
  xai_buffer_append(out, s.at, s.len);
  xai_buffer_puts(out, ">");
}

static void write_down(xai_Buffer *out, const xai_EventInfo *r) {
  char part[64];
  xai_buffer_puts(out, meanings[r->meaning]);
  if (r->has_text) put_quoted(out, r->text);
  if (r->parts) xai_buffer_puts(out, " in parts");
  if (r->field == XAI_FIELD_NONE) return;
  snprintf(part, sizeof part, " %s %u.%u", fields[r->field], (unsigned)r->a,
           (unsigned)r->b);
  xai_buffer_puts(out, part);
  put_quoted(out, r->delta);
}

static void read_one(xai_EventSchema *d, const char *name, const char *data,
                     const char *expected) {
  xai_EventInfo r;
  xai_Buffer out;
  size_t n = strlen(data);
  char *copy = check_copy(data, n);
  check_note("%s: %s", name, data);
  xai_buffer_init(&out, 0);
  xai_event_schema_read(d, check_slice(name, strlen(name)),
                        check_slice(copy, n), &r);
  write_down(&out, &r);
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
  free(copy);
}

/* An event that is not the first, for a reader of choice 'want'. */
static void named(xai_Api api, long want, const char *name, const char *data,
                  const char *expected) {
  xai_EventSchema d;
  xai_event_schema_init(&d, api);
  d.want = want;
  read_one(&d, "message", FIRST, "data");
  read_one(&d, name, data, expected);
}

static void means(xai_Api api, const char *data, const char *expected) {
  named(api, 0, "message", data, expected);
}

/* ----------------------------------------------------- chat and completions */

#define CHAT(choice) "{\"id\":\"x\",\"choices\":[" choice "],\"model\":\"m\"}"

static void test_chat_text_is_read_and_can_be_remembered_by_itself(void) {
  means(XAI_API_CHAT, CHAT("{\"index\":0,\"delta\":{\"content\":\"a\\n\"}}"),
        "data <a\\n> TEXT 0.0 <a\\n>");
  means(XAI_API_CHAT,
        CHAT("{\"delta\":{\"role\":\"assistant\","
             "\"content\":\"\"},\"finish_reason\":null}"),
        "data <> TEXT 0.0 <>");
  means(XAI_API_CHAT,
        CHAT("{\"index\":0,\"delta\":{"
             "\"reasoning_content\":\"hm\",\"content\":null}}"),
        "data REASONING 0.0 <hm>");
  means(XAI_API_COMPLETIONS,
        CHAT("{\"index\":0,\"text\":\"a\","
             "\"logprobs\":null}"),
        "data <a> TEXT 0.0 <a>");
  means(XAI_API_CHAT,
        "{\"object\":\"o\",\"created\":1,\"usage\":null,"
        "\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
        "\"system_fingerprint\":\"f\",\"service_tier\":\"s\"}",
        "data <a> TEXT 0.0 <a>");
}

/* The first value of a member of the envelope is kept, whenever it comes. */
static void test_an_event_with_a_first_id_or_time_is_kept_whole(void) {
  static const char *const members[] = {
      "\"id\":\"x\"",     "\"created\":5",
      "\"model\":\"m\"",  "\"system_fingerprint\":\"f\"",
      "\"object\":\"o\"", "\"service_tier\":\"s\""};
  size_t i;
  for (i = 0; i < sizeof members / sizeof *members; i++) {
    char event[200];
    xai_EventSchema d;
    xai_event_schema_init(&d, XAI_API_CHAT);
    read_one(&d, "message", "{\"id\":\"\",\"model\":\"\",\"created\":0}",
             "data");
    read_one(&d, "message",
             "{\"id\":\"\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
             "data <a> TEXT 0.0 <a>");
    snprintf(event, sizeof event,
             "{%s,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", members[i]);
    read_one(&d, "message", event, "data <a>");
    read_one(&d, "message", event, "data <a> TEXT 0.0 <a>");
  }
}

static void test_the_first_event_is_kept_whole(void) {
  xai_EventSchema d;
  xai_event_schema_init(&d, XAI_API_CHAT);
  read_one(&d, "message", "  ", "nothing");
  read_one(&d, "message", CHAT("{\"delta\":{\"content\":\"a\"}}"), "data <a>");
  read_one(&d, "message", CHAT("{\"delta\":{\"content\":\"b\"}}"),
           "data <b> TEXT 0.0 <b>");
}

static void test_a_chunk_that_says_more_is_kept_whole(void) {
  means(XAI_API_CHAT,
        CHAT("{\"delta\":{\"content\":\"a\"},"
             "\"finish_reason\":\"stop\"}"),
        "data <a>");
  means(XAI_API_CHAT, CHAT("{\"delta\":{},\"finish_reason\":\"stop\"}"),
        "data");
  means(XAI_API_CHAT,
        CHAT("{\"delta\":{\"content\":\"a\","
             "\"reasoning_content\":\"b\"}}"),
        "data <a>");
  means(XAI_API_CHAT,
        CHAT("{\"delta\":{\"content\":\"a\","
             "\"tool_calls\":[{\"index\":0}]}}"),
        "data <a>");
  means(XAI_API_CHAT,
        CHAT("{\"delta\":{\"content\":\"a\"},"
             "\"logprobs\":{\"content\":[]}}"),
        "data <a>");
  means(XAI_API_CHAT, CHAT("{\"delta\":{\"refusal\":\"no\"}}"), "data");
  means(XAI_API_CHAT, CHAT("{\"delta\":{\"content\":null}}"), "data");
  means(XAI_API_CHAT, CHAT("{\"delta\":{\"content\":[\"a\"]}}"),
        "data <\"a\"> in parts");
  means(XAI_API_CHAT, CHAT(""), "data");
  means(XAI_API_CHAT,
        "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
        "\"usage\":{\"total_tokens\":1}}",
        "data <a>");
  means(XAI_API_CHAT,
        "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
        "\"citations\":[]}",
        "data <a>");
  means(XAI_API_CHAT, CHAT("{\"index\":\"0\",\"delta\":{\"content\":\"a\"}}"),
        "data <a>");
}

static void test_of_several_choices_the_wanted_one_has_the_text(void) {
  static const char one[] = CHAT("{\"index\":1,\"delta\":{\"content\":\"b\"}}");
  static const char both[] =
      CHAT("{\"index\":0,\"delta\":{\"content\":\"a\"}},"
           "{\"index\":1,\"delta\":{\"content\":\"b\"}}");
  named(XAI_API_CHAT, 0, "message", one, "data TEXT 1.0 <b>");
  named(XAI_API_CHAT, 1, "message", one, "data <b> TEXT 1.0 <b>");
  named(XAI_API_CHAT, 0, "message", both, "data <a>");
  named(XAI_API_CHAT, 1, "message", both, "data <b>");
  named(XAI_API_CHAT, 2, "message", both, "data");
}

/* ---------------------------------------------------------------- responses */

#define DELTA(type, more)                                                      \
  "{\"type\":\"response." type ".delta\",\"sequence_number\":4," more "}"

static void test_deltas_of_responses_are_read_by_their_type(void) {
  means(XAI_API_RESPONSES,
        DELTA("output_text", "\"item_id\":\"i\",\"output_index\":2,"
                             "\"content_index\":1,\"delta\":\"a\","
                             "\"logprobs\":[]"),
        "data <a> TEXT 2.1 <a>");
  means(XAI_API_RESPONSES,
        DELTA("reasoning_text", "\"output_index\":0,\"content_index\":3,"
                                "\"delta\":\"a\""),
        "data REASONING 0.3 <a>");
  means(XAI_API_RESPONSES,
        DELTA("reasoning_summary_text", "\"summary_index\":1,\"delta\":\"a\""),
        "data SUMMARY 0.1 <a>");
  means(XAI_API_RESPONSES,
        DELTA("function_call_arguments", "\"output_index\":7,"
                                         "\"delta\":\"{\\\"a\""),
        "data ARGUMENTS 7.0 <{\\\"a>");
}

static void test_a_delta_that_says_more_is_kept_whole(void) {
  means(XAI_API_RESPONSES,
        DELTA("output_text", "\"delta\":\"a\",\"logprobs\":[{\"x\":1}]"),
        "data <a>");
  means(XAI_API_RESPONSES,
        DELTA("output_text", "\"delta\":\"a\",\"obfuscation\":\"zz\""),
        "data <a>");
  means(XAI_API_RESPONSES,
        DELTA("output_text", "\"delta\":\"a\",\"output_index\":-1"),
        "data <a>");
  means(XAI_API_RESPONSES, DELTA("output_text", "\"delta\":{\"a\":1}"), "data");
  means(XAI_API_RESPONSES, DELTA("custom_tool_call_input", "\"delta\":\"a\""),
        "data");
  means(XAI_API_RESPONSES, DELTA("refusal", "\"delta\":\"a\""), "data");
}

static void test_the_type_counts_and_the_events_name_without_it(void) {
  static const char delta[] = "{\"output_index\":1,\"delta\":\"a\"}";
  named(XAI_API_RESPONSES, 0, "response.output_text.delta", delta,
        "data <a> TEXT 1.0 <a>");
  named(XAI_API_RESPONSES, 0, "ping", DELTA("output_text", "\"delta\":\"a\""),
        "data <a> TEXT 0.0 <a>");
  named(XAI_API_RESPONSES, 0, "response.completed", "{}", "end");
  named(XAI_API_MESSAGES, 0, "message_stop", "{}", "end");
}

static void test_responses_end_with_a_terminal_event(void) {
  means(XAI_API_RESPONSES, "{\"type\":\"response.completed\"}", "end");
  means(XAI_API_RESPONSES, "{\"type\":\"response.incomplete\"}", "end");
  means(XAI_API_RESPONSES, "{\"type\":\"response.done\"}", "end");
  means(XAI_API_RESPONSES, "{\"type\":\"response.failed\"}", "error");
  means(XAI_API_RESPONSES, "{\"type\":\"error\",\"message\":\"m\"}", "error");
  means(XAI_API_RESPONSES, "{\"type\":\"response.queued\"}", "data");
  means(XAI_API_RESPONSES, "{\"type\":\"response.output_text.done\"}", "data");
  means(XAI_API_RESPONSES, "{\"type\":\"response.brand_new\"}", "data");
}

#define BLOCK(delta) "{\"type\":\"content_block_delta\",\"delta\":{" delta "}}"

/* The visible text of a stream of these events; NULL ends them. */
static void shows(xai_Api api, const char *expected,
                  const char *const *events) {
  xai_EventSchema d;
  xai_EventInfo r;
  xai_Buffer out;
  unsigned surrogate = 0;
  xai_buffer_init(&out, 0);
  xai_event_schema_init(&d, api);
  for (; *events != NULL; events++) {
    size_t n = strlen(*events);
    char *copy = check_copy(*events, n);
    check_note("%s", *events);
    xai_event_schema_read(&d, check_slice("message", 7), check_slice(copy, n),
                          &r);
    if (r.has_text)
      CHECK(xai_event_schema_text(&r, &surrogate, &out) == XAI_OK);
    free(copy);
  }
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
}

#define AT(a, b) "\"output_index\":" #a ",\"content_index\":" #b
#define SAID(text) "{\"type\":\"output_text\",\"text\":\"" text "\"}"
#define TEXT_DELTA(a, b, text)                                                 \
  "{\"type\":\"response.output_text.delta\"," AT(a, b) ",\"delta\":\"" text    \
                                                       "\"}"
#define TEXT_DONE(a, b, text)                                                  \
  "{\"type\":\"response.output_text.done\"," AT(a, b) ",\"text\":\"" text "\"" \
                                                      "}"
#define PART_DONE(a, b, text)                                                  \
  "{\"type\":\"response.content_part.done\"," AT(a, b) ",\"part\":" SAID(      \
      text) "}"
#define MESSAGE(id, parts)                                                     \
  "{\"type\":\"message\",\"id\":\"" id "\",\"content\":[" parts "]}"
#define ITEM(what, a, item)                                                    \
  "{\"type\":\"response.output_item." what "\",\"output_index\":" #a           \
  ",\"item\":" item "}"
#define COMPLETED(output)                                                      \
  "{\"type\":\"response.completed\",\"response\":{\"output\":[" output "]}}"

static void test_the_text_of_a_response_is_shown_once(void) {
  static const char *const all[] = {ITEM("added", 0, MESSAGE("m", "")),
                                    TEXT_DELTA(0, 0, "a"),
                                    TEXT_DELTA(0, 0, "b"),
                                    TEXT_DONE(0, 0, "ab"),
                                    PART_DONE(0, 0, "ab"),
                                    ITEM("done", 0, MESSAGE("m", SAID("ab"))),
                                    COMPLETED(MESSAGE("m", SAID("ab"))),
                                    NULL};
  static const char *const late[] = {
      TEXT_DONE(0, 0, "ab"), TEXT_DELTA(0, 0, "ab"), COMPLETED(""), NULL};
  static const char *const parts[] = {PART_DONE(0, 0, "a"),
                                      PART_DONE(0, 1, "b"), NULL};
  static const char *const item[] = {
      ITEM("done", 0, MESSAGE("m", SAID("a") "," SAID("b"))), NULL};
  static const char *const rest[] = {
      TEXT_DELTA(0, 0, "a"),
      ITEM("done", 0, MESSAGE("m", SAID("a") "," SAID("\\u0062"))), NULL};
  static const char *const last[] = {
      COMPLETED("{\"type\":\"reasoning\",\"content\":[" SAID("x") "]}," MESSAGE(
          "m", SAID("a")) "," MESSAGE("n", SAID("b"))),
      NULL};
  static const char *const twice[] = {ITEM("done", 0, MESSAGE("m", SAID("a"))),
                                      ITEM("done", 0, MESSAGE("n", SAID("b"))),
                                      COMPLETED(""), NULL};
  static const char *const again[] = {
      ITEM("added", 0, MESSAGE("m", "")), TEXT_DONE(0, 0, "a"),
      ITEM("added", 0, MESSAGE("n", "")), TEXT_DONE(0, 0, "b"), NULL};
  static const char *const renamed[] = {
      ITEM("added", 0, MESSAGE("m", "")), TEXT_DELTA(0, 0, "a"),
      ITEM("done", 0, MESSAGE("n", SAID("a"))),
      ITEM("done", 0, MESSAGE("n", SAID("a"))), NULL};
  static const char *const refused[] = {
      PART_DONE(0, 0, ""), TEXT_DONE(0, 0, ""), TEXT_DELTA(0, 0, "ab"), NULL};
  shows(XAI_API_RESPONSES, "ab", all);
  shows(XAI_API_RESPONSES, "ab", late);
  shows(XAI_API_RESPONSES, "ab", parts);
  shows(XAI_API_RESPONSES, "ab", item);
  shows(XAI_API_RESPONSES, "ab", rest);
  shows(XAI_API_RESPONSES, "ab", last);
  shows(XAI_API_RESPONSES, "ab", twice);
  shows(XAI_API_RESPONSES, "ab", again);
  shows(XAI_API_RESPONSES, "a", renamed);
  shows(XAI_API_RESPONSES, "ab", refused);
}

/* Each of many parts in every way: its text is shown once. */
static void test_the_text_of_many_parts_is_shown_once(void) {
  static const int levels[] = {0, 1, 2, 3};
  xai_Buffer expected, out, item;
  xai_EventSchema d;
  xai_EventInfo r;
  unsigned surrogate = 0;
  size_t i;
  int n, k;
  char event[300];
  for (i = 0; i < sizeof levels / sizeof *levels; i++) {
    xai_buffer_init(&expected, 0);
    xai_buffer_init(&out, 0);
    xai_buffer_init(&item, 0);
    xai_event_schema_init(&d, XAI_API_RESPONSES);
    xai_buffer_puts(&item, "{\"type\":\"response.output_item.done\",\"item\":{"
                           "\"type\":\"message\",\"content\":[");
    for (n = 0; n < 3 * XAI_KNOWN_PARTS; n++) {
      static const char *const formats[] = {
          "{\"type\":\"response.output_text.delta\",\"content_index\":%d,"
          "\"delta\":\"<%d>\"}",
          "{\"type\":\"response.output_text.done\",\"content_index\":%d,"
          "\"text\":\"<%d>\"}",
          "{\"type\":\"response.content_part.done\",\"content_index\":%d,"
          "\"part\":{\"type\":\"output_text\",\"text\":\"<%d>\"}}"};
      snprintf(event, sizeof event, "<%d>", n);
      xai_buffer_puts(&expected, event);
      snprintf(event, sizeof event, "%s{\"text\":\"<%d>\"}", n ? "," : "", n);
      xai_buffer_puts(&item, event);
      for (k = levels[i]; k < 3; k++) {
        snprintf(event, sizeof event, formats[k], n, n);
        xai_event_schema_read(&d, check_slice("message", 7),
                              check_slice(event, strlen(event)), &r);
        if (r.has_text) xai_event_schema_text(&r, &surrogate, &out);
      }
    }
    xai_buffer_puts(&item, "]}}");
    for (k = 0; k < 2; k++) {
      xai_event_schema_read(
          &d, check_slice("message", 7),
          check_slice(xai_buffer_data(&item), xai_buffer_size(&item)), &r);
      if (r.has_text) xai_event_schema_text(&r, &surrogate, &out);
      if (levels[i] == 3) break; /* it cannot be known again */
    }
    CHECK(xai_buffer_terminate(&expected) == XAI_OK);
    CHECK_TEXT(xai_buffer_slice(&out), xai_buffer_data(&expected));
    xai_buffer_free(&expected);
    xai_buffer_free(&out);
    xai_buffer_free(&item);
  }
}

static void test_the_text_of_typed_parts_is_shown_and_no_other(void) {
  static const char *const list[] = {
      "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":"
      "\"a\"},"
      "{\"type\":\"reasoning\",\"text\":\"x\"},5,\"y\",[],"
      "{\"type\":\"text\",\"text\":\"\\ud83d\"}]}}]}",
      "{\"choices\":[{\"delta\":{\"content\":{\"type\":\"text\","
      "\"text\":\"\\ude00\"}}}]}",
      "{\"choices\":[{\"delta\":{\"content\":\"b\"}}]}", NULL};
  static const char *const whole[] = {
      "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}",
      "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", NULL};
  static const char *const places[] = {
      "{\"choices\":[{\"delta\":{\"content\":\"a\"}},"
      "{\"delta\":{\"content\":\"b\"}}]}",
      NULL};
  static const char *const blocks[] = {
      "{\"type\":\"message_start\",\"message\":{\"content\":[]}}",
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
      "{\"type\":\"text\",\"text\":\"a\"}}",
      BLOCK("\"text\":\"b\""), NULL};
  shows(XAI_API_CHAT,
        "a\xF0\x9F\x98\x80"
        "b",
        list);
  shows(XAI_API_CHAT, "a", whole);
  shows(XAI_API_CHAT, "a", places);
  shows(XAI_API_MESSAGES, "ab", blocks);
}

/* ---------------------------------------------------- messages and complete */

static void test_deltas_of_messages_are_read_with_and_without_index(void) {
  means(XAI_API_MESSAGES, BLOCK("\"type\":\"text_delta\",\"text\":\"a\""),
        "data <a> TEXT 0.0 <a>");
  means(XAI_API_MESSAGES,
        "{\"type\":\"content_block_delta\",\"index\":3,"
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}",
        "data <a> TEXT 4.0 <a>");
  means(XAI_API_MESSAGES, BLOCK("\"thinking\":\"a\""),
        "data REASONING 0.0 <a>");
  means(XAI_API_MESSAGES, BLOCK("\"partial_json\":\"\""),
        "data ARGUMENTS 0.0 <>");
  means(XAI_API_MESSAGES, BLOCK("\"signature\":\"a\""),
        "data SIGNATURE 0.0 <a>");
  means(XAI_API_MESSAGES, BLOCK("\"citation\":{\"a\":1}"), "data");
  means(XAI_API_MESSAGES, BLOCK("\"text\":\"a\",\"more\":1"), "data <a>");
  means(XAI_API_MESSAGES, BLOCK(""), "data");
}

static void test_messages_end_with_message_stop(void) {
  means(XAI_API_MESSAGES, "{\"type\":\"message_stop\"}", "end");
  means(XAI_API_MESSAGES, "{\"type\":\"message_delta\"}", "data");
  means(XAI_API_MESSAGES, "{\"type\":\"content_block_stop\"}", "data");
  means(XAI_API_MESSAGES, "{\"type\":\"ping\"}", "data");
  means(XAI_API_MESSAGES, "{\"type\":\"brand_new\"}", "data");
}

static void test_complete_ends_with_a_stop_reason(void) {
  means(XAI_API_COMPLETE,
        "{\"type\":\"completion\",\"completion\":\"a\",\"stop_reason\":null}",
        "data <a> TEXT 0.0 <a>");
  means(XAI_API_COMPLETE,
        "{\"completion\":\"a\",\"stop_reason\":\"stop_sequence\"}", "end <a>");
  means(XAI_API_COMPLETE, "{\"completion\":\"a\",\"more\":1}", "data <a>");
  means(XAI_API_COMPLETE, "{\"type\":\"ping\"}", "data");
}

/* ----------------------------------------------------------- failures, ends */

static void test_a_failure_is_known_in_each_of_its_shapes(void) {
  static const char *const shapes[] = {
      "{\"code\":\"c\",\"error\":\"e\"}", "{\"error\":\"e\"}",
      "{\"error\":{\"message\":\"e\",\"type\":\"t\"}}",
      "{\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"e\"}}"};
  static const xai_Api apis[] = {XAI_API_CHAT, XAI_API_RESPONSES,
                                 XAI_API_MESSAGES, XAI_API_COMPLETIONS,
                                 XAI_API_COMPLETE};
  size_t i, k;
  for (i = 0; i < sizeof apis / sizeof *apis; i++) {
    for (k = 0; k < sizeof shapes / sizeof *shapes; k++)
      means(apis[i], shapes[k], "error");
    named(apis[i], 0, "error", "{\"message\":\"e\"}", "error");
    named(apis[i], 0, "error", "no JSON at all", "error");
    means(apis[i], "{\"error\":null}", "data");
  }
}

static void test_the_marker_is_known_by_equality(void) {
  means(XAI_API_CHAT, "[DONE]", "done");
  means(XAI_API_CHAT, " [DONE]\t", "done");
  means(XAI_API_COMPLETIONS, "[DONE]", "done");
  means(XAI_API_OTHER, "[DONE]", "done");
  means(XAI_API_RESPONSES, "[DONE]", "nothing");
  means(XAI_API_MESSAGES, "[DONE]", "nothing");
  means(XAI_API_COMPLETE, "[DONE]", "nothing");
  means(XAI_API_CHAT, "[DONE]x", "broken");
  means(XAI_API_CHAT, "[done]", "broken");
  means(XAI_API_CHAT, "\"[DONE]\"", "broken");
}

static void test_what_is_no_whole_object_cannot_be_trusted(void) {
  means(XAI_API_CHAT, "5", "broken");
  means(XAI_API_CHAT, "[1]", "broken");
  means(XAI_API_CHAT, "not JSON", "broken");
  means(XAI_API_CHAT, "{\"choices\":[", "broken");
  means(XAI_API_RESPONSES, "{\"type\":\"response.completed\"", "broken");
  means(XAI_API_OTHER, "7", "broken");
}

static void test_what_keeps_a_line_alive_is_nothing(void) {
  static const char *const names[] = {"ping",       "keep-alive", "keepalive",
                                      "keep_alive", "heartbeat",  "Heart-Beat",
                                      "keepAlive",  "HEART_BEAT"};
  static const xai_Api apis[] = {XAI_API_CHAT,     XAI_API_RESPONSES,
                                 XAI_API_MESSAGES, XAI_API_COMPLETIONS,
                                 XAI_API_COMPLETE, XAI_API_OTHER};
  size_t i, k;
  for (i = 0; i < sizeof apis / sizeof *apis; i++) {
    means(apis[i], "", "nothing");
    means(apis[i], " null ", "nothing");
    means(apis[i], "\"\"", "nothing");
    for (k = 0; k < sizeof names / sizeof *names; k++) {
      named(apis[i], 0, names[k], "2026-11-30", "nothing");
      named(apis[i], 0, names[k], "{half", "nothing");
      named(apis[i], 0, names[k], "null", "nothing");
    }
    named(apis[i], 0, "pings", "2026-11-30", "broken");
    named(apis[i], 0, "pin", "2026-11-30", "broken");
  }
  CHECK(!xai_event_schema_is_ping(check_slice("ping\0", 5),
                                  check_slice("2026", 4)));
  named(XAI_API_CHAT, 0, "ping", "{\"time\":1}", "nothing");
  named(XAI_API_MESSAGES, 0, "ping", "{\"type\":\"ping\"}", "data");
}

static void test_what_nobody_knows_is_handed_on(void) {
  means(XAI_API_CHAT, "{\"choices\":5}", "data");
  means(XAI_API_CHAT, "{\"choices\":[5,null,\"a\",[]]}", "data");
  means(XAI_API_OTHER, "{\"error\":\"e\"}", "data");
  named(XAI_API_OTHER, 0, "error", "{}", "data");
}

/* Read a list of events: is the end proven, cleanly ended or not? */
static void ends(xai_Api api, const char *const *events, int clean,
                 int broken) {
  xai_EventSchema d;
  xai_EventInfo r;
  xai_event_schema_init(&d, api);
  for (; *events != NULL; events++) {
    check_note("%s", *events);
    xai_event_schema_read(&d, check_slice("message", 7),
                          check_slice(*events, strlen(*events)), &r);
  }
  CHECK(xai_event_schema_complete(&d, 1) == clean);
  CHECK(xai_event_schema_complete(&d, 0) == broken);
}

#define TEXT_0 "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}"
#define TEXT_1 "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}"
#define STOP_0 "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}"
#define STOP_1 "{\"choices\":[{\"index\":1,\"finish_reason\":\"stop\"}]}"
#define STOP_127 "{\"choices\":[{\"index\":127,\"finish_reason\":\"stop\"}]}"
#define STOP_128 "{\"choices\":[{\"index\":128,\"finish_reason\":\"stop\"}]}"
#define STOP_FAR                                                               \
  "{\"choices\":[{\"index\":16777216,\"finish_reason\":\"stop\"}]}"

static void test_the_end_is_proven_or_it_is_not_the_end(void) {
  static const char *const none[] = {NULL};
  static const char *const text[] = {TEXT_0, NULL};
  static const char *const stop[] = {TEXT_0, STOP_0, "{\"choices\":[]}", NULL};
  static const char *const one[] = {TEXT_0, TEXT_1, STOP_1, STOP_1, NULL};
  static const char *const both[] = {TEXT_0, STOP_1, TEXT_1, STOP_0, NULL};
  static const char *const last[] = {STOP_127, NULL};
  static const char *const beyond[] = {STOP_128, STOP_FAR, NULL};
  static const char *const done[] = {TEXT_0, "[DONE]", NULL};
  static const char *const other[] = {"{\"type\":\"message_stop\"}", NULL};
  ends(XAI_API_CHAT, none, 0, 0);
  ends(XAI_API_CHAT, text, 0, 0);
  ends(XAI_API_CHAT, stop, 1, 0);
  ends(XAI_API_CHAT, one, 0, 0);
  ends(XAI_API_CHAT, both, 1, 0);
  ends(XAI_API_CHAT, last, 1, 0);
  ends(XAI_API_CHAT, beyond, 0, 0);
  ends(XAI_API_CHAT, done, 1, 1);
  ends(XAI_API_COMPLETIONS, stop, 1, 0);
  ends(XAI_API_MESSAGES, none, 0, 0);
  ends(XAI_API_MESSAGES, done, 0, 0);
  ends(XAI_API_MESSAGES, other, 1, 1);
  ends(XAI_API_RESPONSES, other, 0, 0);
  ends(XAI_API_RESPONSES, done, 0, 0);
  ends(XAI_API_COMPLETE, text, 0, 0);
  ends(XAI_API_OTHER, none, 1, 0);
  ends(XAI_API_OTHER, text, 1, 0);
  ends(XAI_API_OTHER, done, 1, 1);
}

/* Expects "index FIELD <text> <reason>", or "" for what must be decoded. */
static void chunk(xai_Api api, const char *data, const char *expected) {
  xai_EventSchema d;
  xai_ChunkPart part;
  xai_Buffer out;
  char number[32];
  size_t n = strlen(data);
  char *copy = check_copy(data, n);
  check_note("%s", data);
  xai_buffer_init(&out, 0);
  xai_event_schema_init(&d, api);
  if (xai_event_schema_chunk_part(&d, check_slice(copy, n), &part)) {
    snprintf(number, sizeof number, "%u ", (unsigned)part.index);
    xai_buffer_puts(&out, number);
    xai_buffer_puts(&out, fields[part.field]);
    put_quoted(&out, part.text);
    put_quoted(&out, part.reason);
    if (part.usage.len > 0) put_quoted(&out, part.usage);
  }
  CHECK_TEXT(xai_buffer_slice(&out), expected);
  xai_buffer_free(&out);
  free(copy);
}

#define CHOICE(inside)                                                         \
  "{\"id\":\"x\",\"choices\":[{" inside "}],\"usage\":null}"

static void test_a_chunk_of_one_text_or_reason_needs_no_decoding(void) {
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{\"content\":\"a\"}"), "0 TEXT <a> <>");
  chunk(XAI_API_CHAT,
        CHOICE("\"index\":2,\"delta\":{\"role\":\"assistant\","
               "\"content\":\"a\\n\",\"refusal\":null}"),
        "2 TEXT <a\\n> <>");
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{\"reasoning_content\":\"r\"}"),
        "0 REASONING <r> <>");
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{},\"finish_reason\":\"stop\""),
        "0  <> <stop>");
  chunk(XAI_API_CHAT,
        CHOICE("\"delta\":{\"content\":\"\"},\"finish_reason\":\"\""),
        "0 TEXT <> <>");
  chunk(XAI_API_COMPLETIONS,
        CHOICE("\"text\":\"\",\"finish_reason\":\"length\""),
        "0 TEXT <> <length>");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"created\":5}", "0  <> <>");
}

static void test_a_chunk_of_a_usage_alone_has_only_that_decoded(void) {
  chunk(XAI_API_CHAT, "{\"choices\":[],\"usage\":{\"total_tokens\":1}}",
        "0  <> <> <{\"total_tokens\":1}>");
  chunk(XAI_API_COMPLETIONS, "{\"usage\":{},\"id\":\"x\",\"choices\":[]}",
        "0  <> <> <{}>");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"usage\":{},\"usage\":{}}", "");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"usage\":[1]}", "");
  chunk(XAI_API_CHAT, "{\"usage\":{}}", "");
  chunk(XAI_API_CHAT, "{\"choices\":[{\"delta\":{}}],\"usage\":{}}", "");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"usage\":{},\"citations\":[]}", "");
}

static void test_a_chunk_that_has_more_is_to_be_decoded(void) {
  chunk(XAI_API_CHAT,
        CHOICE("\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\""), "");
  chunk(XAI_API_CHAT,
        CHOICE("\"delta\":{\"content\":\"a\",\"reasoning\":\"b\"}"), "");
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{\"content\":[]}"), "");
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{\"tool_calls\":[]}"), "");
  chunk(XAI_API_CHAT, CHOICE("\"message\":{\"content\":\"a\"}"), "");
  chunk(XAI_API_CHAT, CHOICE("\"index\":-1,\"delta\":{}"), "");
  chunk(XAI_API_CHAT, CHOICE("\"delta\":{}},{\"delta\":{}"), "");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"citations\":[\"a\"]}", "");
  chunk(XAI_API_CHAT, "{\"choices\":[],\"choices\":[]}", "");
  chunk(XAI_API_CHAT, "{\"choices\":[5]}", "");
  chunk(XAI_API_CHAT, "{\"choices\":{}}", "");
  chunk(XAI_API_CHAT, "{\"type\":\"ping\"}", "");
  chunk(XAI_API_CHAT, "[1]", "");
  chunk(XAI_API_MESSAGES, CHOICE("\"delta\":{\"content\":\"a\"}"), "");
  chunk(XAI_API_RESPONSES, CHOICE("\"delta\":{\"content\":\"a\"}"), "");
}

int main(void) {
  RUN(test_chat_text_is_read_and_can_be_remembered_by_itself);
  RUN(test_the_first_event_is_kept_whole);
  RUN(test_an_event_with_a_first_id_or_time_is_kept_whole);
  RUN(test_a_chunk_that_says_more_is_kept_whole);
  RUN(test_of_several_choices_the_wanted_one_has_the_text);
  RUN(test_deltas_of_responses_are_read_by_their_type);
  RUN(test_a_delta_that_says_more_is_kept_whole);
  RUN(test_the_type_counts_and_the_events_name_without_it);
  RUN(test_the_text_of_a_response_is_shown_once);
  RUN(test_the_text_of_many_parts_is_shown_once);
  RUN(test_the_text_of_typed_parts_is_shown_and_no_other);
  RUN(test_responses_end_with_a_terminal_event);
  RUN(test_deltas_of_messages_are_read_with_and_without_index);
  RUN(test_messages_end_with_message_stop);
  RUN(test_complete_ends_with_a_stop_reason);
  RUN(test_a_failure_is_known_in_each_of_its_shapes);
  RUN(test_the_marker_is_known_by_equality);
  RUN(test_what_is_no_whole_object_cannot_be_trusted);
  RUN(test_what_keeps_a_line_alive_is_nothing);
  RUN(test_what_nobody_knows_is_handed_on);
  RUN(test_the_end_is_proven_or_it_is_not_the_end);
  RUN(test_a_chunk_of_one_text_or_reason_needs_no_decoding);
  RUN(test_a_chunk_of_a_usage_alone_has_only_that_decoded);
  RUN(test_a_chunk_that_has_more_is_to_be_decoded);
  return check_done();
}
