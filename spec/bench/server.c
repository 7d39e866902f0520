/*
** server.c - the server of the benchmarks: one thread, epoll, HTTP/1.1 with
** keep-alive, 127.0.0.1 only.
**
**   server [-p PORT] [-i IDLE_SECONDS]
**
** Prints "PORT <n>" once it listens (-p 0: any free port) and exits by itself
** after IDLE_SECONDS (30) without any traffic.
**
**   POST .../v1/chat/completions    a completion of about 600 bytes, whose
**                                   usage.prompt_tokens is the size of the body
**                                   received; with "stream":true a stream
**   POST .../v1/images/generations  {"data":[{"b64_json":...}]}, 'kb' KiB
**   GET  .../v1/models              a short list
**   GET  /bench/stats               the server's own CPU, requests, connections
**
** Settings come from a path prefix, so that any client can be pointed at them
** by its base URL, http://127.0.0.1:PORT/b/chunks=200,batch=1,delay=5000/v1,
** or from headers x-bench-chunks, x-bench-batch, ...:
**   chunks  content events in a stream (100)
**   batch   events per write() (1)
**   delay   us between two writes (0)
**   size    content bytes per event (0: a mix of short tokens)
**   frame   e: one HTTP chunk per event, w: one per write (e)
**   stamp   1: the 16 digits in system_fingerprint "fp_..." are the us of
**           CLOCK_REALTIME at which the event was written (also with a delay)
**   mb      MiB of base64 in the image answer (32)
**   kb      the same in KiB
**   status  answer with this status and an error body
**   wait    us before any answer
*/
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int ep;
static uint64_t last_ns;
static struct conn *run_head;
uint64_t nreq, nconn, nopen;

uint64_t mono(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}
void *xr(void *p, size_t n) {
  p = realloc(p, n);
  if (!p) {
    perror("realloc");
    exit(1);
  }
  return p;
}

static void drop(struct conn *c) {
  hdel(c);
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
  close(c->fd);
  nopen--;
  if (c->inrun) {
    c->fd = -1;
    return;
  }
  free(c->in);
  free(c->own);
  free(c);
}
static void want(struct conn *c, int out) {
  if (c->wantout == out) return;
  c->wantout = out;
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0),
                          .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
/* write what is owned/static; 1 all gone, 0 blocked, -1 closed */
static int flush(struct conn *c) {
  while (c->ownpos < c->ownlen || c->stlen) {
    struct iovec v[2] = {{c->own + c->ownpos, c->ownlen - c->ownpos},
                         {(void *)c->st, c->stlen}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) {
        want(c, 1);
        return 0;
      }
      if (errno == EINTR) continue;
      drop(c);
      return -1;
    }
    size_t a = c->ownlen - c->ownpos;
    if ((size_t)n < a) {
      c->ownpos += n;
      continue;
    }
    c->ownpos = c->ownlen;
    n -= a;
    c->st += n;
    c->stlen -= n;
  }
  c->ownpos = c->ownlen = 0;
  want(c, 0);
  return 1;
}

static void feed(struct conn *c);
static void after(struct conn *c) {
  if (!c->keep) {
    shutdown(c->fd, SHUT_WR);
    drop(c);
  } else
    feed(c);
}
static void pump(struct conn *c) {
  int r = flush(c);
  if (r <= 0) return;
  for (int i = 0; c->streaming; i++) {
    if (c->c.delay) {
      uint64_t now = mono();
      if (c->due > now) {
        hpush(c);
        return;
      }
      c->due += c->c.delay * 1000;
    } else if (i == 64) {
      if (!c->inrun) {
        c->inrun = 1;
        c->nextrun = run_head;
        run_head = c;
      }
      return;
    }
    next_batch(c);
    r = flush(c);
    if (r <= 0) return;
  }
  if (c->waiting) return;
  after(c);
}

static void feed(struct conn *c) {
  while (!c->streaming && !c->waiting && c->ownlen == c->ownpos && !c->stlen &&
         c->inlen) {
    if (!c->parsed) {
      char *e = memmem(c->in, c->inlen, "\r\n\r\n", 4);
      if (!e) return;
      c->hdr = e + 4 - c->in;
      head(c);
      if (c->cont && c->inlen < c->hdr + c->need) {
        if (send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) <
            0) {
          drop(c);
          return;
        }
      }
      if (!c->chunked && c->incap < c->hdr + c->need) {
        size_t off = c->path - c->in;
        c->in = xr(c->in, c->incap = c->hdr + c->need);
        c->path = c->in + off;
      }
    }
    size_t take = c->need, blen = c->need;
    if (c->chunked) {
      take = unchunk(c->in + c->hdr, c->inlen - c->hdr, &blen, 1);
      if (!take) return;
      unchunk(c->in + c->hdr, c->inlen - c->hdr, &blen, 0);
    } else if (c->inlen - c->hdr < c->need)
      return;
    respond(c, c->in + c->hdr, blen);
    size_t used = c->hdr + take;
    memmove(c->in, c->in + used, c->inlen - used);
    c->inlen -= used;
    c->parsed = 0;
    if (c->incap > (1 << 20) && !c->inlen) {
      free(c->in);
      c->in = NULL;
      c->incap = 0;
    }
    if (c->c.wait) {
      c->waiting = 1;
      c->due = mono() + c->c.wait * 1000;
      hpush(c);
      return;
    }
    pump(c);
    return; /* pump comes back here by after() */
  }
}
static void readable(struct conn *c) {
  for (;;) {
    if (c->incap - c->inlen < 4096) {
      size_t off = c->parsed ? c->path - c->in : 0;
      c->in = xr(c->in, c->incap = c->incap ? c->incap * 2 : 16384);
      if (c->parsed) c->path = c->in + off;
    }
    size_t room = c->incap - c->inlen;
    ssize_t n = recv(c->fd, c->in + c->inlen, room, 0);
    if (n < 0) {
      if (errno == EAGAIN) break;
      if (errno == EINTR) continue;
      drop(c);
      return;
    }
    if (n == 0) {
      drop(c);
      return;
    }
    c->inlen += n;
    if ((size_t)n < room) break;
  }
  feed(c);
}

int main(int argc, char **argv) {
  int port = 0, idle = 30, o;
  while ((o = getopt(argc, argv, "p:i:")) != -1) {
    if (o == 'p')
      port = atoi(optarg);
    else if (o == 'i')
      idle = atoi(optarg);
    else
      return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
      one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET,
                          .sin_port = htons(port),
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t al = sizeof a;
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 8192)) {
    perror("listen");
    return 1;
  }
  getsockname(ls, (void *)&a, &al);
  printf("PORT %d\n", ntohs(a.sin_port));
  fflush(stdout);
  ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  last_ns = mono();
  static struct epoll_event ev[512];
  for (;;) {
    struct timespec ts = {1, 0};
    if (run_head)
      ts.tv_sec = 0;
    else if (first_due()) {
      uint64_t now = mono(), due = first_due()->due,
               d = due > now ? due - now : 0;
      if (d < 1000000000u) {
        ts.tv_sec = 0;
        ts.tv_nsec = d;
      }
    }
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    if (n < 0 && errno != EINTR) {
      perror("epoll");
      return 1;
    }
    uint64_t now = mono();
    if (n > 0 || first_due() || run_head)
      last_ns = now;
    else if (now - last_ns > (uint64_t)idle * 1000000000u)
      return 0;
    for (int i = 0; i < n; i++) {
      struct conn *c = ev[i].data.ptr;
      if (!c) {
        int fd;
        for (int k = 0;
             k < 64 &&
             (fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;
             k++) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = calloc(1, sizeof *c);
          c->fd = fd;
          c->heap_i = -1;
          nconn++;
          nopen++;
          struct epoll_event x = {.events = EPOLLIN, .data.ptr = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
        }
        continue;
      }
      if (c->fd < 0) continue;
      if (ev[i].events & (EPOLLERR | EPOLLHUP)) {
        drop(c);
        continue;
      }
      if (ev[i].events & EPOLLOUT) {
        pump(c);
        continue;
      } /* level-triggered: input is seen next round */
      if (ev[i].events & EPOLLIN) readable(c);
    }
    while (first_due() && first_due()->due <= now) {
      struct conn *c = first_due();
      hdel(c);
      c->waiting = 0;
      pump(c);
    }
    struct conn *r = run_head;
    run_head = NULL;
    while (r) {
      struct conn *x = r->nextrun;
      r->inrun = 0;
      if (r->fd < 0) {
        free(r->in);
        free(r->own);
        free(r);
      } else
        pump(r);
      r = x;
    }
  }
}
