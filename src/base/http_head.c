/*
** http_head.c - the head of an HTTP answer: headers, status codes, dates.
*/
#include "base/http_head.h"

#include <string.h>

/* ------------------------------------------------------------------ headers */

int xai_http_head_next(xai_Slice head, size_t *at, xai_Slice *name,
                       xai_Slice *value) {
  const char *end = head.at + head.len;
  const char *p = head.at + *at, *colon, *eol;
  while (p < end) {
    eol = (const char *)memchr(p, '\n', (size_t)(end - p));
    if (eol == NULL) eol = end;
    colon = (const char *)memchr(p, ':', (size_t)(eol - p));
    name->at = p;
    p = eol < end ? eol + 1 : end;
    *at = (size_t)(p - head.at);
    if (colon == NULL) continue; /* the status line or the blank line */
    name->len = (size_t)(colon - name->at);
    value->at = colon + 1;
    value->len = (size_t)(eol - colon - 1);
    *value = xai_slice_trim(*value);
    return 1;
  }
  return 0;
}

xai_Slice xai_http_head_find(xai_Slice head, const char *wanted) {
  xai_Slice name, value;
  size_t at = 0;
  while (xai_http_head_next(head, &at, &name, &value))
    if (xai_slice_like(name, wanted)) return value;
  value.at = "";
  value.len = 0;
  return value;
}

/* Cuts the first member off a list.  After the last, 'rest' is empty. */
static xai_Slice next_member(xai_Slice *rest) {
  xai_Slice member = *rest;
  const char *comma = (const char *)memchr(rest->at, ',', rest->len);
  member.len = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
  rest->at += comma != NULL ? member.len + 1 : member.len;
  rest->len -= comma != NULL ? member.len + 1 : member.len;
  return xai_slice_trim(member);
}

static int is_same(xai_Slice a, xai_Slice b) {
  return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

int xai_http_head_agrees(xai_Slice head, const char *wanted) {
  xai_Slice name, value, first;
  size_t at = 0;
  first.at = NULL;
  while (xai_http_head_next(head, &at, &name, &value)) {
    if (!xai_slice_like(name, wanted)) continue;
    while (value.len > 0) {
      xai_Slice member = next_member(&value);
      if (first.at == NULL) first = member;
      if (!is_same(first, member)) return 0;
    }
  }
  return 1;
}

/* ------------------------------------------------------------- status codes */

const char *xai_http_status_phrase(int status) {
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

int xai_http_status_is_transient(int status) {
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

/* ------------------------------------------ dates (RFC 9110, section 5.6.7) */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

typedef struct Date {
  int year, month, day, hour, minute, second; /* month from 0 */
} Date;

/* The rest of a text.  'at' is NULL once the text did not match. */
typedef struct Reader {
  const char *at, *end;
} Reader;

/* Each function below reads one element of a date. */

static void literal(Reader *r, const char *text) {
  size_t n = strlen(text);
  if (r->at == NULL) return;
  if ((size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0)
    r->at += n;
  else
    r->at = NULL;
}

/* Reads exactly 'n' digits.  'blank': the first may be a blank instead. */
static int digits(Reader *r, int n, int blank) {
  int value = 0;
  if (r->at == NULL || r->end - r->at < n) {
    r->at = NULL;
    return 0;
  }
  for (; n > 0; n--, blank = 0) {
    char c = *r->at++;
    if (c == ' ' && blank) continue;
    if (c < '0' || c > '9') {
      r->at = NULL;
      return 0;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

static int month(Reader *r) {
  int i;
  for (i = 0; r->at != NULL && i < 12; i++)
    if (r->end - r->at >= 3 && memcmp(r->at, months + 3 * i, 3) == 0) {
      r->at += 3;
      return i;
    }
  r->at = NULL;
  return 0;
}

/* Reads a day's name and the text after it.  1: a short name; 2: a long name;
** 0: none. */
static int day_name(Reader *r, const char *after_short, const char *after) {
  int i, form;
  for (i = 0; i < 7; i++)
    for (form = 1; form <= 2; form++) {
      Reader try = *r;
      char name[16];
      strcpy(name, days[i]);
      if (form == 1) name[3] = '\0';
      literal(&try, name);
      literal(&try, form == 1 ? after_short : after);
      if (try.at == NULL) continue;
      *r = try;
      return form;
    }
  r->at = NULL;
  return 0;
}

static void time_of_day(Reader *r, Date *d) {
  d->hour = digits(r, 2, 0);
  literal(r, ":");
  d->minute = digits(r, 2, 0);
  literal(r, ":");
  d->second = digits(r, 2, 0);
}

/* Days from 1970-01-01 to that day of the Gregorian calendar. */
static int64_t day_number(int64_t year, int m, int day) {
  static const int before[] = {0,   31,  59,  90,  120, 151,
                               181, 212, 243, 273, 304, 334};
  int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + before[m] + (leap && m > 1) +
         day - 1 - 719162;
}

static int month_length(const Date *d) {
  return (int)(day_number(d->year + (d->month == 11), (d->month + 1) % 12, 1) -
               day_number(d->year, d->month, 1));
}

static int64_t seconds_of(const Date *d) {
  if (d->year < 1 || d->day < 1 || d->day > month_length(d) || d->hour > 23 ||
      d->minute > 59 || d->second > 60)
    return -1;
  return day_number(d->year, d->month, d->day) * 86400 + d->hour * 3600 +
         d->minute * 60 + d->second;
}

/* The latest year with these last two digits that is at most 50 years from
** now. */
static int full_year(int two, int64_t now) {
  int latest = 1970 + (int)(now / 31556952) + 50;
  return latest - ((latest - two) % 100 + 100) % 100;
}

/* "06 Nov 1994 08:49:37 GMT", "06-Nov-94 08:49:37 GMT" */
static void day_first(Reader *r, Date *d, const char *between, int width) {
  d->day = digits(r, 2, 0);
  literal(r, between);
  d->month = month(r);
  literal(r, between);
  d->year = digits(r, width, 0);
  literal(r, " ");
  time_of_day(r, d);
  literal(r, " GMT");
}

/* "Nov  6 08:49:37 1994" */
static void month_first(Reader *r, Date *d) {
  d->month = month(r);
  literal(r, " ");
  d->day = digits(r, 2, 1);
  literal(r, " ");
  time_of_day(r, d);
  literal(r, " ");
  d->year = digits(r, 4, 0);
}

int64_t xai_http_date(xai_Slice text, int64_t now) {
  Reader r = {text.at, text.at + text.len}, asctime_form = r;
  Date d;
  int64_t t;
  int form = day_name(&r, ", ", ", ");
  if (form == 1) {
    day_first(&r, &d, " ", 4);
  } else if (form == 2) {
    day_first(&r, &d, "-", 2);
    d.year = full_year(d.year, now);
  } else {
    r = asctime_form;
    if (day_name(&r, " ", "\n") != 1) return -1; /* short names only */
    month_first(&r, &d);
  }
  if (r.at == NULL || r.at != r.end) return -1;
  t = seconds_of(&d);
  return t >= 0 ? t : -1;
}
