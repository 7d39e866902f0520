--- A program that the host starts inherits no descriptor of the library's or of libcurl's.

local programs = require "spec.support.programs"
local stages = require "spec.support.stage"

describe("a program that is started", function()
  if not io.open("/proc/self/fd") then
    pending "inherits nothing (there is no /proc)"
    return
  end

  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  -- What `ls` has open beyond what it had before there was a client: after a call, beside a stream, and
  -- while the descriptor is shown.
  for how, code in pairs {
    ["a connection that was kept"] = "assert(client:list_models())",
    ["a stream under way"] = "stream = assert(client:chat(hello)) assert(stream:next())",
    ["the descriptor for other loops"] = "assert(client:list_models()) xai.fd() xai.timeout()",
    ["HTTP/2"] = "assert(client:list_models { http_version = '2' })",
  } do
    it("does not inherit " .. how .. " (defect found by reading, 33)", function()
      local said = programs.code(([[
        local function open()
          local list, ls = {}, io.popen "ls -l /proc/self/fd"
          for line in ls:lines() do list[#list + 1] = line:match "([0-9]+) %%->" end
          ls:close()
          return table.concat(list, " ")
        end
        local before = open()
        local xai = require "xai"
        local hello = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "Hi" } } }
        local client = xai.new { api_key = %q, base_url = %q }
        local stream
        %s
        print(open() == before and "nothing" or before .. " | " .. open())
      ]]):format(stages.KEY, house.server.url, code))
      assert.equal("nothing\n", said)
    end)
  end
end)

-- What another thread opens while a multi handle is made.
local THREAD = [[
  #define _GNU_SOURCE
  #include <dlfcn.h>
  #include <fcntl.h>
  #include <stdio.h>
  #include <sys/socket.h>
  #include <unistd.h>
  static int fds[5], opened;
  void *curl_multi_init(void) {
    void *(*real)(void), *multi;
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_init");
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    pipe(fds + 1);
    multi = real();
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 3);
    opened = 1;
    return multi;
  }
  __attribute__((destructor)) static void tell(void) {
    int i;
    for (i = 0; i < 5 && opened; i++) printf("%d ", fcntl(fds[i], F_GETFD));
  }
]]

it("what other threads open meanwhile stays as it is (defect found by reading, 33)", function()
  if not programs.has "cc" then return pending "there is no C compiler" end
  local dir = os.tmpname()
  os.remove(dir)
  programs.output("mkdir " .. dir)
  finally(function() programs.output("rm -r " .. dir) end)
  local file = assert(io.open(dir .. "/thread.c", "w"))
  file:write(THREAD)
  file:close()
  local compile = "cc -w -shared -fPIC -o %s/thread.so %s/thread.c -ldl -Wl,--no-as-needed -lcurl"
  assert.equal("", programs.output(compile:format(dir, dir)))
  local preload = os.getenv "LD_PRELOAD"
  local said = programs.code("require('xai').new { api_key = 'k', base_url = 'http://127.0.0.1:1' }:close()",
    { LD_PRELOAD = (preload and preload .. ":" or "") .. dir .. "/thread.so" })
  assert.equal("0 0 0 0 0 ", said)
end)
