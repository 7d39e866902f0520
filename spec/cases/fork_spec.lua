--- A process that was forked leaves alone what is the other's, whatever it does first.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")

local house

-- Needs lua-posix.  The parent has a stream under way, one that is paused, a call that waits for its
-- next attempt, and shows its descriptor.  The new process does `code`; then the parent tells what
-- has become of its timer and of what its epoll watches, and reads its streams to their ends.
local PROGRAM = [[
  local unistd = require "posix.unistd"
  local wait = require("posix.sys.wait").wait
  local xai = require "xai"
  local hello = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "What is Lua?" } } }
  local client = xai.new { api_key = function() return %q end, base_url = %q, max_retries = 1 }
  local fd = xai.fd()
  local paused = assert(client:chat(hello, { max_buffer = 500, headers = { ["x-fault"] = "big-event,300" } }))
  assert(paused:next())
  local stream = assert(client:chat(hello, { headers = { ["x-fault"] = "slow-words,20" } }))
  local call = client:start("chat", hello, { headers = { ["x-fault"] = "status,503;header,retry-after,100" } })

  --- Seconds until the timer rings, and that it has not, and which sockets are watched.
  local function watched()
    local list, seconds = {}, nil
    local dir = io.popen("cat /proc/" .. unistd.getpid() .. "/fdinfo/* 2>&1")
    for line in dir:lines() do
      seconds = tonumber(line:match "^it_value: %%((%%d+)") or seconds
      list[#list + 1] = line:match "^ticks: .*" or line:match "^tfd: .*events: *%%x+"
    end
    dir:close()
    return table.concat(list, "\n"), seconds
  end

  -- libcurl has short times while a connection is made.
  local before, seconds
  repeat
    xai.step(0.05)
    before, seconds = watched()
  until seconds > 5
  io.stdout:setvbuf "no"
  local process = unistd.fork()
  if process == 0 then
    local ok, problem = pcall(function() %s end)
    if not ok then print(problem) end
    os.exit(0, true)
  end
  wait(process)
  local after, left = watched()
  print(before:find "ticks" and before:find "tfd" and "watches",
    after == before and "the same" or before .. "\n" .. after, left > 0 and left <= seconds)
  call:cancel()
  local whole, message = stream:result()
  print(message or whole.choices[1].finish_reason)
  whole, message = paused:result()
  print(message or whole.choices[1].finish_reason)
]]

local function said(code)
  return programs.code(PROGRAM:format(stages.KEY, house.server.url, code), programs.NO_LEAKS)
end

-- The parent has a stream under way, a connection that is kept, and a socket that is none of the library's.
-- How many TCP sockets does the new process have, before and after it asks the library for something?
local SOCKETS = [[
  local socket, unistd = require "posix.sys.socket", require "posix.unistd"
  local wait = require("posix.sys.wait").wait
  local xai = require "xai"
  local client = xai.new { api_key = %q, base_url = %q }
  assert(client:list_models())
  local hello = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "What is Lua?" } } }
  local stream = assert(client:chat(hello, { headers = { ["x-fault"] = "slow-words,5" } }))
  assert(client:list_models())
  local own = assert(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0))
  assert(socket.connect(own, { family = socket.AF_INET, addr = "127.0.0.1", port = %d }))

  local function count()
    local n = 0
    local tcp = io.open("/proc/net/tcp"):read "*a"
    local dir = io.popen("ls -l /proc/" .. unistd.getpid() .. "/fd")
    for line in dir:lines() do
      local inode = line:match "socket:%%[(%%d+)%%]"
      if inode and tcp:find(" " .. inode .. " ", 1, true) then n = n + 1 end
    end
    dir:close()
    return n
  end

  io.stdout:setvbuf "no"
  local process = unistd.fork()
  if process == 0 then
    local before = count()
    xai.step(0)
    print(before, count())
    print(#assert(client:list_models()).data > 0, count())
    os.exit(0, true)
  end
  wait(process)
  print(stream:result().choices[1].finish_reason, count())
]]

-- What the new process does first.
local ENTRIES = {
  "xai.spawn(function() end)", "xai.sleep(0)", "xai.sleep(0.01)", "xai.update()", "xai.update(5)", "xai.fd()",
  "xai.timeout()", "assert(xai.active() == 0)", "xai.step()", "xai.step(0)",
  "xai.run(function() xai.sleep(0.01) end)", "xai.all { function() end }", "xai.spawn(function() xai.sleep(1) end)",
  "paused:next()", "stream:next()", "paused:result()", "pcall(function() for _ in paused:text() do break end end)",
  "paused:info()",
  "stream:close()", "paused:close()", "call:result()", "call:done()", "call:cancel()", "call:wait()", "client:close()",
  "client = nil collectgarbage() collectgarbage()", "stream, paused, call = nil collectgarbage() collectgarbage()",
  "assert(client:list_models())", "client:start('list_models')", "assert(client:start('list_models'):wait())",
  "xai.new { api_key = 'xai-spec' }", "client:warm()", "xai.live()",
  "require('xai.core').ready()", "require('xai.core').has_ready()", "require('xai.core').wake_at(1)",
  "require('xai.core').close()", "io.popen('true'):close()", "",
}

describe("a process that was forked leaves the other's timer, epoll and streams alone when it does", function()
  if not pcall(require, "posix.unistd") or not io.open("/proc/self/fdinfo/0") then
    pending("(lua-posix is not installed, or there is no /proc)")
    return
  end

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  for _, code in ipairs(ENTRIES) do
    it((code == "" and "nothing" or code) .. " (defect found by reading, 31)", function()
      local text = said(code == "xai.live()" and "require('xai.core').live()" or code)
      assert.equal("watches\tthe same\ttrue\nstop\nstop\n", text)
    end)
  end

  it("closes its descriptors of the other's connections, and no others (defect found by reading, 31)", function()
    local port = tonumber(house.server.url:match ":(%d+)")
    local text = programs.code(SOCKETS:format(stages.KEY, house.server.url, port), programs.NO_LEAKS)
    assert.equal("3\t1\ntrue\t2\nstop\t3\n", text)
  end)
end)
