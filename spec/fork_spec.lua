--- A process that forks while a stream is under way keeps it; the new one begins anew.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")

local house

-- Needs lua-posix.  The new process does `code`; then the stream is read to its end.
local PROGRAM = [[
  local unistd = require "posix.unistd"
  local wait = require("posix.sys.wait").wait
  local xai = require "xai"
  local hello = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "What is Lua?" } } }
  local client = xai.new { api_key = %q, base_url = %q, max_retries = 0, deadline = 5 }
  local slow = { headers = { ["x-fault"] = "slow-words,20" } }
  local stream = assert(client:chat(hello, slow))
  local call = client:start("chat", hello, slow)
  assert(stream:next())
  io.stdout:setvbuf "no"
  local process = unistd.fork()
  if process == 0 then
    %s
    os.exit(0, true)
  end
  wait(process)
  local whole, message = stream:result()
  print(message or whole.choices[1].finish_reason, (call:wait()))
]]

--- What the two processes say when the new one does this.
local function said(code)
  return programs.code(PROGRAM:format(stages.KEY, house.server.url, code), programs.NO_LEAKS)
end

describe("a process that forks", function()
  if not pcall(require, "posix.unistd") then
    pending("keeps its streams (lua-posix is not installed)")
    return
  end

  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  for what, code in pairs {
    ["ends"] = "",
    ["closes them"] = "stream:close() call:cancel()",
    ["closes the client"] = "client:close()",
    ["steps"] = "while xai.active() > 0 do xai.step(1) end",
    ["makes calls of its own"] = "assert(client:list_models())",
  } do
    it("keeps its streams when the new one " .. what, function()
      assert.matches("^stop\ttable: [^\n]*\n$", said(code))
    end)
  end

  it("takes along neither places of a budget nor waiting calls", function()
    local code = [=[
      local unistd = require "posix.unistd"
      local wait = require("posix.sys.wait").wait
      local xai = require "xai"
      local budget, limiter = xai.budget { calls = 3 }, xai.limiter { at_once = 1 }
      local function client()
        return xai.new {
          api_key = %q, base_url = %q, max_retries = 0, deadline = 5, budget = budget, limiter = limiter,
        }
      end
      local hello = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } } }
      local mine = client()
      local call = mine:start("chat", hello, { headers = { ["x-fault"] = "late-head,200" } })
      local waits = mine:start("chat", hello)
      xai.step(0)
      io.stdout:setvbuf "no"
      local process = unistd.fork()
      if process == 0 then
        print(budget:left().calls, limiter, (select(2, waits:wait())))
        print((client():chat(hello)) ~= nil, budget.spent.calls, limiter)
        os.exit(0, true)
      end
      wait(process)
      print((call:wait()) ~= nil, (waits:wait()) ~= nil, budget.spent.calls, limiter)
    ]=]
    local free = "xai.limiter (0 under way, 0 waiting)"
    assert.equal("3\t" .. free .. "\tclosed: the call belongs to the process that this one came from\n"
      .. "true\t1\t" .. free .. "\ntrue\ttrue\t2\t" .. free .. "\n",
      programs.code(code:format(stages.KEY, house.server.url), programs.NO_LEAKS))
  end)

  it("takes along no calls that were about to begin", function()
    local code = [[
      xai.step(0)
      print(xai.active())
      local own = client:start("list_models")
      print(xai.active(), own:wait().object, xai.active())
    ]]
    local program = PROGRAM:gsub("local process =", function(rest)
      return 'for _ = 1, 20 do client:start("chat", hello, slow) end ' .. rest
    end)
    local output = programs.code(program:format(stages.KEY, house.server.url, code), programs.NO_LEAKS)
    assert.matches("^0\n1\tlist\t0\n", output)
  end)

  it("has them alone: in the new one they are closed", function()
    local kinds = "print(select(3, stream:result()).kind, select(3, call:wait()).kind)"
    assert.matches("^closed\tclosed\nstop\ttable: [^\n]*\n$", said(kinds))
  end)
end)
