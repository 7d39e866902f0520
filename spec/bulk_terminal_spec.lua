--- What a bulk job shows of itself on a terminal, and what Ctrl-C makes of it.

local on_terminal = require "spec.support.on_terminal"
local programs = require "spec.support.programs"

describe("a bulk job", function()
  it("is ended by Ctrl-C, and goes on later", function()
    local folder = programs.folder "interrupt"
    folder:open()
    -- Where xai.run waits, the error is its own.
    folder:says(("false cancelled interrupted %s 10\n20 10 30\n"):rep(3):format("10", "nil", "10"), "bulk")
    folder:close()
  end)
end)

describe("the progress of a bulk job", function()
  local JOB = [[
local xai = require "xai"
local list = {}
for i = 1, 1234 do list[i] = i end
local report = xai.bulk(%s, function(i)
  if i %% 400 == 1 then xai.sleep(0.15) end
  if i == 2 then return nil, "bad" end
  return i
end, { progress = true, at_once = 1, total = %s })
print(report.done, report.failed)
]]
  local LIST = { "list", "nil" }
  local ITERATOR = { "(function() local i = 0 return function() i = i + 1 return list[i] end end)()" }

  --- The lines that were written, one over the other, and what was left of the last.
  local function shown(columns, items, prefix)
    local output, code = on_terminal(columns, JOB:format(items[1], items[2] or "nil"), prefix)
    assert.equal(0, code, output)
    local lines, screen = {}, ""
    for piece in (output:match "^(.*\r)" or ""):gmatch "([^\r]*)\r" do
      if piece:find "%S" then lines[#lines + 1] = piece:match "^(.-)%s*$" end
      screen = piece .. screen:sub(#piece + 1)
    end
    return lines, screen, output:match "[^\r]*$"
  end

  it("is one line: done, failed, time left, per second; nothing is left of it", function()
    local lines, screen, rest = shown(80, LIST)
    assert.is_true(#lines >= 3)
    assert.equal("1 of 1,234 done", lines[1]:match "^1 of 1,234 done")
    for i = 3, #lines do
      assert.matches("^[%d,]+ of 1,234 done, 1 failed, %d+:%d%d left, [%d.,]+/s$", lines[i])
    end
    assert.equal("1233\t1\n", rest)
    assert.matches("^%s*$", screen)
  end)

  it("has no time left where nobody knows how many items there are", function()
    local lines = shown(80, ITERATOR)
    assert.matches("^[%d,]+ done, 1 failed, [%d.,]+/s$", lines[#lines])
    lines = shown(80, { ITERATOR[1], "1234" })
    assert.matches("^[%d,]+ of 1,234 done, 1 failed, %d+:%d%d left, [%d.,]+/s$", lines[#lines])
  end)

  it("says less on a narrow terminal, and never fills its last column", function()
    for columns, pattern in pairs { [35] = "^[%d,]+ of 1,234 done, 1 failed$", [20] = "^[%d,]+ of 1,234 done$" } do
      local lines, screen, rest = shown(columns, LIST)
      assert.matches(pattern, lines[#lines])
      assert.is_true(#screen < columns)
      assert.equal("1233\t1\n", rest)
    end
    local lines, _, rest = shown(5, LIST)
    assert.same({ {}, "1233\t1\n" }, { lines, rest })
  end)

  it("is shown on a terminal alone, where the program may write to it", function()
    local said = programs.shell(programs.with({}, programs.lua .. [[ -e '
      io.write(require "xai".bulk({ 1 }, tostring, { progress = true }).done)' 2>&1]]))
    assert.equal("1", said)
    local _, _, rest = shown(80, LIST, "env LUA_INIT='io.stderr=nil'")
    assert.equal("1233\t1\n", rest)
  end)

  it("leaves the terminal to what on_done prints, and comes back", function()
    local output = on_terminal(80, [[
      local xai = require "xai"
      xai.bulk({ 1, 2, 3 }, function() xai.sleep(0.12) return 1 end,
        { progress = true, at_once = 1, on_done = function(key) print("told", key) end })]])
    assert.matches("^[^\n]*\r *\r?told\t1\n[^\n]*\r1 of 3 done[^\n]*\r +\rtold\t2\n\r2 of 3 done[^\n]*\r +\rtold\t3\n",
      "\r" .. output)
  end)

  it("is gone after an error", function()
    local output = on_terminal(80, [[
      print(pcall(require "xai".bulk, { 1 }, tostring, { progress = true, on_done = function() error("no", 0) end }))]])
    assert.equal("false\tno\n", output)
    output = on_terminal(80, [[
      local n = 0
      print(pcall(require "xai".bulk, { 1, 2 }, tostring, { progress = true, at_once = 1, on_done = function()
        n = n + 1
        if n == 2 then error("no", 0) end
      end }))]])
    assert.matches("^\r1 of 2 done[^\r]*\r +\rfalse\tno\n$", output)
  end)
end)
