--- core.isatty: which descriptor is a terminal.

local core = require "xai.core"

local on_terminal = require "spec.support.on_terminal"

describe("core.isatty", function()
  it("is true of a terminal, whose columns are its second result", function()
    assert.equal("true\t61\n", (on_terminal(61, 'print(require("xai.core").isatty(2))')))
  end)

  it("is true without columns where the system does not tell them", function()
    assert.equal("true\n", (on_terminal(0, 'print(require("xai.core").isatty(2))')))
  end)

  it("is false of what is no terminal, and of what is not open", function()
    for _, fd in ipairs { -1, 500, 1e6, 2 ^ 40, 0 / 0, 1 / 0 } do
      assert.equal(1, select("#", core.isatty(fd)))
      assert.is_false(core.isatty(fd))
    end
  end)

  it("wants a number", function()
    assert.has_error(function() core.isatty {} end)
    assert.has_error(function() core.isatty() end)
  end)
end)
