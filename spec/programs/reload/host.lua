--- host.lua - what the programs about reloads have on top: loops, and something of each kind under way.

-- luacheck: globals LOOPS new_client begin is_over outcome

include "spec/programs/common.lua"
include "spec/programs/reload/drop.lua"

--- Loops by name: a function that gives { again(), wait(is_over), start(f) }: prepare for the library
-- as it is loaded now, let the loop run until then, start a coroutine of the loop's.
LOOPS = {}

LOOPS["a plain script"] = function()
  return { again = function() end, wait = function(over) while not over() do xai.step(1) end end }
end

LOOPS["a game's frames"] = function()
  return { again = function() end, wait = function(over) while not over() do xai.update(2) end end }
end

LOOPS.luv = function()
  local uv = require "luv"
  return {
    again = function() require("xai.uv").attach() end,
    wait = function() uv.run() end,
    start = function(f) coroutine.wrap(f)() end,
  }
end

LOOPS.cqueues = function()
  local loop = require "cqueues".new()
  return {
    again = function() require "xai.cqueues" end,
    wait = function() assert(loop:loop()) end,
    start = function(f) loop:wrap(f) end,
  }
end

LOOPS.copas = function()
  package.loaded.copas = require "spec.support.new_copas" -- the installed one may be too old
  local copas = require "copas"
  return {
    again = function() require "xai.copas" end,
    wait = function(over) while not over() do copas.step(0.01) end end,
    start = function(f) copas.addthread(f) end,
  }
end

function new_client() return require "xai".new { max_retries = 0 } end

local ends, words, inner, outer = {}, {}, nil, nil

local function note(name) return function(result, message) ends[name] = result and "answer" or message end end

--- Start something of each kind.
function begin()
  client:start("chat", question(), options("late-head,100", { on_done = note "started" }))
  client:start("chat", question(true), options("slow-words,5", {
    on_event = function(event) words[#words + 1] = event.choices[1].delta.content end,
    on_done = note "streamed",
  }))
  inner = xai.spawn(function()
    xai.sleep(0.05)
    return (client:chat(question(), options "late-head,50"))
  end)
  outer = xai.spawn(function() return inner:wait() ~= nil and read "slow-words,5" end)
end

function is_over() return ends.started and ends.streamed and outer:status() == "done" end

--- What came of all that.
function outcome()
  local all = { ends.started or "?", ends.streamed or "?", table.concat(words) == TEXT and "whole" or "broken" }
  all[#all + 1] = inner:status()
  all[#all + 1] = outer:status()
  return table.concat(all, " ")
end
