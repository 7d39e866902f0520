/*
** interrupt_test.c - Ctrl-C (SIGINT), noted for those who asked to hear of it.
*/
#define _POSIX_C_SOURCE 200112L

#include "base/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t heard;

static void hear(int number) {
  (void)number;
  heard++;
}

static void set(void (*handler)(int)) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = handler;
  sigemptyset(&a.sa_mask);
  sigaction(SIGINT, &a, NULL);
}

static int is_set(void (*handler)(int)) {
  struct sigaction a;
  sigaction(SIGINT, NULL, &a);
  return !(a.sa_flags & SA_SIGINFO) && a.sa_handler == handler;
}

static int is_readable(int fd) {
  struct pollfd p;
  p.fd = fd;
  p.events = POLLIN;
  p.revents = 0;
  return poll(&p, 1, 0) == 1;
}

static void test_it_is_noted_and_taken_once(void) {
  int l, round;
  set(hear);
  heard = 0;
  l = xai_interrupt_open();
  CHECK(l >= 0);
  for (round = 0; round < 3; round++) {
    CHECK(!xai_interrupt_pending(l));
    raise(SIGINT);
    CHECK(xai_interrupt_pending(l));
    CHECK(xai_interrupt_take(l));
    CHECK(!xai_interrupt_take(l));
  }
  xai_interrupt_close(l);
  CHECK(heard == 0 && is_set(hear));
  raise(SIGINT);
  CHECK(heard == 1 && !xai_interrupt_pending(l));
}

static void test_the_descriptor_tells_of_it(void) {
  int l = xai_interrupt_open(), fd = xai_interrupt_fd(l);
  if (fd >= 0) {
    CHECK(!is_readable(fd));
    raise(SIGINT);
    CHECK(is_readable(fd));
    xai_interrupt_drain(l);
    CHECK(!is_readable(fd) && xai_interrupt_pending(l));
    CHECK(xai_interrupt_take(l));
    xai_interrupt_drain(l);
  }
  xai_interrupt_close(l);
  CHECK(xai_interrupt_fd(l) == -1);
}

static void test_one_that_is_not_served_goes_to_the_handler_before(void) {
  int l;
  set(hear);
  heard = 0;
  l = xai_interrupt_open();
  raise(SIGINT);
  CHECK(heard == 0);
  raise(SIGINT);
  raise(SIGINT);
  CHECK(heard == 2 && xai_interrupt_take(l));
  raise(SIGINT);
  CHECK(heard == 2);
  xai_interrupt_close(l);
}

static void test_all_listeners_hear_and_the_last_one_restores(void) {
  int a, b;
  set(hear);
  a = xai_interrupt_open();
  b = xai_interrupt_open();
  CHECK(a != b);
  raise(SIGINT);
  CHECK(xai_interrupt_take(a) && xai_interrupt_take(b));
  xai_interrupt_close(a);
  CHECK(!is_set(hear));
  raise(SIGINT);
  CHECK(!xai_interrupt_take(a) && xai_interrupt_take(b));
  xai_interrupt_close(b);
  xai_interrupt_close(b);
  CHECK(is_set(hear));
}

static void test_what_another_set_meanwhile_stays(void) {
  int l;
  set(SIG_DFL);
  l = xai_interrupt_open();
  set(hear);
  xai_interrupt_hold();
  CHECK(is_set(hear));
  xai_interrupt_close(l);
  CHECK(is_set(hear));
}

static void test_the_place_is_held_where_the_one_before_comes_back(void) {
  int l;
  set(hear);
  l = xai_interrupt_open();
  set(hear);
  xai_interrupt_hold();
  raise(SIGINT);
  CHECK(xai_interrupt_take(l));
  xai_interrupt_close(l);
  CHECK(is_set(hear));
}

static void hear_once(int number) {
  heard++;
  signal(number, SIG_DFL);
}

static void test_the_interpreters_handler_works_again(void) {
  set(hear_once);
  heard = 0;
  xai_interrupt_remember();
  raise(SIGINT);
  CHECK(is_set(SIG_DFL));
  xai_interrupt_rearm();
  raise(SIGINT);
  CHECK(heard == 2 && is_set(SIG_DFL));
  set(hear);
  xai_interrupt_rearm();
  CHECK(is_set(hear));
}

static void test_there_is_an_end_to_listeners(void) {
  int list[64], i, n = 0;
  while (n < 64 && (list[n] = xai_interrupt_open()) >= 0) n++;
  CHECK(n >= 8 && n < 64);
  for (i = 0; i < n; i++) xai_interrupt_close(list[i]);
  CHECK(xai_interrupt_fd(-1) == -1 && !xai_interrupt_take(-1) &&
        !xai_interrupt_take(1000));
}

static void test_a_forked_child_does_not_wake_its_parent(void) {
  int l = xai_interrupt_open(), fd = xai_interrupt_fd(l), code = -1;
  pid_t child = fork();
  if (child == 0) {
    raise(SIGINT); /* noted, but nobody is woken */
    if (!xai_interrupt_take(l)) _exit(1);
    if (fd >= 0 && is_readable(fd)) _exit(2);
    fd = xai_interrupt_fd(l);
    raise(SIGINT);
    _exit(fd < 0 || is_readable(fd) ? 0 : 3);
  }
  waitpid(child, &code, 0);
  CHECK(WIFEXITED(code) && WEXITSTATUS(code) == 0);
  CHECK(!xai_interrupt_pending(l) && (fd < 0 || !is_readable(fd)));
  xai_interrupt_close(l);
}

int main(void) {
  RUN(test_it_is_noted_and_taken_once);
  RUN(test_the_descriptor_tells_of_it);
  RUN(test_one_that_is_not_served_goes_to_the_handler_before);
  RUN(test_all_listeners_hear_and_the_last_one_restores);
  RUN(test_what_another_set_meanwhile_stays);
  RUN(test_the_place_is_held_where_the_one_before_comes_back);
  RUN(test_the_interpreters_handler_works_again);
  RUN(test_there_is_an_end_to_listeners);
  RUN(test_a_forked_child_does_not_wake_its_parent);
  return check_done();
}
