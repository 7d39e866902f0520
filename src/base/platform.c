/*
** platform.c - clock, process, terminal, folders and random bytes of the operating system.
*/
#define _POSIX_C_SOURCE 199309L
#define _DEFAULT_SOURCE

#include "base/platform.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if !defined(_WIN32)
#include <poll.h>
#include <sys/ioctl.h>
#else
#include <direct.h>
#endif

#if defined(__linux__)
#include <sys/mman.h>
#endif

/* -------------------------------------------------------------------- clock */

static int64_t skipped_ms; /* by tests; 0 elsewhere */

int64_t xai_clock_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + skipped_ms;
}

double xai_clock_seconds(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9 +
         (double)skipped_ms / 1000;
}

void xai_clock_skip(int64_t ms) { skipped_ms += ms; }

int64_t xai_clock_after(int64_t now_ms, int64_t wait_ms) {
  if (wait_ms <= 0 || wait_ms > XAI_NEVER - now_ms) return XAI_NEVER;
  return now_ms + wait_ms;
}

/* ------------------------------------------------------------------ process */

/*
** A page keeps the number.  Linux (4.14 and later) clears the page in a forked
** child.  Other systems are asked each time.
*/

#if defined(MADV_WIPEONFORK)

#define PAGE ((size_t)4096)

static volatile long *page; /* the number, or 0 just after a fork */

/* Without such a page the system is asked each time. */
static void open_page(void) {
  static int tried;
  void *p;
  if (tried) return;
  tried = 1;
  p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
           0);
  if (p == MAP_FAILED) return;
  if (madvise(p, PAGE, MADV_WIPEONFORK) == 0)
    page = (volatile long *)p;
  else
    munmap(p, PAGE);
}

long xai_process_id(void) {
  long pid = page ? *page : 0;
  if (pid != 0) return pid;
  pid = (long)getpid();
  open_page();
  if (page) *page = pid;
  return pid;
}

#else

long xai_process_id(void) { return (long)getpid(); }

#endif

/* ----------------------------------------------------------------- terminal */

int xai_terminal_columns(int fd) {
#if defined(TIOCGWINSZ)
  struct winsize size;
  if (fd < 0 || !isatty(fd)) return -1;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? (int)size.ws_col : 0;
#else
  return fd >= 0 && isatty(fd) ? 0 : -1;
#endif
}

#if defined(_WIN32)

int xai_wait_readable(int fd, int other, int ms) {
  (void)fd;
  (void)other;
  (void)ms;
  return 1; /* reading blocks */
}

#else

int xai_wait_readable(int fd, int other, int ms) {
  struct pollfd watched[2];
  watched[0].fd = fd;
  watched[1].fd = other; /* poll skips -1 */
  watched[0].events = watched[1].events = POLLIN;
  watched[0].revents = watched[1].revents = 0;
  return poll(watched, 2, ms) > 0 && watched[0].revents != 0;
}

#endif

/* ------------------------------------------------------------------- folders */

#define PATH_SIZE 4096

static int make_folder(const char *path) {
#if defined(_WIN32)
  int made = _mkdir(path);
#else
  int made = mkdir(path, S_IRWXU);
#endif
  return made == 0 || errno == EEXIST ? 0 : errno;
}

int xai_make_private_folder(const char *path) {
  char part[PATH_SIZE];
  size_t n = strlen(path), i;
  struct stat found;
  int error = 0;
  if (n == 0 || n >= sizeof part) return n == 0 ? ENOENT : ENAMETOOLONG;
  for (i = 0; i <= n; i++) {
    part[i] = '\0';
    if (i > 0 && (path[i] == '/' || path[i] == '\0')) error = make_folder(part);
    part[i] = path[i];
  }
  if (error == 0 && stat(path, &found) == 0 && !S_ISDIR(found.st_mode))
    error = ENOTDIR;
  return error;
}

/* ------------------------------------------------------------- random bytes */

void xai_random_init(xai_Random *r) { memset(r, 0, sizeof *r); }

/* Used without /dev/urandom.  Good enough for waits and names, the only uses of
** random bytes here. */
static void weak_bytes(unsigned char *s, size_t n, const void *salt) {
  uint64_t state = (uint64_t)xai_clock_ms() * 0x9E3779B97F4A7C15u;
  size_t i;
  state ^= (uint64_t)time(NULL) ^ (uint64_t)(uintptr_t)salt;
  state ^= (uint64_t)xai_process_id() << 32;
  for (i = 0; i < n; i++) {
    state += 0x9E3779B97F4A7C15u;
    s[i] = (unsigned char)((state ^ (state >> 31)) * 0xBF58476D1CE4E5B9u >> 56);
  }
}

static void refill(xai_Random *r) {
  FILE *f = fopen("/dev/urandom", "rb");
  size_t got = 0;
  if (f != NULL) {
    setvbuf(f, NULL, _IONBF, 0);
    got = fread(r->pool, 1, sizeof r->pool, f);
    fclose(f);
  }
  if (got < sizeof r->pool) weak_bytes(r->pool + got, sizeof r->pool - got, r);
  r->left = sizeof r->pool;
  r->pid = xai_process_id();
}

/* Fills 's' with 'n' random bytes. */
static void fill(xai_Random *r, void *s, size_t n) {
  unsigned char *out = (unsigned char *)s;
  if (r->pid != xai_process_id()) r->left = 0;
  while (n-- > 0) {
    if (r->left == 0) refill(r);
    *out++ = r->pool[sizeof r->pool - r->left--];
  }
}

double xai_random_unit(xai_Random *r) {
  uint32_t u;
  fill(r, &u, sizeof u);
  return (double)u / 4294967296.0;
}

void xai_random_uuid(xai_Random *r, char out[XAI_UUID_SIZE]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char b[16];
  int i;
  fill(r, b, sizeof b);
  b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
  for (i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = digits[b[i] >> 4];
    *out++ = digits[b[i] & 15];
  }
  *out = '\0';
}
