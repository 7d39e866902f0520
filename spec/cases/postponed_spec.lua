--- Many calls that are to be told later are told in order, and each costs the same.

local programs = require("spec.support.programs")
local stages = require("spec.support.stage")

-- Callbacks that cancel each other, deep enough that those of `count` calls are told later.  Says how
-- many were told, whether in order, and how many elements `table.remove` has moved.
local PROGRAM = [[
  local moved, remove = 0, table.remove
  table.remove = function(list, i)
    if i then moved = moved + #list - i end
    return remove(list, i)
  end
  local xai = require "xai"
  local client = xai.new { api_key = %q, base_url = %q }
  local count, told, in_order = %d, 0, true
  local later, nest = {}, nil
  for i = 1, count do
    later[i] = client:start("list_models", { on_done = function(_, _, info)
      told = told + 1
      in_order = in_order and told == i and info.kind == "cancelled"
    end })
  end
  for depth = 1, 10 do
    local inner = nest
    nest = client:start("list_models", { on_done = function()
      if inner then return inner:cancel() end
      for i = 1, count do later[i]:cancel() end
    end })
  end
  nest:cancel()
  local at_once = told
  while told < count do xai.step(0) end
  print(at_once, told, in_order, moved, xai.active())
]]

describe("callbacks that are told later", function()
  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  it("are told in order, and none moves the others (defect found by reading, 36)", function()
    for _, count in ipairs { 1, 2, 3000 } do
      local text = programs.code(PROGRAM:format(stages.KEY, house.server.url, count))
      assert.equal(("0\t%d\ttrue\t0\t0\n"):format(count), text)
    end
  end)
end)
