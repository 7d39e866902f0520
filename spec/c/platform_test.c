/*
** platform_test.c - clock, process, terminal, folders and random bytes of the operating system.
*/
#define _XOPEN_SOURCE 600
#define _DEFAULT_SOURCE

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* ------------------------------------------------------------------ process */

static void test_it_is_the_system_s_number(void) {
  int i;
  for (i = 0; i < 3; i++) CHECK(xai_process_id() == (long)getpid());
}

/* Forks that fork: each knows itself. */
static int ask_in_children(int depth) {
  int status = 1;
  pid_t child;
  if (xai_process_id() != (long)getpid()) return 1;
  if (depth == 0) return 0;
  child = fork();
  if (child == 0) _exit(ask_in_children(depth - 1));
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  if (xai_process_id() != (long)getpid()) return 1;
  return status;
}

static void test_a_fork_is_another_process(void) {
  CHECK(ask_in_children(4) == 0);
}

/* -------------------------------------------------------------------- clock */

static void test_the_clock_never_goes_back(void) {
  int64_t last = xai_clock_ms(), now;
  int i;
  for (i = 0; i < 10000; i++, last = now) {
    now = xai_clock_ms();
    CHECK(now >= last);
  }
}

static void test_a_moment_is_now_and_the_wait(void) {
  CHECK(xai_clock_after(1000, 1) == 1001);
  CHECK(xai_clock_after(0, 3600000) == 3600000);
}

static void test_no_wait_and_one_beyond_all_time_are_never(void) {
  CHECK(xai_clock_after(1000, 0) == XAI_NEVER);
  CHECK(xai_clock_after(1000, -1) == XAI_NEVER);
  CHECK(xai_clock_after(1000, INT64_MIN) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER - 999) == XAI_NEVER);
  CHECK(xai_clock_after(1000, XAI_NEVER - 1001) == XAI_NEVER - 1);
}

static void test_skipped_time_has_passed(void) {
  int64_t ms = xai_clock_ms();
  double seconds = xai_clock_seconds();
  xai_clock_skip(3600000);
  CHECK(xai_clock_ms() >= ms + 3600000);
  CHECK(xai_clock_seconds() >= seconds + 3600);
}

/* ----------------------------------------------------------------- terminal */

static void test_what_is_no_terminal_is_told(void) {
  int ends[2];
  if (!CHECK(pipe(ends) == 0)) return;
  CHECK(xai_terminal_columns(ends[0]) == -1);
  CHECK(xai_terminal_columns(ends[1]) == -1);
  close(ends[0]);
  close(ends[1]);
  CHECK(xai_terminal_columns(ends[0]) == -1); /* is not open any more */
  CHECK(xai_terminal_columns(-1) == -1);
}

/* The slave of a new pair, or -1. */
static int open_terminal(int *master) {
  const char *name;
  *master = posix_openpt(O_RDWR | O_NOCTTY);
  if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0) return -1;
  name = ptsname(*master);
  return name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
}

static void test_a_terminal_tells_its_columns(void) {
  struct winsize size = {24, 37, 0, 0};
  int master, slave = open_terminal(&master);
  if (slave >= 0) { /* some sandboxes have none */
    CHECK(xai_terminal_columns(slave) == 0);
    CHECK(ioctl(slave, TIOCSWINSZ, &size) == 0);
    CHECK(xai_terminal_columns(slave) == 37);
    close(slave);
  }
  if (master >= 0) close(master);
}

static void test_a_wait_ends_when_either_descriptor_can_be_read(void) {
  int first[2], other[2];
  if (!CHECK(pipe(first) == 0 && pipe(other) == 0)) return;
  CHECK(xai_wait_readable(first[0], -1, 0) == 0);
  CHECK(xai_wait_readable(first[0], other[0], 1) == 0);
  CHECK(write(other[1], "x", 1) == 1);
  CHECK(xai_wait_readable(first[0], other[0], 60000) == 0); /* ends at once */
  CHECK(write(first[1], "x", 1) == 1);
  CHECK(xai_wait_readable(first[0], -1, 60000) == 1);
  CHECK(xai_wait_readable(first[0], other[0], 60000) == 1);
  close(first[0]);
  close(first[1]);
  close(other[0]);
  close(other[1]);
}

/* ------------------------------------------------------------------ folders */

static void test_folders_are_made_for_this_user_alone(void) {
  char base[] = "/tmp/xai-folders-XXXXXX", path[300];
  struct stat found;
  FILE *file;
  if (!CHECK(mkdtemp(base) != NULL)) return;
  sprintf(path, "%s/a/b//c/", base);
  CHECK(xai_make_private_folder(path) == 0);
  CHECK(xai_make_private_folder(path) == 0);
  CHECK(stat(path, &found) == 0 && (found.st_mode & 0777) == 0700);
  sprintf(path, "%s/file", base);
  file = fopen(path, "w");
  if (CHECK(file != NULL)) fclose(file);
  CHECK(xai_make_private_folder(path) == ENOTDIR);
  strcat(path, "/below");
  CHECK(xai_make_private_folder(path) == ENOTDIR);
  CHECK(xai_make_private_folder("") == ENOENT);
  CHECK(xai_make_private_folder("/proc/no/such") != 0);
  sprintf(path, "rm -r '%s'", base);
  CHECK(system(path) == 0);
}

/* ------------------------------------------------------------- random bytes */

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

/* Numbers of four bytes in between move the end of the pool into the UUIDs. */
static void test_all_digits_are_random_where_the_pool_is_filled_again(void) {
  unsigned counts[36][256] = {{0}};
  char id[XAI_UUID_SIZE], last[XAI_UUID_SIZE] = "";
  xai_Random r;
  int i, k, c;
  xai_random_init(&r);
  for (i = 0; i < 16000; i++) {
    xai_random_unit(&r);
    xai_random_uuid(&r, id);
    CHECK(memcmp(id, last, sizeof id) != 0);
    CHECK(strspn(id, "0123456789abcdef") == 8 && id[8] == '-');
    CHECK(strspn(id + 9, "0123456789abcdef") == 4 && id[13] == '-');
    CHECK(strspn(id + 24, "0123456789abcdef") == 12);
    CHECK(strlen(id) == 36);
    memcpy(last, id, sizeof id);
    for (k = 0; k < 36; k++) counts[k][(unsigned char)id[k]]++;
  }
  for (k = 0; k < 36; k++) {
    if (id[k] == '-' || k == 14 || k == 19) continue;
    for (c = 0; c < 16; c++) {
      unsigned n = counts[k][(unsigned char)"0123456789abcdef"[c]];
      check_note("digit %x at %d: %u times", (unsigned)c, k, n);
      CHECK(n > 700 && n < 1300);
    }
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

static void test_a_forked_child_has_random_bytes_of_its_own(void) {
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
  RUN(test_it_is_the_system_s_number);
  RUN(test_a_fork_is_another_process);
  RUN(test_the_clock_never_goes_back);
  RUN(test_a_moment_is_now_and_the_wait);
  RUN(test_no_wait_and_one_beyond_all_time_are_never);
  RUN(test_skipped_time_has_passed);
  RUN(test_what_is_no_terminal_is_told);
  RUN(test_a_terminal_tells_its_columns);
  RUN(test_a_wait_ends_when_either_descriptor_can_be_read);
  RUN(test_folders_are_made_for_this_user_alone);
  RUN(test_a_uuid_is_of_version_four_and_its_form_is_exact);
  RUN(test_no_uuid_comes_twice);
  RUN(test_all_digits_are_random_where_the_pool_is_filled_again);
  RUN(test_a_roll_is_from_zero_to_below_one);
  RUN(test_a_forked_child_has_random_bytes_of_its_own);
  return check_done();
}
