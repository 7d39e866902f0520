/*
** process_test.c - which process is this?
*/
#define _DEFAULT_SOURCE

#include "base/platform.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

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

int main(void) {
  RUN(test_it_is_the_system_s_number);
  RUN(test_a_fork_is_another_process);
  return check_done();
}
