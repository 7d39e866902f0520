--- The interface of adapters (on top of src/xai/runtime/loop.lua), tried with an event loop that the
-- library does not know.

local programs = require "spec.support.programs"

local adapter = programs.folder "adapter"

describe("An adapter for another event loop", function()
  setup(function() adapter:open() end)
  teardown(function() adapter:close() end)

  it("lets its coroutines wait for calls and streams while others go on", function()
    adapter:says("true\n5 10 0\n", "coroutines")
  end)

  it("drives tasks, which may wait by the loop's own means", function()
    adapter:says("3 true\nslept\nwaiting true cancelled\n0\n", "tasks")
  end)

  it("runs callbacks, and goes on while a wait blocks", function()
    adapter:says("true true\ntrue true\ntrue\n", "callbacks")
  end)
end)
