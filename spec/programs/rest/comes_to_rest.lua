--- A stream that is over comes to rest by itself: nothing is active then.
--
-- Arguments: the host's name, and the way in which the stream was over.  The body's end does not come
-- after [DONE], and nobody waits for it.  A failure to come to rest is told after 20 s.

local WAYS = {
  ["read to its end"] = function() assert(read "stall-in-stream,99" == TEXT) end,
  ["read as text"] = function()
    for _ in assert(client:chat(question(true), options "stall-in-stream,99")):text() do end
  end,
  ["read at once"] = function() assert(client:chat(question(true), options "stall-in-stream,99")):result() end,
  ["closed"] = function()
    local stream = assert(client:chat(question(true), options "stall-in-stream,3"))
    stream:next()
    stream:close()
  end,
  ["closed at its end"] = function()
    local stream = assert(client:chat(question(true), options "stall-in-stream,99"))
    repeat until not stream:next()
    stream:close()
  end,
  ["started and waited for"] = function()
    assert(client:start("chat", question(true), options "stall-in-stream,99"):wait())
  end,
  ["started and told"] = function(wait)
    local told
    client:start("chat", question(true), options("stall-in-stream,99", { on_done = function() told = true end }))
    while not told do wait(0.01) end
  end,
  ["cancelled"] = function(wait)
    local call = client:start("chat", question(true), options "stall-in-stream,3")
    wait(0.05)
    call:cancel()
  end,
}

local function watch(wait)
  local began = os.time()
  while xai.active() > 0 and os.time() - began < 20 do wait(0.01) end
  print("active: " .. xai.active())
end

--- Both in one coroutine of copas.
local function in_copas(way)
  local copas = require "copas"
  require "xai.copas"
  local wait = copas.pause or copas.sleep
  copas.addthread(function()
    way(wait)
    watch(wait)
  end)
  copas.loop()
end

local HOSTS = {
  ["cqueues"] = function(way)
    local loop, cqueues = require "cqueues".new(), require "cqueues"
    require "xai.cqueues"
    loop:wrap(function()
      way(cqueues.sleep)
      watch(cqueues.sleep)
    end)
    assert(loop:loop())
  end,
  ["cqueues, in another coroutine"] = function(way)
    local loop, cqueues, over = require "cqueues".new(), require "cqueues", false
    require "xai.cqueues"
    loop:wrap(function()
      way(cqueues.sleep)
      over = true
    end)
    loop:wrap(function()
      while not over do cqueues.sleep(0.01) end
      watch(cqueues.sleep)
    end)
    assert(loop:loop())
  end,
  ["copas"] = function(way)
    package.loaded.copas = require "spec.support.new_copas"
    in_copas(way)
  end,
  ["copas, where it is installed"] = in_copas,
  ["luv"] = function(way)
    local uv = require "luv"
    require("xai.uv").attach()
    local function wait(seconds)
      local thread, timer = coroutine.running(), uv.new_timer()
      timer:start(math.floor(seconds * 1000), 0, function()
        timer:close()
        assert(coroutine.resume(thread))
      end)
      coroutine.yield()
    end
    coroutine.wrap(function()
      way(wait)
      watch(wait)
    end)()
    uv.run()
  end,
  ["a task"] = function(way)
    xai.run(function()
      way(xai.sleep)
      watch(xai.sleep)
    end)
  end,
  ["a plain program"] = function(way)
    way(xai.step)
    watch(xai.step)
  end,
  ["a game"] = function(way)
    local over
    xai.spawn(function()
      way(xai.sleep)
      watch(xai.sleep)
      over = true
    end)
    while not over do xai.update(2) end
  end,
}

local host, way = ...
HOSTS[host](WAYS[way])
