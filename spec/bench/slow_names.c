/*
** slow_names.c - preloaded: looking up the name slow.invalid takes 3 seconds.
**
**   cc -shared -fPIC -o slow_names.so slow_names.c -ldl
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
  union {
    void *address;
    lookup *function;
  } next;
  if (node != NULL && strcmp(node, "slow.invalid") == 0) sleep(3);
  next.address = dlsym(RTLD_NEXT, "getaddrinfo");
  return next.function(node, service, hints, result);
}
