/*
** event_reader_cases.h - what the fixtures' streams say, worked out by hand.
*/
#ifndef EVENT_READER_CASES_H
#define EVENT_READER_CASES_H

#include "base/event_reader.h"
#include "check.h"

/*
** The log is written E for an event that is kept whole, and T R S A G
** (text, reasoning, summary, arguments, signature) with its part for deltas
** that are joined.
*/
typedef struct EventReaderCase {
  const char *name;
  xai_Api api;
  const char *text;
  int events; /* handed on, the failure and the marker not counted */
  const char *log;
  xai_ReadState end;
  const char *marker; /* the line that proves the end */
  const char *finish; /* the last line that does when the transfer ends well */
} EventReaderCase;

#define DONE "data: [DONE]"
#define STOP "\"finish_reason\":\"stop\""
#define TOOL "\"finish_reason\":\"tool_calls\""
#define MESSAGE_STOP "{\"type\":\"message_stop\"}"
#define COMPLETED "\"type\":\"response.completed\""
#define INCOMPLETE "\"type\":\"response.incomplete\""
#define OSLO "{\\\"city\\\":\\\"Oslo\\\",\\\"unit\\\":\\\"C\\\"}"
#define THOUGHT(first, second)                                                 \
  "EER" first ".0<The user wants live weather, so the tool is needed.\\n>"     \
  "G" first ".0<c2lnbmF0dXJlLXBsYWNlaG9sZGVy>EEA" second                       \
  ".0<{\\\"city\\\":\\\"Oslo\\\"}>EEE"
#define ALERT                                                                  \
  "The alert level was lowered.[[1]](https://volcano.example.org/status)"      \
  " Activity is weak."

static const EventReaderCase event_reader_cases[] = {
    {"chat-completion.stream.basic.sse", XAI_API_CHAT, "Reykjavik.", 5,
     "ET0.0<javik.>EE", XAI_READ_END, DONE, STOP},
    {"chat-completion.stream.citations.sse", XAI_API_CHAT,
     "It reopened on 3 March.", 3, "EEE", XAI_READ_END, DONE, STOP},
    {"chat-completion.stream.error-midway.sse", XAI_API_CHAT, "The answer", 1,
     "E", XAI_READ_ERROR, NULL, NULL},
    {"chat-completion.stream.keepalive-crlf.sse", XAI_API_CHAT, "ok", 2, "EE",
     XAI_READ_END, DONE, STOP},
    {"chat-completion.stream.no-usage.sse", XAI_API_CHAT,
     "Hi \xF0\x9F\x91\x8B\xF0\x9F\x8F\xBD", 3,
     "ET0.0< \xF0\x9F\x91\x8B\xF0\x9F\x8F\xBD>E", XAI_READ_END, DONE, STOP},
    {"chat-completion.stream.reasoning.sse", XAI_API_CHAT,
     "No, 221 is 13 \xC3\x97 17.", 7,
     "ER0.0< \xC3\x97 17 = 221.\\n>T0.0<No, 221 is 13 \xC3\x97 17.>EE",
     XAI_READ_END, DONE, STOP},
    {"chat-completion.stream.tool-calls-split.sse", XAI_API_CHAT, "", 4, "EEEE",
     XAI_READ_END, DONE, TOOL},
    {"chat-completion.stream.tool-calls.sse", XAI_API_CHAT, "", 5, "EEEEE",
     XAI_READ_END, DONE, TOOL},
    {"chat-completion.stream.truncated.sse", XAI_API_CHAT,
     "The connection dies he", 1, "E", XAI_READ_FAILED, NULL, NULL},
    {"chat-completion.stream.two-choices.sse", XAI_API_CHAT, "Red", 4,
     "ET1.0<Blue>EE", XAI_READ_END, DONE, STOP},
    {"complete.stream.sse", XAI_API_COMPLETE, " Hello!", 3, "EEE", XAI_READ_END,
     "\"stop_sequence\"", NULL},
    {"completions.stream.sse", XAI_API_COMPLETIONS, "16, ", 3, "EEE",
     XAI_READ_END, DONE, "\"finish_reason\":\"length\""},
    {"messages.stream.error.sse", XAI_API_MESSAGES, "Twen", 3, "EET0.0<Twen>",
     XAI_READ_ERROR, NULL, NULL},
    {"messages.stream.ping.sse", XAI_API_MESSAGES, "23", 8, "EEEET1.0<23>EEE",
     XAI_READ_END, MESSAGE_STOP, NULL},
    {"messages.stream.text.sse", XAI_API_MESSAGES, "Twenty-three", 7,
     "EET0.0<Twenty-three>EEE", XAI_READ_END, MESSAGE_STOP, NULL},
    {"messages.stream.thinking-tool-use.indexed.sse", XAI_API_MESSAGES, "", 12,
     THOUGHT("1", "2"), XAI_READ_END, MESSAGE_STOP, NULL},
    {"messages.stream.thinking-tool-use.sse", XAI_API_MESSAGES, "", 12,
     THOUGHT("0", "0"), XAI_READ_END, MESSAGE_STOP, NULL},
    {"responses.stream.data-only-done.sse", XAI_API_RESPONSES, "ok", 9,
     "EEEET0.0<ok>EEEE", XAI_READ_END, COMPLETED, NULL},
    {"responses.stream.error-first.sse", XAI_API_RESPONSES, "", 0, "",
     XAI_READ_ERROR, NULL, NULL},
    {"responses.stream.failed.sse", XAI_API_RESPONSES, "", 2, "EE",
     XAI_READ_ERROR, NULL, NULL},
    {"responses.stream.function-call-split.sse", XAI_API_RESPONSES, "", 8,
     "EEEA0.0<" OSLO ">EEE", XAI_READ_END, COMPLETED, NULL},
    {"responses.stream.function-call.sse", XAI_API_RESPONSES, "", 13,
     "EEEES0.0<The weather tool fits.\\n>EEEEA1.0<" OSLO ">EEE", XAI_READ_END,
     COMPLETED, NULL},
    {"responses.stream.incomplete.sse", XAI_API_RESPONSES,
     "Long ago, where the river bends", 10,
     "EEEET0.0<Long ago, where the river bends>EEEE", XAI_READ_END, INCOMPLETE,
     NULL},
    {"responses.stream.reasoning-text.sse", XAI_API_RESPONSES, "144", 14,
     "EEEER0.0<Square of twelve.>EEEET1.0<144>EEEE", XAI_READ_END, COMPLETED,
     NULL},
    {"responses.stream.reasoning.sse", XAI_API_RESPONSES, "144", 17,
     "EEEES0.0<Square of twelve.\\n>EEEEET1.0<144>EEEE", XAI_READ_END,
     COMPLETED, NULL},
    {"responses.stream.search-tools.sse", XAI_API_RESPONSES, ALERT, 21,
     "EEEEEEEEEEEEET2.0<" ALERT ">EEEEEE", XAI_READ_END, COMPLETED, NULL},
    {"responses.stream.text.sse", XAI_API_RESPONSES,
     "Basalt forms oceans\xE2\x80\x99 floor.", 11,
     "EEEET0.0<Basalt forms oceans\xE2\x80\x99 floor.>EEEE", XAI_READ_END,
     COMPLETED, NULL},
};

#define EVENT_READER_CASES                                                     \
  (sizeof event_reader_cases / sizeof *event_reader_cases)

#endif
