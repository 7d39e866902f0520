/*
** line_file.c - a file of lines to which one process appends.
*/
#define _DEFAULT_SOURCE

#include "base/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(_WIN32)

static int lock(int fd) {
  (void)fd;
  return 0;
}

#else

#include <sys/file.h>

/* The lock belongs to the open file: two in one process exclude each other, too. */
static int lock(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
  return errno == EWOULDBLOCK ? XAI_LINE_FILE_IN_USE : 0;
}

#endif

/* Flags that a system may lack. */
#if !defined(O_CLOEXEC)
#define O_CLOEXEC 0
#endif
#if !defined(O_NOCTTY)
#define O_NOCTTY 0
#endif
#if !defined(O_BINARY)
#define O_BINARY 0
#endif

/* Programs that this one starts must not keep the lock: O_CLOEXEC. */
#define FLAGS (O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_BINARY)

void xai_line_file_init(xai_LineFile *f) {
  f->fd = -1;
  f->is_regular = 0;
  f->size = 0;
}

/* Pipes and devices may only be written to. */
static int open_either_way(const char *path) {
  int fd = open(path, O_RDWR | FLAGS, 0666);
  if (fd < 0 && errno != EISDIR) fd = open(path, O_WRONLY | FLAGS, 0666);
  return fd;
}

int xai_line_file_open(xai_LineFile *f, const char *path) {
  struct stat facts;
  int problem;
  xai_line_file_init(f);
  f->fd = open_either_way(path);
  if (f->fd < 0) return errno;
  if (fstat(f->fd, &facts) != 0) {
    problem = errno;
  } else {
    f->is_regular = S_ISREG(facts.st_mode);
    problem = f->is_regular ? lock(f->fd) : 0;
  }
  if (problem != 0) xai_line_file_close(f);
  return problem;
}

int xai_line_file_read(xai_LineFile *f, char *s, size_t n, size_t *got) {
  ssize_t count = 0;
  *got = 0;
  if (f->fd < 0) return EBADF;
  if (!f->is_regular) return 0;
  do {
    count = read(f->fd, s, n);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno;
  *got = (size_t)count;
  f->size += count;
  return 0;
}

int xai_line_file_cut(xai_LineFile *f, int64_t size) {
  if (f->fd < 0) return EBADF;
  if (!f->is_regular) return 0;
  if (ftruncate(f->fd, (off_t)size) != 0) return errno;
  f->size = size;
  return 0;
}

int xai_line_file_append(xai_LineFile *f, const char *s, size_t n) {
  size_t sent = 0;
  if (f->fd < 0) return EBADF;
  while (sent < n) {
    ssize_t count = write(f->fd, s + sent, n - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      int problem = count < 0 ? errno : EIO;
      if (sent > 0) xai_line_file_cut(f, f->size); /* no torn line stays */
      return problem;
    }
    sent += (size_t)count;
  }
  f->size += (int64_t)n;
  return 0;
}

void xai_line_file_close(xai_LineFile *f) {
  int fd = f->fd;
  f->fd = -1;
  if (fd >= 0) close(fd);
}
