--- Calls in every style against every fault, at random: a short run of spec/torture/random.

local program = require("spec.support.program")

describe("a random run against a server that fails", function()
  it("ends every call rightly and leaves nothing", function()
    local environment = ("LUA=%s LUA_PATH='%s' LUA_CPATH='%s'"):format(program.lua, program.path, program.cpath)
    local output, code = program.shell(environment .. " spec/torture/random 300 1")
    assert.equal(0, code, output)
    assert.matches("\n300 passed, 0 failed\n$", output)
  end)
end)
