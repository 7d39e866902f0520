/*
** chance_test.c - random bytes from the operating system.
*/
#define _POSIX_C_SOURCE 200112L

#include "base/platform.h"

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void test_a_uuid_is_of_version_four_and_its_form_is_exact(void) {
  xai_Random c;
  char id[XAI_UUID_SIZE + 1];
  int i, k;
  xai_random_init(&c);
  for (i = 0; i < 1000; i++) {
    memset(id, '#', sizeof id);
    xai_random_uuid(&c, id);
    check_note("%.37s", id);
    CHECK(strlen(id) == 36 && id[XAI_UUID_SIZE] == '#');
    for (k = 0; k < 36; k++) {
      int dash = k == 8 || k == 13 || k == 18 || k == 23;
      CHECK(strchr(dash ? "-" : "0123456789abcdef", id[k]) != NULL);
    }
    CHECK(id[14] == '4');
    CHECK(strchr("89ab", id[19]) != NULL);
  }
}

static void test_no_uuid_comes_twice(void) {
  static char ids[2000][XAI_UUID_SIZE];
  xai_Random one, two;
  int i, k, same = 0;
  xai_random_init(&one);
  xai_random_init(&two);
  for (i = 0; i < 2000; i++) xai_random_uuid(i % 2 ? &one : &two, ids[i]);
  for (i = 0; i < 2000; i++)
    for (k = 0; k < i; k++) same += memcmp(ids[i], ids[k], XAI_UUID_SIZE) == 0;
  CHECK(same == 0);
}

static void test_any_number_of_bytes_is_filled_and_no_more(void) {
  unsigned char s[1000];
  xai_Random c;
  size_t n, i, zero;
  xai_random_init(&c);
  for (n = 0; n < 900; n += 7) {
    memset(s, 0, sizeof s);
    xai_random_bytes(&c, s, n);
    for (i = n; i < sizeof s; i++) CHECK(s[i] == 0);
    for (i = zero = 0; i < n; i++) zero += s[i] == 0;
    CHECK(zero <= n / 16 + 8);
  }
}

static void test_a_roll_is_from_zero_to_below_one(void) {
  xai_Random c;
  double roll, sum = 0;
  int i;
  xai_random_init(&c);
  for (i = 0; i < 10000; i++) {
    roll = xai_random_unit(&c);
    CHECK(roll >= 0 && roll < 1);
    sum += roll;
  }
  CHECK(sum > 4000 && sum < 6000);
}

static void test_a_forked_child_has_a_chance_of_its_own(void) {
  char ours[XAI_UUID_SIZE], theirs[XAI_UUID_SIZE];
  int ends[2], status;
  pid_t child;
  xai_Random c;
  xai_random_init(&c);
  xai_random_uuid(&c, ours); /* fills the pool that both would draw from */
  if (!CHECK(pipe(ends) == 0)) return;
  child = fork();
  if (child == 0) {
    xai_random_uuid(&c, ours);
    _exit(write(ends[1], ours, sizeof ours) != sizeof ours);
  }
  xai_random_uuid(&c, ours);
  CHECK(read(ends[0], theirs, sizeof theirs) == sizeof theirs);
  CHECK(memcmp(ours, theirs, sizeof ours) != 0);
  CHECK(waitpid(child, &status, 0) == child);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  RUN(test_a_uuid_is_of_version_four_and_its_form_is_exact);
  RUN(test_no_uuid_comes_twice);
  RUN(test_any_number_of_bytes_is_filled_and_no_more);
  RUN(test_a_roll_is_from_zero_to_below_one);
  RUN(test_a_forked_child_has_a_chance_of_its_own);
  return check_done();
}
