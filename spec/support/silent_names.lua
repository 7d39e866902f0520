--- silent_names.lua - a name server that is silent: looking up slow.test takes 20 seconds, for
-- programs that are preloaded with what `open` compiles.

local programs = require "spec.support.programs"

local M = {}

local SOURCE = [[
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <netdb.h>
  #include <stdio.h>
  #include <string.h>
  #include <unistd.h>
  /* A name server that does not answer until a file is there. */
  int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    FILE *f;
    int i;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || strcmp(name, "slow.test") != 0) return real(name, service, hints, out);
    f = fopen(DIR "/asked", "w");
    if (f != NULL) fclose(f);
    for (i = 0; i < 2000 && access(DIR "/release", F_OK) != 0; i++) usleep(10000);
    f = fopen(DIR "/answered", "w");
    if (f != NULL) fclose(f);
    return EAI_NONAME;
  }
]]

--- Can there be one here?
function M.is_here()
  return programs.has "cc"
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- A new one: its folder `dir`, where the file "asked" appears when the name is looked up, "answered" when that
-- has ended, and "release" ends it; `preload`, the value of LD_PRELOAD; `was(file)`; and `close()`.
function M.open()
  local dir = os.tmpname()
  os.remove(dir)
  programs.output("mkdir " .. dir)
  local file = assert(io.open(dir .. "/slow.c", "w"))
  file:write(SOURCE)
  file:close()
  local said = programs.output(("cc -shared -fPIC -DDIR='\"%s\"' -o %s/slow.so %s/slow.c -ldl"):format(dir, dir, dir))
  assert(said == "", said)
  local preload = os.getenv "LD_PRELOAD"
  return {
    dir = dir,
    preload = (preload and preload .. ":" or "") .. dir .. "/slow.so",
    was = function(name) return exists(dir .. "/" .. name) end,
    close = function() programs.output("rm -r " .. dir) end,
  }
end

return M
