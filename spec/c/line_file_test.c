/*
** line_file_test.c - a file of lines to which one process appends.
*/
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "base/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char path[64];

static void make(const char *content) {
  int fd;
  strcpy(path, "/tmp/xai_line_file_XXXXXX");
  fd = mkstemp(path);
  CHECK(fd >= 0);
  CHECK(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
  close(fd);
}

static int holds(const char *content) {
  char s[4096];
  FILE *f = fopen(path, "rb");
  size_t n = f != NULL ? fread(s, 1, sizeof s, f) : 0;
  if (f != NULL) fclose(f);
  return n == strlen(content) && memcmp(s, content, n) == 0;
}

static void test_it_is_made_where_there_is_none(void) {
  xai_LineFile f;
  make("");
  unlink(path);
  CHECK(xai_line_file_open(&f, path) == 0);
  CHECK(xai_line_file_append(&f, LIT("a\n")) == 0);
  xai_line_file_close(&f);
  xai_line_file_close(&f);
  CHECK(holds("a\n"));
  unlink(path);
}

static void test_it_is_read_in_portions_and_then_appended_to(void) {
  xai_LineFile f;
  char s[2];
  size_t n;
  make("abc");
  CHECK(xai_line_file_open(&f, path) == 0);
  CHECK(xai_line_file_read(&f, s, 2, &n) == 0 && n == 2 && s[1] == 'b');
  CHECK(xai_line_file_read(&f, s, 2, &n) == 0 && n == 1 && s[0] == 'c');
  CHECK(xai_line_file_read(&f, s, 2, &n) == 0 && n == 0);
  CHECK(f.size == 3);
  CHECK(xai_line_file_cut(&f, 1) == 0 && holds("a"));
  CHECK(xai_line_file_append(&f, LIT("\n")) == 0 && f.size == 2);
  CHECK(xai_line_file_append(&f, LIT("de\n")) == 0 && f.size == 5);
  CHECK(holds("a\nde\n"));
  xai_line_file_close(&f);
  unlink(path);
}

static void test_it_is_in_use_until_it_is_closed(void) {
  xai_LineFile f, g;
  make("");
  CHECK(xai_line_file_open(&f, path) == 0);
  CHECK(xai_line_file_open(&g, path) == XAI_LINE_FILE_IN_USE && g.fd == -1);
  xai_line_file_close(&f);
  CHECK(xai_line_file_open(&g, path) == 0);
  xai_line_file_close(&g);
  unlink(path);
}

static void test_the_lock_dies_with_its_process_and_no_program_inherits_it(
    void) {
  xai_LineFile f;
  int status, ends[2];
  pid_t child;
  make("");
  if (!CHECK(pipe(ends) == 0)) return;
  child = fork();
  if (child == 0) {
    if (xai_line_file_open(&f, path) != 0) _exit(1);
    if (fork() == 0) { /* outlives its parent, until the pipe is closed */
      close(ends[1]);
      dup2(ends[0], 0);
      execlp("cat", "cat", (char *)NULL);
      _exit(1);
    }
    raise(SIGKILL);
  }
  close(ends[0]);
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
  while (xai_line_file_open(&f, path) == XAI_LINE_FILE_IN_USE) usleep(1000);
  CHECK(f.fd >= 0);
  xai_line_file_close(&f);
  close(ends[1]);
  unlink(path);
}

static void test_what_does_not_fit_leaves_nothing_behind(void) {
  struct rlimit limit, before;
  xai_LineFile f;
  make("0123456789\n");
  getrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_IGN);
  limit = before;
  limit.rlim_cur = 16;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  CHECK(xai_line_file_open(&f, path) == 0);
  f.size = 11; /* as if it had been read */
  CHECK(xai_line_file_append(&f, LIT("0123456789\n")) == EFBIG);
  CHECK(holds("0123456789\n"));
  CHECK(xai_line_file_append(&f, LIT("0123\n")) == 0);
  CHECK(holds("0123456789\n0123\n"));
  xai_line_file_close(&f);
  setrlimit(RLIMIT_FSIZE, &before);
  unlink(path);
}

static void test_a_device_is_only_written_to(void) {
  xai_LineFile f;
  char s[2];
  size_t n;
  CHECK(xai_line_file_open(&f, "/dev/full") == 0);
  CHECK(xai_line_file_read(&f, s, 2, &n) == 0 && n == 0);
  CHECK(xai_line_file_cut(&f, 0) == 0);
  CHECK(xai_line_file_append(&f, LIT("a\n")) == ENOSPC);
  xai_line_file_close(&f);
}

static void test_what_cannot_be_opened_tells_why(void) {
  xai_LineFile f;
  char s[1];
  size_t n;
  CHECK(xai_line_file_open(&f, "/nowhere/at/all") == ENOENT && f.fd == -1);
  CHECK(xai_line_file_open(&f, "/tmp") == EISDIR && f.fd == -1);
  CHECK(xai_line_file_read(&f, s, 1, &n) == EBADF && n == 0);
  CHECK(xai_line_file_cut(&f, 0) == EBADF);
  CHECK(xai_line_file_append(&f, LIT("a")) == EBADF);
}

int main(void) {
  RUN(test_it_is_made_where_there_is_none);
  RUN(test_it_is_read_in_portions_and_then_appended_to);
  RUN(test_it_is_in_use_until_it_is_closed);
  RUN(test_the_lock_dies_with_its_process_and_no_program_inherits_it);
  RUN(test_what_does_not_fit_leaves_nothing_behind);
  RUN(test_a_device_is_only_written_to);
  RUN(test_what_cannot_be_opened_tells_why);
  return check_done();
}
