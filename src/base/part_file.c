/*
** part_file.c - a file that gets its name once it is whole.
*/
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "base/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define TAIL ".part"

void xai_part_file_init(xai_PartFile *f) {
  memset(f, 0, sizeof *f);
  xai_buffer_init(&f->part, 0);
  f->fd = -1;
}

/* Note what failed.  A path in another encoding is shown with its bytes that are
** no UTF-8 replaced, and without control characters. */
static int fail(xai_PartFile *f, const char *what, const char *path,
                const char *why) {
  char *p;
  if (f->problem[0] != '\0') return -1;
  snprintf(f->problem, sizeof f->problem, "cannot %s '%.160s': %s", what, path,
           why);
  for (p = f->problem; *p != '\0'; p++)
    if ((unsigned char)*p < ' ' || *p == 0x7F) *p = ' ';
  xai_utf8_mark(f->problem, strlen(f->problem));
  return -1;
}

static const char *name_of(const xai_PartFile *f) {
  return xai_buffer_data(&f->part);
}

/* ------------------------------------------------------------------ opening */

static int set_path(xai_Buffer *b, const char *path) {
  xai_buffer_clear(b);
  return xai_buffer_puts(b, path) == XAI_OK && xai_buffer_terminate(b) == XAI_OK
             ? 0
             : -1;
}

/* Set the path, with 'tail' behind it. */
static int set_name(xai_PartFile *f, const char *path, const char *tail) {
  xai_buffer_clear(&f->part);
  if (xai_buffer_puts(&f->part, path) == XAI_OK &&
      xai_buffer_puts(&f->part, tail) == XAI_OK &&
      xai_buffer_terminate(&f->part) == XAI_OK)
    return 0;
  return fail(f, "write", path, "not enough memory");
}

/* A pipe without a reader must not hold up the program, so it is opened without
** waiting, and written with waiting. */
static int open_for(const char *path, int flags) {
  int fd, set;
  do {
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return -1;
  set = fcntl(fd, F_GETFL);
  if (set >= 0) fcntl(fd, F_SETFL, set & ~O_NONBLOCK);
  return fd;
}

/* A device or a pipe is written itself. */
static int open_itself(xai_PartFile *f, const char *path) {
  f->is_itself = 1;
  if (set_name(f, path, "") != 0) return -1;
  f->fd = open_for(path, 0);
  return f->fd >= 0 ? 0 : fail(f, "write", path, strerror(errno));
}

/* Does the name still stand for the open file? */
static int is_same(int fd, const char *name) {
  struct stat open_one, named;
  return fstat(fd, &open_one) == 0 && stat(name, &named) == 0 &&
         open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Reserve the open file for this call.  Returns 0, or -1 if another has it.
** Where a file system knows no locks, nobody can. */
static int reserve(int fd) {
  int rc;
  do {
    rc = flock(fd, LOCK_EX | LOCK_NB);
  } while (rc != 0 && errno == EINTR);
  return rc != 0 && errno == EWOULDBLOCK ? -1 : 0;
}

/* How often a file may be renamed by another process while it is opened. */
#define TRIES 5

static int open_part(xai_PartFile *f) {
  struct stat s;
  int i;
  for (i = 0; i < TRIES; i++) {
    f->fd = open_for(name_of(f), O_CREAT | O_NOFOLLOW);
    if (f->fd < 0) return fail(f, "write", name_of(f), strerror(errno));
    if (fstat(f->fd, &s) != 0 || !S_ISREG(s.st_mode)) {
      xai_part_file_leave(f);
      return fail(f, "write", name_of(f), "it is no regular file");
    }
    if (reserve(f->fd) != 0) break;
    if (is_same(f->fd, name_of(f))) {
      f->is_owned = 1;
      if (ftruncate(f->fd, 0) == 0) return 0;
      return fail(f, "write", name_of(f), strerror(errno));
    }
    xai_part_file_leave(f);
  }
  xai_part_file_leave(f);
  return fail(f, "write", name_of(f), "another call is writing it");
}

int xai_path_is_fixed(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

int xai_part_file_open(xai_PartFile *f, const char *path) {
  if (xai_path_is_fixed(path)) return open_itself(f, path);
  return set_name(f, path, TAIL) == 0 ? open_part(f) : -1;
}

/* ------------------------------------------------------------------ writing */

/* Keep the first bytes: they tell the type. */
static void keep_first(xai_PartFile *f, const char *s, size_t n) {
  size_t at = (size_t)f->written;
  if (f->written >= sizeof f->first) return;
  memcpy(f->first + at, s, n < sizeof f->first - at ? n : sizeof f->first - at);
}

int xai_part_file_write(xai_PartFile *f, const char *s, size_t n) {
  if (f->problem[0] != '\0') return -1;
  keep_first(f, s, n);
  while (n > 0) {
    ssize_t m = write(f->fd, s, n);
    if (m < 0 && errno == EINTR) continue;
    if (m < 0) return fail(f, "write", name_of(f), strerror(errno));
    s += m;
    n -= (size_t)m;
    f->written += (uint64_t)m;
  }
  return 0;
}

int xai_part_file_restart(xai_PartFile *f) {
  if (f->problem[0] != '\0') return -1;
  if (f->written == 0) return 0;
  if (f->is_itself)
    return fail(f, "write", name_of(f), "what was written stays");
  if (lseek(f->fd, 0, SEEK_SET) != 0 || ftruncate(f->fd, 0) != 0)
    return fail(f, "write", name_of(f), strerror(errno));
  f->written = 0;
  return 0;
}

/* ------------------------------------------------------------------- ending */

/* Have the system tell of an error that it has kept until a file is closed. */
static int flush(xai_PartFile *f) {
  int copy = dup(f->fd);
  if (copy < 0 || close(copy) == 0 || errno == EINTR) return 0;
  return fail(f, "write", name_of(f), strerror(errno));
}

static int add_extension(const xai_PartFile *f, xai_Buffer *path) {
  const xai_MediaType *type;
  xai_Slice first;
  first.at = f->first;
  first.len =
      f->written < sizeof f->first ? (size_t)f->written : sizeof f->first;
  type = xai_media_type(first);
  if (type == NULL || xai_path_has_extension(xai_buffer_data(path))) return 0;
  return xai_buffer_puts(path, ".") == XAI_OK &&
                 xai_buffer_puts(path, type->extension) == XAI_OK &&
                 xai_buffer_terminate(path) == XAI_OK
             ? 0
             : -1;
}

/* The file is renamed while it is open: only so is it still reserved. */
int xai_part_file_commit(xai_PartFile *f, xai_Buffer *path, int adds) {
  if (f->problem[0] != '\0' || flush(f) != 0) return -1;
  if (f->is_itself ? set_path(path, name_of(f)) != 0
                   : adds && add_extension(f, path) != 0)
    return fail(f, "write", xai_buffer_data(path), "not enough memory");
  if (!f->is_itself && rename(name_of(f), xai_buffer_data(path)) != 0)
    return fail(f, "write", xai_buffer_data(path), strerror(errno));
  xai_part_file_leave(f);
  return 0;
}

void xai_part_file_leave(xai_PartFile *f) {
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
  f->is_owned = 0;
}

void xai_part_file_discard(xai_PartFile *f) {
  if (f->is_owned) unlink(name_of(f));
  xai_part_file_leave(f);
  xai_buffer_free(&f->part);
}
