--- Streams that are over come to rest by themselves, in every host.

local hosted = require("spec.support.hosted")

-- The body's end does not come after [DONE], and nobody waits for it: a server that ends when nothing
-- is active does.  `wait(seconds)` is the host's own; a failure to end is told after 20 s.
local WAYS = {
  ["read to its end"] = 'assert(read "stall-in-stream,99" == TEXT)',
  ["read as text"] = 'for _ in assert(client:chat(question(true), options "stall-in-stream,99")):text() do end',
  ["read at once"] = 'assert(client:chat(question(true), options "stall-in-stream,99")):result()',
  ["closed"] = [[
    local stream = assert(client:chat(question(true), options "stall-in-stream,3"))
    stream:next()
    stream:close()]],
  ["closed at its end"] = [[
    local stream = assert(client:chat(question(true), options "stall-in-stream,99"))
    repeat until not stream:next()
    stream:close()]],
  ["started and waited for"] = 'assert(client:start("chat", question(true), options "stall-in-stream,99"):wait())',
  ["started and told"] = [[
    local told
    client:start("chat", question(true), options("stall-in-stream,99", { on_done = function() told = true end }))
    while not told do wait(0.01) end]],
  ["cancelled"] = [[
    local call = client:start("chat", question(true), options "stall-in-stream,3")
    wait(0.05)
    call:cancel()]],
}

local WATCH = [[
  local began = os.time()
  while xai.active() > 0 and os.time() - began < 20 do wait(0.01) end
  print("active: " .. xai.active())
]]

local HOSTS = {
  cqueues = { prelude = [[
    local cqueues = require "cqueues"
    require "xai.cqueues"
    local wait = cqueues.sleep
  ]], first = "local loop = cqueues.new() loop:wrap(function() ", last = " end) assert(loop:loop())" },
  ["cqueues, in another coroutine"] = { needs = "cqueues", prelude = [[
    local cqueues = require "cqueues"
    require "xai.cqueues"
    local wait = cqueues.sleep
    local over
  ]], first = "local loop = cqueues.new() loop:wrap(function() ", last = [[
    end)
    assert(loop:loop())
  ]], between = " over = true end) loop:wrap(function() while not over do wait(0.01) end " },
  copas = { needs = "socket", prelude = [[
    package.loaded.copas = require "spec.support.new_copas"
    local copas = require "copas"
    require "xai.copas"
    local wait = copas.sleep
  ]], first = "copas.addthread(function() ", last = " end) copas.loop()" },
  ["copas, where it is installed"] = { needs = "copas", with = "pauseforever", prelude = [[
    local copas = require "copas"
    require "xai.copas"
    local wait = copas.pause or copas.sleep
  ]], first = "copas.addthread(function() ", last = " end) copas.loop()" },
  luv = { needs = "luv", prelude = [[
    local luv = require "luv"
    require("xai.uv").attach()
    local function wait(seconds)
      local thread, timer = coroutine.running(), luv.new_timer()
      timer:start(math.floor(seconds * 1000), 0, function()
        timer:close()
        assert(coroutine.resume(thread))
      end)
      coroutine.yield()
    end
  ]], first = "coroutine.wrap(function() ", last = " end)() luv.run()" },
  ["a task"] = { prelude = "local wait = xai.sleep ", first = "xai.run(function() ", last = " end)" },
  ["a plain program"] = { prelude = "local wait = xai.step ", first = "do ", last = " end" },
  ["a game"] = { prelude = [[
    local function wait(seconds) xai.sleep(seconds) end
    local over
  ]], first = "xai.spawn(function() ", last = " over = true end) while not over do xai.update(2) end" },
}

for name, host in pairs(HOSTS) do
  describe("in " .. name, function()
    local there, module = pcall(require, host.needs or name:match("^%a+$") and #name > 1 and name or "string")
    if not there or host.with and not module[host.with] then
      pending("(this Lua has no " .. (host.needs or name) .. ")")
      return
    end
    local says = hosted.says(host.prelude)
    for way, code in pairs(WAYS) do
      it("a stream that was " .. way .. " comes to rest (real use, 38)", function()
        says("active: 0\n", host.first .. code .. (host.between or "\n") .. WATCH .. host.last)
      end)
    end
  end)
end
