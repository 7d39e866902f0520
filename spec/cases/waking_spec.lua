--- Many tasks wait for one thing: each that waits no longer costs the same.

local programs = require("spec.support.programs")

-- `count` tasks wait for one; most of them are cancelled, in some order. Says who was woken, and how
-- many thousand instructions that took.
local PROGRAM = [[
  if jit then jit.off() end -- compiled code counts nothing
  local xai = require "xai"
  local ORDERS = {
    ascending = function(n, i) return i end,
    descending = function(n, i) return n + 1 - i end,
    scattered = function(n, i) return (i * 7919) % n + 1 end, -- 7919 is a prime, and divides no n
  }
  local function steps(order, count)
    local thousands, woken, waiting = 0, {}, {}
    local function count_it() debug.sethook(function() thousands = thousands + 1 end, "", 1000) end
    xai.run(function()
      count_it()
      local go
      local target = xai.spawn(function() while not go do xai.sleep(0) end end)
      for i = 1, count do
        waiting[i] = xai.spawn(function()
          count_it()
          target:wait()
          woken[#woken + 1] = i
        end)
      end
      xai.sleep(0)
      thousands = 0
      for i = 1, count do
        local at = ORDERS[order](count, i)
        if at % 100 ~= 0 then waiting[at]:cancel() end
      end
      xai.sleep(0) -- they end
      go = true
      for i = 1, count do pcall(waiting[i].wait, waiting[i]) end
    end)
    debug.sethook()
    for i, who in ipairs(woken) do assert(who == i * 100, "woken in another order") end
    assert(#woken == count / 100, #woken .. " were woken")
    return thousands
  end

  for _, order in ipairs { "ascending", "descending", "scattered" } do
    io.write(order, " ", steps(order, 300), " ", steps(order, 2400), "\n")
  end
]]

describe("of many tasks that wait for one", function()
  it("each is cancelled at the same cost (defect found by reading, 36)", function()
    local text = programs.code(PROGRAM)
    local orders = 0
    for order, few, many in text:gmatch "(%l+) (%d+) (%d+)\n" do
      orders = orders + 1
      assert.is_true(tonumber(many) < 8 * 2 * tonumber(few), ("%s: %d, then %d"):format(order, few, many))
    end
    assert.equal(3, orders, text)
  end)
end)
