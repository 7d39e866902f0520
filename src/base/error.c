/*
** error.c - what can go wrong, and its kind.
*/
#include "base/error.h"

#include <string.h>

#include "base/text.h"

/* ---------------------------------- does a text say that money has run out? */

/*
** The text is searched for a noun and a lack, one beside the other, with
** nothing but connecting words in between.
*/

#define MAX_LOOKED_AT 600
#define MAX_LINKS 4

/* The first of these lists may be said of what is allowed in a minute, too. */
#define MINUTES 2

/* Longer ones come before those that they begin with. */
static const char *const nouns[] = {
    "quota",   "quotas",         "credit balance",  "credit limit",
    "credits", "credit",         "account balance", "balance",
    "funds",   "spending limit", "spend limit",     "spending cap",
    NULL};

/* A noun before one of these names something else: "credit card". */
static const char *const others[] = {
    "card",       "cards",   "field", "fields", "parameter",
    "parameters", "header",  "key",   "value",  "argument",
    "property",   "scoring", NULL};

static const char *const lacks_before[] = {
    "insufficient", "not enough", "exceeded", "exceeds", "exhausted",
    "depleted",     "out of",     "used all", "used up", "negative",
    "lack",         "lacks",      "reached",  "low",     "no remaining",
    "no available", "no more",    "no",       "zero",    NULL};

static const char *const lacks_after[] = {
    "too low",  "insufficient", "not enough", "not sufficient",
    "exceeded", "exhausted",    "depleted",   "used up",
    "run out",  "ran out",      "negative",   "reached",
    "low",      "empty",        "zero",       NULL};

/* What may stand between both. */
static const char *const links[] = {
    "a",       "account", "all",          "already",   "an",
    "any",     "api",     "are",          "available", "be",
    "been",    "current", "currently",    "free",      "has",
    "have",    "is",      "monthly",      "my",        "now",
    "of",      "or",      "organization", "our",       "plan",
    "prepaid", "project", "remaining",    "team",      "the",
    "their",   "this",    "token",        "total",     "usage",
    "user",    "was",     "were",         "workspace", "your",
    NULL};

/* These say it all. */
static const char *const phrases[] = {"usage limit exceeded",
                                      "check your plan and billing",
                                      "payment required",
                                      "budget exceeded",
                                      "budget has been exceeded",
                                      "billing not active",
                                      "billing hard limit",
                                      "arrearage",
                                      "add credits",
                                      "purchase more credits",
                                      "more credits",
                                      "purchase credits",
                                      "buy more credits",
                                      NULL};

/* "quota" and "balance" are lacking in the languages of many gateways. */
static const char *const foreign[] = {
    "\xE9\xA2\x9D\xE5\xBA\xA6\xE4\xB8\x8D\xE8\xB6\xB3", /* edu buzu */
    "\xE9\x85\x8D\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3", /* pei'e buzu */
    "\xE4\xBD\x99\xE9\xA2\x9D\xE4\xB8\x8D\xE8\xB6\xB3", /* yu'e buzu */
    "\xE6\xAC\xA0\xE8\xB4\xB9",                         /* qianfei */
    NULL};

/* Small letters and single blanks; signs end a clause, as '.'. */
static void flatten(xai_Slice text, char out[MAX_LOOKED_AT + 1]) {
  size_t i, n = 0;
  for (i = 0; i < text.len && n < MAX_LOOKED_AT; i++) {
    char c = text.at[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c == '_' || c == '-' || (unsigned char)c < ' ') c = ' ';
    if (c != ' ' && c != '\'' && !(c >= 'a' && c <= 'z')) c = '.';
    if (c == ' ' && (n == 0 || out[n - 1] == ' ')) continue;
    out[n++] = c;
  }
  out[n] = '\0';
}

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '\''; }

/* The length of the first of these that stands at 'p' as whole words, or 0. */
static size_t match(const char *p, const char *const *list) {
  for (; *list != NULL; list++) {
    size_t n = strlen(*list);
    if (strncmp(p, *list, n) == 0 && !is_letter(p[n])) return n;
  }
  return 0;
}

static int names_another(const char *p) {
  return *p == ' ' && match(p + 1, others) > 0;
}

/* Does 'first' stand at 'p', and one of 'second' behind it, connected? */
static int follow(const char *p, const char *const *first,
                  const char *const *second) {
  size_t n = match(p, first), left = MAX_LINKS;
  if (n == 0) return 0;
  for (;;) {
    p += n;
    if (*p++ != ' ') return 0;
    n = match(p, second);
    if (n > 0) return !names_another(p + n);
    n = match(p, links);
    if (n == 0 || left-- == 0) return 0;
  }
}

static int begins_word(const char *s, const char *p) {
  return p == s || !is_letter(p[-1]);
}

int xai_quota_is_exhausted(xai_Slice text, int of_minutes) {
  char flat[MAX_LOOKED_AT + 1];
  const char *p;
  int from = of_minutes ? MINUTES : 0;
  const char *const *f;
  flatten(text, flat);
  for (p = flat; *p != '\0'; p++)
    if (begins_word(flat, p) && is_letter(*p) &&
        (match(p, phrases + from) > 0 || follow(p, nouns + from, lacks_after) ||
         follow(p, lacks_before, nouns + from)))
      return 1;
  for (f = foreign + from; *f != NULL; f++)
    if (xai_slice_has(text, *f)) return 1;
  return 0;
}

/* ------------------------------------------ what can go wrong, and its kind */

const char *xai_kind_name(xai_Kind kind) {
  static const char *const names[] = {
      "none",       "bad_request", "authentication",
      "permission", "not_found",   "unprocessable",
      "too_large",  "rate_limit",  "quota",
      "server",     "api",         "connection",
      "timeout",    "tls",         "protocol",
      "decode",     "truncated",   "redirect",
      "limit",      "pending",     "cancelled",
      "closed",     "memory"};
  return names[kind];
}

const char *xai_phase_name(xai_Phase phase) {
  static const char *const names[] = {NULL,     "dns",  "connect", "proxy",
                                      "tls",    "send", "wait",    "body",
                                      "stream", "idle", "deadline"};
  return names[phase];
}

void xai_error_set(xai_Error *f, xai_Kind kind, xai_Phase phase,
                   const char *text) {
  size_t n = xai_utf8_cut(text, strlen(text), sizeof f->text - 1);
  if (f->kind != XAI_KIND_NONE) return;
  f->kind = kind;
  f->phase = phase;
  memcpy(f->text, text, n);
  f->text[n] = '\0';
}

typedef struct Row {
  xai_Cause cause;
  xai_Kind kind;
  xai_Phase phase;
  const char *text;
} Row;

#define HEAD_TOO_LONG "the answer's headers are too long"
#define EVENT_TOO_LONG "an event exceeds max_event"

static const Row rows[] = {
    {XAI_CAUSE_NONE, XAI_KIND_NONE, XAI_PHASE_NONE, ""},
    {XAI_CAUSE_MEMORY, XAI_KIND_MEMORY, XAI_PHASE_NONE, "not enough memory"},
    {XAI_CAUSE_MEMORY_FOR_ANSWER, XAI_KIND_MEMORY, XAI_PHASE_NONE,
     "not enough memory to read what the answer says"},
    {XAI_CAUSE_MEMORY_FOR_EVENT, XAI_KIND_MEMORY, XAI_PHASE_STREAM,
     "not enough memory to read what the event says"},
    {XAI_CAUSE_HEAD_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_WAIT, HEAD_TOO_LONG},
    {XAI_CAUSE_TRAILER_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE, HEAD_TOO_LONG},
    {XAI_CAUSE_BODY_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE,
     "the answer exceeds max_body"},
    {XAI_CAUSE_EVENT_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_NONE, EVENT_TOO_LONG},
    {XAI_CAUSE_STREAM_EVENT_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     EVENT_TOO_LONG},
    {XAI_CAUSE_STREAM_TOO_LONG, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     "the stream exceeds max_body"},
    {XAI_CAUSE_STREAM_MEMORY, XAI_KIND_MEMORY, XAI_PHASE_STREAM,
     "not enough memory"},
    {XAI_CAUSE_STREAM_CUT, XAI_KIND_TRUNCATED, XAI_PHASE_STREAM,
     "the stream ended without its end marker"},
    {XAI_CAUSE_STREAM_EMPTY, XAI_KIND_TRUNCATED, XAI_PHASE_STREAM,
     "the stream ended before its first event"},
    {XAI_CAUSE_NO_STREAM, XAI_KIND_PROTOCOL, XAI_PHASE_NONE,
     "the request was not answered by a stream"},
    {XAI_CAUSE_EVENT_NOT_JSON, XAI_KIND_DECODE, XAI_PHASE_STREAM,
     "an event of the stream is not a JSON object"},
    {XAI_CAUSE_EVENT_TOO_DEEP, XAI_KIND_LIMIT, XAI_PHASE_STREAM,
     "an event of the stream is nested too deeply"},
    {XAI_CAUSE_HEAD_CUT, XAI_KIND_TRUNCATED, XAI_PHASE_WAIT,
     "the answer ended within its headers"},
    {XAI_CAUSE_TWO_LENGTHS, XAI_KIND_PROTOCOL, XAI_PHASE_WAIT,
     "the answer is said to have two lengths"},
    {XAI_CAUSE_ANSWER_NOT_JSON, XAI_KIND_DECODE, XAI_PHASE_NONE,
     "the answer is not JSON"},
    {XAI_CAUSE_ANSWER_TOO_DEEP, XAI_KIND_LIMIT, XAI_PHASE_NONE,
     "the answer is nested too deeply"},
    {XAI_CAUSE_ANSWER_UNPROVEN, XAI_KIND_TRUNCATED, XAI_PHASE_NONE,
     "nothing proves that the answer is whole"},
    {XAI_CAUSE_CONNECTION_WAS_CLOSED, XAI_KIND_CONNECTION, XAI_PHASE_WAIT,
     "the server closed a connection that was kept for reuse"},
    {XAI_CAUSE_PROXY_WANTS_LOGIN, XAI_KIND_CONNECTION, XAI_PHASE_PROXY,
     "the proxy wants to know who asks (407)"},
    {XAI_CAUSE_REDIRECT, XAI_KIND_REDIRECT, XAI_PHASE_NONE, "redirect refused"},
    {XAI_CAUSE_PENDING, XAI_KIND_PENDING, XAI_PHASE_NONE, "pending"},
    {XAI_CAUSE_TIMEOUT, XAI_KIND_TIMEOUT, XAI_PHASE_NONE, "timeout"},
    {XAI_CAUSE_NO_KEY, XAI_KIND_AUTHENTICATION, XAI_PHASE_NONE,
     "the api_key function gave no key for another attempt"},
    {XAI_CAUSE_KEY_FUNCTION_FAILED, XAI_KIND_AUTHENTICATION, XAI_PHASE_NONE,
     "the api_key function failed when asked for another attempt"},
    {XAI_CAUSE_CANCELLED, XAI_KIND_CANCELLED, XAI_PHASE_NONE, "cancelled"},
    {XAI_CAUSE_ENGINE_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the engine is closed"},
    {XAI_CAUSE_CLIENT_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the client is closed"},
    {XAI_CAUSE_STREAM_CLOSED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the stream was closed"},
    {XAI_CAUSE_FORKED, XAI_KIND_CLOSED, XAI_PHASE_NONE,
     "the call belongs to the process that this one came from"},
};

static const Row *row_of(xai_Cause cause) {
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].cause == cause) return &rows[i];
  return &rows[0];
}

void xai_error_set_cause(xai_Error *f, xai_Cause cause) {
  const Row *row = row_of(cause);
  xai_error_set(f, row->kind, row->phase, row->text);
}

xai_Kind xai_cause_kind(xai_Cause cause) { return row_of(cause)->kind; }

const char *xai_cause_text(xai_Cause cause) { return row_of(cause)->text; }

void xai_error_body_init(xai_ErrorBody *c) {
  xai_buffer_init(&c->message, 0);
  xai_buffer_init(&c->code, 0);
  xai_buffer_init(&c->type, 0);
  xai_buffer_init(&c->param, 0);
}

void xai_error_body_free(xai_ErrorBody *c) {
  xai_buffer_free(&c->message);
  xai_buffer_free(&c->code);
  xai_buffer_free(&c->type);
  xai_buffer_free(&c->param);
}

static xai_Slice slice_of(const xai_Buffer *b) {
  xai_Slice s;
  s.at = xai_buffer_data(b);
  s.len = xai_buffer_size(b);
  return s;
}

int xai_error_body_has(const xai_ErrorBody *c, const char *word) {
  return xai_slice_has(slice_of(&c->code), word) ||
         xai_slice_has(slice_of(&c->message), word);
}

/* "No credits" and "spending limit": waiting does not cure it.  A guess by
** words, as the service sends no code of its own for it. */
static int is_quota(const xai_ErrorBody *c) {
  return xai_error_body_has(c, "credits") ||
         xai_error_body_has(c, "spending") ||
         xai_error_body_has(c, "monthly") ||
         xai_error_body_has(c, "insufficient_quota") ||
         xai_slice_has(slice_of(&c->type), "insufficient_quota") ||
         xai_error_body_has(c, "usage_limit_exceeded") ||
         xai_error_body_has(c, "credit_balance");
}

/* Whatever the status; the quotas of 429 may be 'of_minutes'. */
static int lacks_money(const xai_ErrorBody *c, int of_minutes) {
  return xai_quota_is_exhausted(slice_of(&c->code), of_minutes) ||
         xai_quota_is_exhausted(slice_of(&c->type), of_minutes) ||
         xai_quota_is_exhausted(slice_of(&c->message), of_minutes);
}

static int is_key_trouble(const xai_ErrorBody *c) {
  return xai_error_body_has(c, "Incorrect API key") ||
         xai_error_body_has(c, "invalid_api_key") ||
         xai_error_body_has(c, "bad-credentials");
}

typedef struct Tag {
  const char *text;
  xai_Kind kind;
} Tag;

/* Both generations of the service's codes, and the types that gateways in
** the manner of OpenAI and Anthropic send. */
static xai_Kind kind_of_word(const xai_ErrorBody *c) {
  static const Tag tags[] = {
      {"invalid-argument", XAI_KIND_BAD_REQUEST},
      {"specified an invalid argument", XAI_KIND_BAD_REQUEST},
      {"invalid_request_error", XAI_KIND_BAD_REQUEST},
      {"unauthenticated", XAI_KIND_AUTHENTICATION},
      {"valid authentication credentials", XAI_KIND_AUTHENTICATION},
      {"authentication_error", XAI_KIND_AUTHENTICATION},
      {"permission-denied", XAI_KIND_PERMISSION},
      {"does not have permission", XAI_KIND_PERMISSION},
      {"permission_error", XAI_KIND_PERMISSION},
      {"not-found", XAI_KIND_NOT_FOUND},
      {"entity was not found", XAI_KIND_NOT_FOUND},
      {"not_found_error", XAI_KIND_NOT_FOUND},
      {"resource-exhausted", XAI_KIND_RATE_LIMIT},
      {"resource has been exhausted", XAI_KIND_RATE_LIMIT},
      {"rate_limit", XAI_KIND_RATE_LIMIT},
      {"unavailable", XAI_KIND_SERVER},
      {"overloaded", XAI_KIND_SERVER},
      {"server_error", XAI_KIND_SERVER},
      {"internal", XAI_KIND_SERVER},
  };
  xai_Slice code = slice_of(&c->code), type = slice_of(&c->type);
  size_t i;
  for (i = 0; i < sizeof tags / sizeof *tags; i++)
    if (xai_slice_has(code, tags[i].text) || xai_slice_has(type, tags[i].text))
      return tags[i].kind;
  return XAI_KIND_API;
}

/* The status that the code is, as gateways give it under 200; 0: none. */
static int status_in(const xai_ErrorBody *c) {
  xai_Slice code = slice_of(&c->code);
  int i, status = 0;
  if (code.len != 3) return 0;
  for (i = 0; i < 3; i++) {
    if (code.at[i] < '0' || code.at[i] > '9') return 0;
    status = status * 10 + (code.at[i] - '0');
  }
  return status;
}

static xai_Kind kind_of_code(const xai_ErrorBody *c) {
  int status = status_in(c);
  return status >= 400 && status < 600 ? xai_error_classify(status, c)
                                       : kind_of_word(c);
}

xai_Kind xai_error_classify(int status, const xai_ErrorBody *c) {
  int client_error = status >= 400 && status < 500;
  xai_Kind kind;
  if (status == 402) return XAI_KIND_QUOTA;
  if ((status == 403 || status == 429) && is_quota(c)) return XAI_KIND_QUOTA;
  if (client_error && lacks_money(c, status == 429)) return XAI_KIND_QUOTA;
  if ((status == 400 || status == 403) && is_key_trouble(c))
    return XAI_KIND_AUTHENTICATION;
  switch (status) {
    case 401: return XAI_KIND_AUTHENTICATION;
    case 403: return XAI_KIND_PERMISSION;
    case 404: return XAI_KIND_NOT_FOUND;
    case 413: return XAI_KIND_TOO_LARGE;
    case 422: return XAI_KIND_UNPROCESSABLE;
    case 429: return XAI_KIND_RATE_LIMIT;
    default: break;
  }
  if (client_error) return XAI_KIND_BAD_REQUEST;
  if (status >= 500) return XAI_KIND_SERVER;
  if (status >= 300) return XAI_KIND_REDIRECT;
  kind = kind_of_code(c);
  if (kind == XAI_KIND_RATE_LIMIT && is_quota(c)) return XAI_KIND_QUOTA;
  return lacks_money(c, kind == XAI_KIND_RATE_LIMIT) ? XAI_KIND_QUOTA : kind;
}

const char *xai_status_phrase(int status) {
  switch (status) {
    case 202: return "Accepted";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default:
      return status < 300 ? "the service reported a failure"
                          : "no explanation given";
  }
}

/* Is the word part of the code or of the type? */
static int is_tagged(const xai_ErrorBody *c, const char *word) {
  return xai_slice_has(slice_of(&c->code), word) ||
         xai_slice_has(slice_of(&c->type), word);
}

/* Under status 200 too: the model had no time, or there was none. */
int xai_error_body_is_transient(const xai_ErrorBody *c) {
  xai_Kind kind = xai_error_classify(200, c);
  if (kind == XAI_KIND_QUOTA) return 0;
  return kind == XAI_KIND_RATE_LIMIT || xai_status_is_transient(status_in(c)) ||
         is_tagged(c, "overloaded") || is_tagged(c, "server_error") ||
         is_tagged(c, "unavailable") || xai_error_body_has(c, "no capacity") ||
         xai_error_body_has(c, "waiting for first token") ||
         xai_error_body_has(c, "unavailable");
}

int xai_status_is_transient(int status) {
  switch (status) {
    case 408:
    case 409:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return 1;
    default: return status >= 520 && status <= 529;
  }
}

int xai_error_retryable(xai_Kind kind, int status) {
  switch (kind) {
    case XAI_KIND_RATE_LIMIT:
    case XAI_KIND_CONNECTION: return 1;
    case XAI_KIND_BAD_REQUEST: return xai_status_is_transient(status);
    case XAI_KIND_SERVER:
      return status < 300 || xai_status_is_transient(status);
    default: return 0;
  }
}
