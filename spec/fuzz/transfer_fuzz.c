/*
** transfer_fuzz.c - whatever a server answers, the call ends, within its
** limits, and says no more than was proven.
**
** The input is what the server sends.  libcurl is given one end of a pair of
** sockets for its connection, in portions, and the clock of the engine is
** moved by hand: nothing here waits.  Link with --wrap for the functions that
** begin with __wrap_.
*/
#define _POSIX_C_SOURCE 200112L

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/http_head.h"
#include "fuzz.h"
#include "net/call_private.h"
#include "net/curl_library.h"
#include "net/engine.h"

#define MAX_PEERS 8
#define MAX_TURNS 20000

/* ------------------------------------------------------------------ server */

typedef struct Peer {
  int fd;
  size_t sent;
  int over; /* all was said */
} Peer;

static Peer peers[MAX_PEERS];
static int peer_count;
static int64_t now_ms;
static xai_Buffer seen; /* what was taken for an event stream, unpacked */

int64_t __wrap_xai_clock_ms(void);
int __wrap_xai_sse_feed(xai_Sse *p, const char *s, size_t n);
int __real_xai_sse_feed(xai_Sse *p, const char *s, size_t n);
void __wrap_xai_sse_adopt(xai_Sse *p, xai_Buffer *from);
void __real_xai_sse_adopt(xai_Sse *p, xai_Buffer *from);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *easy);

int64_t __wrap_xai_clock_ms(void) { return now_ms; }

int __wrap_xai_sse_feed(xai_Sse *p, const char *s, size_t n) {
  require(xai_buffer_append(&seen, s, n) == XAI_OK);
  return __real_xai_sse_feed(p, s, n);
}

void __wrap_xai_sse_adopt(xai_Sse *p, xai_Buffer *from) {
  require(xai_buffer_append(&seen, xai_buffer_data(from),
                            xai_buffer_size(from)) == XAI_OK);
  __real_xai_sse_adopt(p, from);
}

static curl_socket_t open_socket(void *ud, curlsocktype what,
                                 struct curl_sockaddr *address) {
  int fd[2];
  (void)ud, (void)what, (void)address;
  if (peer_count == MAX_PEERS) return CURL_SOCKET_BAD;
  require(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
  fcntl(fd[1], F_SETFL, O_NONBLOCK);
  peers[peer_count].fd = fd[1];
  peers[peer_count].sent = 0;
  peers[peer_count].over = 0;
  peer_count++;
  return fd[0];
}

/* libcurl's, too: its sockets are connected from the start. */
int connect(int fd, const struct sockaddr *address, socklen_t n) {
  (void)fd, (void)address, (void)n;
  return 0;
}

CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  return __real_curl_multi_add_handle(multi, easy);
}

/* Say the next portion to the last that connected.  Was there anything? */
static int say(Input *in, size_t most, int silent_end) {
  Peer *p = peer_count > 0 ? &peers[peer_count - 1] : NULL;
  char request[4096];
  ssize_t n;
  if (p == NULL || p->over) return 0;
  while (read(p->fd, request, sizeof request) > 0) continue;
  if (p->sent < in->len) {
    size_t len = 1 + input_number(in, most);
    if (len > in->len - p->sent) len = in->len - p->sent;
    n = send(p->fd, in->at + p->sent, len, MSG_NOSIGNAL);
    if (n > 0) p->sent += (size_t)n;
    p->over = n < 0; /* the other end has gone */
    return 1;
  }
  p->over = 1;
  if (!silent_end) shutdown(p->fd, SHUT_WR);
  return 1;
}

static void close_peers(void) {
  while (peer_count > 0) close(peers[--peer_count].fd);
}

/* ---------------------------------------------------------------- promises */

static int has(const char *word) {
  xai_Slice s;
  s.at = xai_buffer_data(&seen);
  s.len = xai_buffer_size(&seen);
  return xai_slice_has(s, word);
}

/* Words without which no stream of that kind has ended well. */
static int end_was_said(const xai_Call *c) {
  if (c->raw) return 1;
  switch (c->api) {
    case XAI_API_CHAT:
    case XAI_API_COMPLETIONS: return has("[DONE]") || has("finish_reason");
    case XAI_API_RESPONSES: return has("response.");
    case XAI_API_MESSAGES: return has("message_stop");
    case XAI_API_COMPLETE: return has("stop_reason");
    default: return 1;
  }
}

/* The length that the head promises, or -1 where there is more to it. */
static long promised_length(const Input *in, const xai_Transfer *t) {
  xai_Slice all = {in->at, in->len}, head = xai_transfer_head(t), name, value;
  size_t at = 0, i;
  long length = -1;
  int count = 0;
  if (xai_slice_has(all, "encoding") || t->status == 204 || t->status == 304)
    return -1;
  while (xai_http_head_next(head, &at, &name, &value)) {
    if (!xai_slice_like(name, "content-length")) continue;
    count++;
    length = 0;
    if (value.len == 0 || value.len > 6) return -1;
    for (i = 0; i < value.len; i++) {
      if (value.at[i] < '0' || value.at[i] > '9') return -1;
      length = length * 10 + (value.at[i] - '0');
    }
  }
  return count == 1 ? length : -1;
}

static void check_limits(const xai_Call *c, const xai_Settings *set) {
  const xai_Transfer *t = &c->transfer;
  require(set->max_body == 0 || xai_buffer_size(&t->body) <= set->max_body);
  require(xai_buffer_size(&t->head) <= (size_t)256 << 10);
}

static void check_end(const Input *in, const xai_Call *c,
                      const xai_Settings *set, xai_ReadState state) {
  const xai_Transfer *t = &c->transfer;
  long length;
  check_limits(c, set);
  require(xai_kind_name(c->outcome.error.kind) != NULL);
  require(strlen(c->outcome.error.text) < sizeof c->outcome.error.text);
  require(c->attempts >= 1 && c->attempts <= 1 + set->max_retries);
  if (t->content == XAI_CONTENT_EVENTS) {
    require(state != XAI_READ_END || end_was_said(c));
    require(state != XAI_READ_WAIT);
    return;
  }
  require(c->state == XAI_CALL_DONE);
  if (c->outcome.error.kind != XAI_KIND_NONE) return;
  require(t->head_done && t->status >= 200 && t->status < 300);
  length = promised_length(in, t);
  require(length < 0 || xai_buffer_size(&t->body) == (size_t)length);
}

/* -------------------------------------------------------------------- call */

/* Read what is there, at most 'most' events. */
static xai_ReadState read_some(xai_Engine *e, xai_Call *c, size_t most) {
  xai_ReadState state = XAI_READ_WAIT;
  if (!xai_call_opened(c) || c->transfer.content != XAI_CONTENT_EVENTS)
    return state;
  while (most-- > 0 && (state = xai_call_peek(c)) == XAI_READ_EVENT)
    if (xai_engine_consume(e, c) != XAI_OK)
      require(xai_call_peek(c) == XAI_READ_FAILED);
  return state;
}

/* Drive the call until it has ended or its stream has. */
static xai_ReadState drive(xai_Engine *e, xai_Call *c, Input *in, size_t most,
                           int silent_end) {
  xai_ReadState state = XAI_READ_WAIT;
  int turn, idle = 0;
  for (turn = 0; turn < MAX_TURNS; turn++) {
    int moved = say(in, most, silent_end);
    int64_t due;
    moved |= xai_engine_step(e, 0, 0);
    while (xai_engine_next_ready(e) != NULL) continue;
    state = read_some(e, c, 1 + input_number(in, 3));
    if (state == XAI_READ_END || state == XAI_READ_ERROR ||
        state == XAI_READ_FAILED)
      return state;
    if (c->state == XAI_CALL_DONE && state != XAI_READ_EVENT) return state;
    if (moved || state == XAI_READ_EVENT) {
      idle = 0;
      continue;
    }
    if (++idle < 3) continue; /* the socket may have more to say */
    due = xai_call_due(c);
    require(due != XAI_NEVER); /* else nothing would ever end it */
    if (due > now_ms) now_ms = due;
  }
  abort(); /* it does not end */
}

static void choose(Input *in, xai_Settings *set, xai_Request *r) {
  xai_settings_init(set);
  set->max_retries = (int)input_number(in, 3);
  if (input_number(in, 4) == 0) set->max_body = 1 + input_number(in, 300);
  if (input_number(in, 4) == 0) set->max_event = 1 + input_number(in, 300);
  if (input_number(in, 2) == 0) set->max_buffer = 1 + input_number(in, 300);
  if (input_number(in, 4) == 0) set->deadline_ms = 5000;
  memset(r, 0, sizeof *r);
  r->method = input_number(in, 3) == 0 ? "GET" : "POST";
  r->url = "http://127.0.0.1:9/v1/x";
  r->stream = (int)input_number(in, 3) != 0;
  if (*r->method == 'P') {
    r->body = "{}";
    r->body_len = 2;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  Input in;
  xai_Settings set;
  xai_Request r;
  xai_Engine *e;
  xai_Call *c;
  xai_Api api;
  xai_ReadState state;
  size_t most;
  int silent_end;
  signal(SIGPIPE, SIG_IGN);
  require(xai_curl_library_open() == NULL);
  input_open(&in, data, n);
  choose(&in, &set, &r);
  most = input_number(&in, 2) == 0 ? n + 1 : 1 + input_number(&in, 64);
  silent_end = input_number(&in, 4) == 0;
  now_ms = 1000;
  xai_buffer_init(&seen, 0);
  e = xai_engine_new();
  api = (xai_Api)(XAI_API_CHAT + input_number(&in, 6));
  c = xai_call_new(&set, api, input_number(&in, 8) == 0, NULL);
  require(e != NULL && c != NULL);
  r.raw = c->raw;
  r.may_stream = !r.raw;
  c->watched = 1;
  r.spec.pending_ok = r.spec.read_once = (int)input_number(&in, 2);
  xai_engine_start(e, c, &r);
  state = drive(e, c, &in, most, silent_end);
  check_end(&in, c, &set, state);
  if (state == XAI_READ_ERROR) xai_call_fail_by_event(c);
  if (state == XAI_READ_ERROR) xai_call_fail_by_event(c);
  if (state == XAI_READ_END) xai_engine_end_reading(e, c);
  if (input_number(&in, 2) == 0) xai_call_rest(c);
  xai_engine_release(e, c);
  xai_engine_close(e);
  xai_engine_unref(e);
  close_peers();
  xai_buffer_free(&seen);
  return 0;
}
