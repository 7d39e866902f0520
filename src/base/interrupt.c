/*
** interrupt.c - Ctrl-C (SIGINT), noted for each listener.
*/
#define _POSIX_C_SOURCE 200809L

#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/platform.h"

#define MAX_LISTENERS 16 /* one for each Lua state that listens */

typedef struct Listener {
  volatile sig_atomic_t used, pending;
  int fd;       /* readable after an interrupt, or -1 */
  long process; /* the process that opened the descriptor */
} Listener;

static Listener listeners[MAX_LISTENERS];

static int is_listener(int i) {
  return i >= 0 && i < MAX_LISTENERS && listeners[i].used;
}

/* Notes an interrupt for all listeners.  1 if one of them had not yet taken an
** earlier one. */
static int note(long process);

#if defined(_WIN32)

typedef void (*Handler)(int);

static Handler before = SIG_DFL, interpreters = SIG_DFL;
static int installed;

static void open_descriptor(Listener *l) { l->fd = -1; }
static void close_descriptor(Listener *l) { (void)l; }
static void wake(const Listener *l) { (void)l; }
void xai_interrupt_drain(int i) { (void)i; }

/* The system runs it in another thread and has reset the handler. */
static void on_interrupt(int number) {
  signal(number, on_interrupt);
  if (note(xai_process_id()) && before != SIG_IGN) {
    signal(number, before);
    raise(number);
  }
}

static int install(void) {
  if (installed) return 1;
  before = signal(SIGINT, on_interrupt);
  installed = before != SIG_ERR;
  return installed;
}

static void restore(void) {
  if (installed) signal(SIGINT, before);
  installed = 0;
}

void xai_interrupt_hold(void) {}
void xai_interrupt_remember(void) { (void)interpreters; }
void xai_interrupt_rearm(void) {}

#else

#include <unistd.h>

#if defined(__linux__)
#include <sys/eventfd.h>

static void open_descriptor(Listener *l) {
  l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  l->process = xai_process_id();
}

static void close_descriptor(Listener *l) {
  int fd = l->fd;
  l->fd = -1;
  if (fd >= 0) close(fd);
}

/* The signal handler calls it. */
static void wake(const Listener *l) {
  uint64_t one = 1;
  if (l->fd >= 0 && write(l->fd, &one, sizeof one) < 0)
    return; /* it is readable already */
}

void xai_interrupt_drain(int i) {
  uint64_t count;
  if (!is_listener(i) || listeners[i].fd < 0) return;
  if (read(listeners[i].fd, &count, sizeof count) < 0)
    return; /* it was not readable */
}

#else

/* Without a descriptor, a wait ends by the signal itself or by its time
** limit. */
static void open_descriptor(Listener *l) { l->fd = -1; }
static void close_descriptor(Listener *l) { (void)l; }
static void wake(const Listener *l) { (void)l; }
void xai_interrupt_drain(int i) { (void)i; }

#endif

static struct sigaction before;       /* the handler that ours replaced */
static struct sigaction interpreters; /* the remembered one */
static int installed, has_interpreters;
static volatile sig_atomic_t passed_on; /* our handler called 'before' */

static int are_equal(const struct sigaction *a, const struct sigaction *b) {
  if ((a->sa_flags & SA_SIGINFO) != (b->sa_flags & SA_SIGINFO)) return 0;
  return a->sa_flags & SA_SIGINFO ? a->sa_sigaction == b->sa_sigaction
                                  : a->sa_handler == b->sa_handler;
}

static int is_plain(const struct sigaction *a, void (*handler)(int)) {
  return !(a->sa_flags & SA_SIGINFO) && a->sa_handler == handler;
}

/* Does what the program would have done without our handler. */
static void pass_on(int number, siginfo_t *info, void *context) {
  passed_on = 1;
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler == SIG_DFL) {
    sigaction(number, &before, NULL);
    raise(number); /* ends the process when this handler returns */
  } else if (before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  }
}

static void on_interrupt(int number, siginfo_t *info, void *context) {
  int error = errno;
  if (note((long)getpid())) pass_on(number, info, context);
  errno = error;
}

/* SA_RESTART: the program's own reads and writes go on.  Waits for events end
** by any signal. */
static void own_action(struct sigaction *own) {
  memset(own, 0, sizeof *own);
  own->sa_sigaction = on_interrupt;
  own->sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&own->sa_mask);
}

/* An interpreter's handler works once and then resets the signal.  So "no
** handler" stands for the remembered one. */
static int install(void) {
  struct sigaction own;
  if (installed) return 1;
  own_action(&own);
  passed_on = 0;
  installed = sigaction(SIGINT, &own, &before) == 0;
  if (has_interpreters && is_plain(&before, SIG_DFL)) before = interpreters;
  return installed;
}

static void restore(void) {
  struct sigaction own, now;
  own_action(&own);
  if (installed && sigaction(SIGINT, NULL, &now) == 0 && are_equal(&now, &own))
    sigaction(SIGINT, &before, NULL);
  installed = 0;
}

void xai_interrupt_hold(void) {
  struct sigaction own, now;
  if (!installed || sigaction(SIGINT, NULL, &now) != 0) return;
  own_action(&own);
  if (are_equal(&now, &own)) return;
  if (!are_equal(&now, &before) && !(passed_on && is_plain(&now, SIG_DFL)))
    return;
  passed_on = 0;
  sigaction(SIGINT, &own, NULL);
}

void xai_interrupt_remember(void) {
  struct sigaction now;
  if (installed || sigaction(SIGINT, NULL, &now) != 0) return;
  if (is_plain(&now, SIG_DFL) || is_plain(&now, SIG_IGN)) return;
  interpreters = now;
  has_interpreters = 1;
}

void xai_interrupt_rearm(void) {
  struct sigaction now;
  if (!has_interpreters || sigaction(SIGINT, NULL, &now) != 0) return;
  if (is_plain(&now, SIG_DFL)) sigaction(SIGINT, &interpreters, NULL);
}

#endif

/* A forked child must not wake the listeners of its parent. */
static int note(long process) {
  int i, unserved = 0;
  for (i = 0; i < MAX_LISTENERS; i++) {
    Listener *l = &listeners[i];
    if (!l->used) continue;
    if (l->pending) unserved = 1;
    l->pending = 1;
    if (l->process == process) wake(l);
  }
  return unserved;
}

int xai_interrupt_open(void) {
  int i = 0;
  while (i < MAX_LISTENERS && listeners[i].used) i++;
  if (i == MAX_LISTENERS || !install()) return -1;
  listeners[i].pending = 0;
  open_descriptor(&listeners[i]);
  listeners[i].used = 1; /* last: the handler looks at it */
  return i;
}

void xai_interrupt_close(int i) {
  int left = 0, k;
  if (!is_listener(i)) return;
  listeners[i].used = 0; /* first */
  close_descriptor(&listeners[i]);
  for (k = 0; k < MAX_LISTENERS; k++) left |= listeners[k].used;
  if (!left) restore();
}

int xai_interrupt_fd(int i) {
  if (!is_listener(i)) return -1;
  if (listeners[i].process != xai_process_id()) {
    close_descriptor(&listeners[i]);
    open_descriptor(&listeners[i]);
  }
  return listeners[i].fd;
}

int xai_interrupt_pending(int i) {
  return is_listener(i) && listeners[i].pending;
}

int xai_interrupt_take(int i) {
  if (!xai_interrupt_pending(i)) return 0;
  xai_interrupt_drain(i);
  listeners[i].pending = 0;
  return 1;
}
