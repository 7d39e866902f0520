--- Calls in every style against every fault, at random: a short run of spec/torture/random.

local programs = require("spec.support.programs")

describe("a random run against a server that fails", function()
  it("ends every call rightly and leaves nothing", function()
    local environment = ("LUA=%s LUA_PATH='%s' LUA_CPATH='%s'"):format(programs.lua, programs.path, programs.cpath)
    local output, code = programs.shell(environment .. " spec/torture/random 300 1")
    assert.equal(0, code, output)
    assert.matches("\n300 passed, 0 failed\n$", output)
  end)
end)
