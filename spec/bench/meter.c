/*
** meter.c - runs one command and reports what it cost.
**
**   meter OUT_FILE TIMEOUT_SECONDS command args...
**
** OUT_FILE gets one line of JSON: exit status, wall time, user and system CPU
** of the whole process tree (wait4), peak memory of the largest process and
** of the tree (sampled: private pages plus one share), and instructions in
** user and kernel mode (perf_event_open; null where that is not permitted).
** The command's stdout is passed through.
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int counter(pid_t pid, int user) {
  struct perf_event_attr a;
  memset(&a, 0, sizeof a);
  a.size = sizeof a;
  a.type = PERF_TYPE_HARDWARE;
  a.config = PERF_COUNT_HW_INSTRUCTIONS;
  a.inherit = 1;
  a.disabled = 1;
  a.enable_on_exec = 1;
  a.exclude_hv = 1;
  a.exclude_kernel = user;
  a.exclude_user = !user;
  return syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static long priv, share, procs;
static void tree(long pid, int depth) {
  char p[96];
  long size, rss, shr;
  snprintf(p, sizeof p, "/proc/%ld/statm", pid);
  FILE *f = fopen(p, "r");
  if (!f) return;
  if (fscanf(f, "%ld %ld %ld", &size, &rss, &shr) == 3) {
    priv += rss - shr;
    if (shr > share) share = shr;
    procs++;
  }
  fclose(f);
  snprintf(p, sizeof p, "/proc/%ld/task/%ld/children", pid, pid);
  f = fopen(p, "r");
  if (!f) return;
  long kids[4096];
  int n = 0;
  while (n < 4096 && fscanf(f, "%ld", &kids[n]) == 1) n++;
  fclose(f);
  if (depth < 8)
    for (int i = 0; i < n; i++) tree(kids[i], depth + 1);
}
int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int go[2];
  if (pipe2(go, O_CLOEXEC)) return 2;
  pid_t pid = fork();
  if (!pid) {
    char c;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (read(go[0], &c, 1) < 0) _exit(126);
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    _exit(127);
  }
  int cu = counter(pid, 1), ck = counter(pid, 0), st = 0,
      timeout = atoi(argv[2]), late = 0, tick = 0;
  long peak = 0, maxprocs = 0, page = sysconf(_SC_PAGESIZE) / 1024;
  struct rusage u;
  double t0 = now(), t1;
  if (write(go[1], "x", 1) != 1) return 2;
  close(go[0]);
  close(go[1]);
  sigset_t ss;
  sigemptyset(&ss);
  sigaddset(&ss, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ss, NULL);
  for (;;) {
    if (wait4(pid, &st, WNOHANG, &u) == pid) {
      t1 = now();
      break;
    }
    struct timespec w = {0, 20000000};
    sigtimedwait(&ss, NULL, &w);
    if (wait4(pid, &st, WNOHANG, &u) == pid) {
      t1 = now();
      break;
    }
    if (++tick % 4 == 1) {
      priv = share = procs = 0;
      tree(pid, 0);
      long m = (priv + share) * page;
      if (m > peak) peak = m;
      if (procs > maxprocs) maxprocs = procs;
    }
    if (now() - t0 > timeout * 1e6 && !late) {
      late = 1;
      kill(-pid, SIGKILL);
    }
  }
  uint64_t iu, ik;
  char su[32] = "null", sk[32] = "null";
  if (cu >= 0 && read(cu, &iu, 8) == 8)
    snprintf(su, sizeof su, "%llu", (unsigned long long)iu);
  if (ck >= 0 && read(ck, &ik, 8) == 8)
    snprintf(sk, sizeof sk, "%llu", (unsigned long long)ik);
  FILE *f = fopen(argv[1], "w");
  if (!f) return 2;
  long maxrss = u.ru_maxrss;
  if (peak < maxrss) peak = maxrss;
  fprintf(f,
          "{\"rc\":%d,\"timeout\":%s,\"wall_us\":%.0f,\"user_us\":%ld,\"sys_"
          "us\":%ld,\"maxrss_kb\":%ld,\"tree_kb\":%ld,\"procs\":%ld,\"ins_"
          "user\":%s,\"ins_kernel\":%s,\"ctx_vol\":%ld,\"ctx_invol\":%ld}\n",
          WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st),
          late ? "true" : "false", t1 - t0,
          u.ru_utime.tv_sec * 1000000L + u.ru_utime.tv_usec,
          u.ru_stime.tv_sec * 1000000L + u.ru_stime.tv_usec, maxrss, peak,
          maxprocs, su, sk, u.ru_nvcsw, u.ru_nivcsw);
  fclose(f);
  return WIFEXITED(st) ? WEXITSTATUS(st) : 1;
}
