/*
** quota.c - does a text say that money has run out?
**
** The text is searched for a noun and a lack, one beside the other, with
** nothing but connecting words in between.
*/
#include "base/quota.h"

#include <string.h>

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

static const char *const lacks_behind[] = {
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

int xai_quota_lacks(xai_Slice text, int of_minutes) {
  char flat[MAX_LOOKED_AT + 1];
  const char *p;
  int from = of_minutes ? MINUTES : 0;
  const char *const *f;
  flatten(text, flat);
  for (p = flat; *p != '\0'; p++)
    if (begins_word(flat, p) && is_letter(*p) &&
        (match(p, phrases + from) > 0 ||
         follow(p, nouns + from, lacks_behind) ||
         follow(p, lacks_before, nouns + from)))
      return 1;
  for (f = foreign + from; *f != NULL; f++)
    if (xai_slice_has(text, *f)) return 1;
  return 0;
}
