/*
** sse_cases.h - event streams and what they say.
**
** Worked out by hand from the WHATWG HTML standard, section 9.2.6.  An event
** is written [name|data|id].  Bytes that are no UTF-8 pass unchanged here.
*/
#ifndef SSE_CASES_H
#define SSE_CASES_H

#include "check.h"

typedef struct SseCase {
  const char *why;
  const char *in;
  size_t in_len;
  const char *out;
  size_t out_len;
} SseCase;

#define BOM "\xEF\xBB\xBF"

static const SseCase sse_cases[] = {
    /* the examples of the standard */
    {"three data lines", LIT("data: YHOO\ndata: +2\ndata: 10\n\n"),
     LIT("[message|YHOO\n+2\n10|]")},
    {"comment, id, cleared id, unfinished block",
     LIT(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n"
         "\ndata:  third event"),
     LIT("[message|first event|1][message|second event|]")},
    {"data without colon", LIT("data\n\ndata\ndata\n\ndata:"),
     LIT("[message||][message|\n|]")},
    {"the space is optional", LIT("data:test\n\ndata: test\n\n"),
     LIT("[message|test|][message|test|]")},

    /* line ends */
    {"CR", LIT("data: a\r\rdata: b\r\r"), LIT("[message|a|][message|b|]")},
    {"CRLF", LIT("data: a\r\n\r\ndata: b\r\n\r\n"),
     LIT("[message|a|][message|b|]")},
    {"all in one event", LIT("data: a\r\ndata: b\rdata: c\ndata: d\n\r\n"),
     LIT("[message|a\nb\nc\nd|]")},
    {"LF, then CR", LIT("data: a\n\rdata: b\n\r"),
     LIT("[message|a|][message|b|]")},
    {"CR, then CRLF", LIT("data: a\r\r\ndata: b\n\n"),
     LIT("[message|a|][message|b|]")},
    {"CRLF, then LF", LIT("data: a\r\n\ndata: b\n\n"),
     LIT("[message|a|][message|b|]")},
    {"CRLF, then CR at the end of input", LIT("data: a\r\n\r"),
     LIT("[message|a|]")},
    {"CR LF is one line end", LIT("data: a\r\ndata: b\r\n\r\n"),
     LIT("[message|a\nb|]")},
    {"LF CR is two", LIT("event: e\n\rdata: a\n\n"), LIT("[message|a|]")},
    {"blank lines alone say nothing", LIT("\n\n\r\r\r\n\r\n"), LIT("")},
    {"more blank lines than needed",
     LIT("\n\ndata: a\n\n\n\n\r\n\rdata: b\r\r\r"),
     LIT("[message|a|][message|b|]")},
    {"VT, FF, NEL, U+2028 and U+2029 are data",
     LIT("data: \v \f \xC2\x85 \xE2\x80\xA8 \xE2\x80\xA9.\n\n"),
     LIT("[message|\v \f \xC2\x85 \xE2\x80\xA8 \xE2\x80\xA9.|]")},
    {"no input", LIT(""), LIT("")},

    /* the end of the input */
    {"no line end", LIT("data: a"), LIT("")},
    {"no blank line", LIT("data: a\n"), LIT("")},
    {"no blank line, CRLF", LIT("data: a\r\n"), LIT("")},
    {"no blank line, CR", LIT("data: a\r"), LIT("")},
    {"a whole event and half a one", LIT("data: a\n\nevent: e\ndata: b\n"),
     LIT("[message|a|]")},

    /* the byte order mark */
    {"one in front", LIT(BOM "data: a\n\n"), LIT("[message|a|]")},
    {"in front of CR", LIT(BOM "\r\rdata: a\r\r"), LIT("[message|a|]")},
    {"in front of a comment", LIT(BOM ": x\ndata: a\n\n"), LIT("[message|a|]")},
    {"two: the second is part of a name", LIT(BOM BOM "data: a\n\ndata: b\n\n"),
     LIT("[message|b|]")},
    {"later: part of a name", LIT("data: a\n\n" BOM "data: b\n\n"),
     LIT("[message|a|]")},
    {"after a line end", LIT("\n" BOM "data: b\n\n"), LIT("")},
    {"alone", LIT(BOM), LIT("")},
    {"one byte of it",
     LIT("\xEF"
         "data: a\n\ndata: b\n\n"),
     LIT("[message|b|]")},
    {"two bytes of it",
     LIT("\xEF\xBB"
         "data: a\n\ndata: b\n\n"),
     LIT("[message|b|]")},
    {"two bytes and nothing else", LIT("\xEF\xBB"), LIT("")},
    {"a byte of it and a line end", LIT("\xEF\ndata: b\n\n"),
     LIT("[message|b|]")},
    {"in the data", LIT("data:" BOM "\n\n"), LIT("[message|" BOM "|]")},
    {"of UTF-16",
     LIT("\xFF\xFE"
         "data: a\n\ndata: b\n\n"),
     LIT("[message|b|]")},

    /* comments */
    {"alone", LIT(": ping\n\n:\n\n: ping\r\n\r\n"), LIT("")},
    {"that look like fields", LIT(":data: a\n: event: e\ndata: b\n\n"),
     LIT("[message|b|]")},
    {"between data lines", LIT("data: a\n: x\n:\ndata: b\n: y\n\n"),
     LIT("[message|a\nb|]")},

    /* data */
    {"one space goes, a second stays", LIT("data:  a\n\n"),
     LIT("[message| a|]")},
    {"a tab stays", LIT("data:\ta\n\n"), LIT("[message|\ta|]")},
    {"blanks at the end stay", LIT("data: a \t\n\n"), LIT("[message|a \t|]")},
    {"empty", LIT("data:\n\n"), LIT("[message||]")},
    {"empty behind the space", LIT("data: \n\n"), LIT("[message||]")},
    {"two empty lines", LIT("data:\ndata: \n\n"), LIT("[message|\n|]")},
    {"an empty line behind", LIT("data: a\ndata\n\n"), LIT("[message|a\n|]")},
    {"an empty line in front", LIT("data\ndata: a\n\n"), LIT("[message|\na|]")},
    {"colons in it", LIT("data::a: b:\n\n"), LIT("[message|:a: b:|]")},
    {"NUL in it", LIT("data: a\0b\n\n"), LIT("[message|a\0b|]")},
    {"with lines of other kinds between",
     LIT("data: a\nevent: e\ndata: b\nid: 1\ndata: c\nretry: 5\nfoo\n"
         "data: d\n\n"),
     LIT("[e|a\nb\nc\nd|1]")},

    /* names of fields are exact */
    {"capitals", LIT("Data: a\nDATA: a\ndata: b\n\n"), LIT("[message|b|]")},
    {"capitals alone", LIT("Data: a\n\n"), LIT("")},
    {"blanks around", LIT(" data: a\ndata : a\n\tdata: a\n\n"), LIT("")},
    {"longer and shorter", LIT("dataset: a\ndat: a\ndata2\nd\n\n"), LIT("")},
    {"NUL in the name", LIT("data\0: a\n\0data: a\ndata\0\n\n"), LIT("")},
    {"unknown ones", LIT("foo: bar\nfoo\nid3: 7\nevents: e\ndata: a\n\n"),
     LIT("[message|a|]")},

    /* event */
    {"before the data", LIT("event: e\ndata: a\n\n"), LIT("[e|a|]")},
    {"after the data", LIT("data: a\nevent: e\n\n"), LIT("[e|a|]")},
    {"the last one wins", LIT("event: e\ndata: a\nevent: f\n\n"),
     LIT("[f|a|]")},
    {"an empty one is none", LIT("event: e\nevent:\ndata: a\n\n"),
     LIT("[message|a|]")},
    {"without colon", LIT("event: e\nevent\ndata: a\n\n"), LIT("[message|a|]")},
    {"holds for one event", LIT("event: e\ndata: a\n\ndata: b\n\n"),
     LIT("[e|a|][message|b|]")},
    {"is forgotten without data", LIT("event: e\n\ndata: a\n\n"),
     LIT("[message|a|]")},
    {"blanks and NUL stay", LIT("event:  e\0 \ndata: a\n\n"),
     LIT("[ e\0 |a|]")},

    /* id */
    {"stays", LIT("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n"),
     LIT("[message|a|1][message|b|1][message|c|2]")},
    {"after the data", LIT("data: a\nid: 1\n\n"), LIT("[message|a|1]")},
    {"the last one wins", LIT("id: 1\nid: 2\ndata: a\n\n"),
     LIT("[message|a|2]")},
    {"without data", LIT("id: 1\n\ndata: a\n\n"), LIT("[message|a|1]")},
    {"an empty one clears", LIT("id: 1\ndata: a\n\nid:\ndata: b\n\n"),
     LIT("[message|a|1][message|b|]")},
    {"without colon clears", LIT("id: 1\ndata: a\n\nid\ndata: b\n\n"),
     LIT("[message|a|1][message|b|]")},
    {"with NUL is ignored",
     LIT("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: \0\ndata: c\n\n"),
     LIT("[message|a|1][message|b|1][message|c|1]")},
    {"one space goes", LIT("id:  1 \ndata: a\n\n"), LIT("[message|a| 1 ]")},

    /* retry */
    {"says nothing to a reader", LIT("retry: 1000\n\nretry: x\ndata: a\n\n"),
     LIT("[message|a|]")},

    /* bytes */
    {"characters of two to four bytes",
     LIT("data: \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n\n"),
     LIT("[message|\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80|]")},
    {"a cut character does not swallow the line end",
     LIT("data: \xF0\x9F\n\ndata: \xC3\r\n\r\ndata: \xE2\r\r"),
     LIT("[message|\xF0\x9F|][message|\xC3|][message|\xE2|]")},
    {"bytes that are no UTF-8", LIT("event: \x80\ndata: \xFF\xFE\xC0\n\n"),
     LIT("[\x80|\xFF\xFE\xC0|]")},
    {"the marker is an event", LIT("data: [DONE]\n\n"),
     LIT("[message|[DONE]|]")},
};

#define SSE_CASES (sizeof sse_cases / sizeof *sse_cases)

/* How many events each fixture holds. */
static const struct {
  const char *name;
  size_t events;
} sse_fixtures[] = {{"chat-completion.stream.basic.sse", 6},
                    {"chat-completion.stream.citations.sse", 4},
                    {"chat-completion.stream.error-midway.sse", 2},
                    {"chat-completion.stream.keepalive-crlf.sse", 3},
                    {"chat-completion.stream.no-usage.sse", 4},
                    {"chat-completion.stream.reasoning.sse", 8},
                    {"chat-completion.stream.tool-calls-split.sse", 5},
                    {"chat-completion.stream.tool-calls.sse", 6},
                    {"chat-completion.stream.truncated.sse", 1},
                    {"chat-completion.stream.two-choices.sse", 5},
                    {"complete.stream.sse", 3},
                    {"completions.stream.sse", 4},
                    {"messages.stream.error.sse", 4},
                    {"messages.stream.ping.sse", 8},
                    {"messages.stream.text.sse", 7},
                    {"messages.stream.thinking-tool-use.indexed.sse", 12},
                    {"messages.stream.thinking-tool-use.sse", 12},
                    {"responses.stream.data-only-done.sse", 10},
                    {"responses.stream.error-first.sse", 1},
                    {"responses.stream.failed.sse", 3},
                    {"responses.stream.function-call-split.sse", 8},
                    {"responses.stream.function-call.sse", 13},
                    {"responses.stream.incomplete.sse", 10},
                    {"responses.stream.reasoning-text.sse", 14},
                    {"responses.stream.reasoning.sse", 17},
                    {"responses.stream.search-tools.sse", 21},
                    {"responses.stream.text.sse", 11}};

#define SSE_FIXTURES (sizeof sse_fixtures / sizeof *sse_fixtures)

#endif
