/*
** nearest.c - the known name that an unknown one was meant to be.
**
** A guess that is far off is worse than none, so a name is near only if at
** most a third of the letters differ, if it begins alike for the most part, or
** if the wrong name is its last word ('models' of 'list_models').
*/
#include "base/nearest.h"

#include <string.h>

#define LONGEST 32
#define FAR (2 * LONGEST) /* costs of guesses by words begin here */

static char lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int is_same(char a, char b) { return lower(a) == lower(b); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Two letters in the wrong order are one edit. */
static int are_swapped(const char *a, const char *b, size_t i, size_t j) {
  return i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
         is_same(a[i - 2], b[j - 1]);
}

/* Letters to insert, leave out, replace or swap, of names within LONGEST. */
static size_t edits(const char *a, size_t n, const char *b, size_t m) {
  size_t rows[3][LONGEST + 1], i, j;
  size_t *older = rows[0], *old = rows[1], *row = rows[2], *spare;
  for (j = 0; j <= m; j++) row[j] = j;
  for (i = 1; i <= n; i++) {
    spare = older, older = old, old = row, row = spare;
    row[0] = i;
    for (j = 1; j <= m; j++) {
      row[j] = least(old[j], row[j - 1]) + 1;
      row[j] = least(row[j], old[j - 1] + (size_t)!is_same(a[i - 1], b[j - 1]));
      if (are_swapped(a, b, i, j)) row[j] = least(row[j], older[j - 2] + 1);
    }
  }
  return row[m];
}

static size_t common(const char *a, const char *b) {
  size_t n = 0;
  while (a[n] != '\0' && is_same(a[n], b[n])) n++;
  return n;
}

/* 'complet' of 'completions' and 'complete' */
static int begins_alike(const char *a, size_t n, const char *b, size_t m) {
  size_t same = common(a, b);
  return same >= 5 && 3 * same >= 2 * least(n, m);
}

/* 'models' of 'list_models', but no short word of a long name. */
static int is_last_word(const char *word, size_t n, const char *name,
                        size_t m) {
  return n >= 4 && n + 1 < m && 3 * n >= m && name[m - n - 1] == '_' &&
         common(word, name + m - n) == n;
}

/* What the guess costs; 0 for one that is far off. */
static size_t cost_of(const char *wrong, const char *name) {
  size_t n = strlen(wrong), m = strlen(name), d;
  if (n > LONGEST || m > LONGEST) return 0;
  d = edits(wrong, n, name, m);
  if (3 * d <= n) return d + 1;
  if (begins_alike(wrong, n, name, m) || is_last_word(wrong, n, name, m))
    return FAR + d;
  return 0;
}

void xai_nearest_begin(xai_Nearest *n, const char *wrong) {
  n->wrong = wrong;
  n->name = NULL;
  n->cost = 0;
}

void xai_nearest_consider(xai_Nearest *n, const char *name) {
  size_t cost = cost_of(n->wrong, name);
  if (cost == 0) return;
  if (n->name != NULL && cost > n->cost) return;
  if (n->name != NULL && cost == n->cost && strcmp(name, n->name) > 0) return;
  n->name = name;
  n->cost = cost;
}
