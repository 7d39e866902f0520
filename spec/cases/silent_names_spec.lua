--- A name server is silent: who ends meanwhile does not wait for it.

local programs = require "spec.support.programs"
local silent_names = require "spec.support.silent_names"

describe("While a name is looked up, and nobody answers (today's systems, 4)", function()
  if not silent_names.is_here() then
    it("nothing is tried here", function() pending "there is no C compiler" end)
    return
  end
  local names
  before_each(function() names = silent_names.open() end)
  after_each(function() names.close() end)

  local BEGIN = [[
    local xai = require "xai"
    local client = xai.new { api_key = "k", base_url = "https://slow.test", max_retries = 0 }
    local function asked()
      local file = io.open(%q)
      if file then file:close() end
      return file ~= nil
    end
  ]]

  -- Whether the program ended before the name server's silence.
  local function ends(code)
    local said = programs.code(BEGIN:format(names.dir .. "/asked") .. code, { LD_PRELOAD = names.preload })
    assert.matches("ends\n", said)
    assert.is_true(names.was "asked")
    assert.is_false(names.was "answered")
  end

  for how, code in pairs {
    ["with a call under way"] = "",
    ["with its client closed"] = "client:close()",
    ["with a task that waits"] = "xai.spawn(function() client:list_models() end) xai.step(0)",
    ["by os.exit"] = "io.stdout:write 'ends\\n' os.exit(0, true)",
    ["by an error"] = "io.stdout:write 'ends\\n' error 'x'",
  } do
    it("a program ends " .. how, function()
      ends([[
        client:start "list_models"
        repeat xai.step(0.01) until asked()
      ]] .. code .. "\nio.stdout:write 'ends\\n'")
    end)
  end

  describe("Neovim", function()
    if not programs.has_neovim() then
      it("is not tried here", function() pending "Neovim's LuaJIT loads what was built for Lua 5.1" end)
      return
    end
    local bare = programs.neovim "nvim_bare"
    setup(function() bare:open() end)
    teardown(function() bare:close() end)

    local function leaves(expected, name)
      local program = bare:with { LD_PRELOAD = names.preload, XAI_BASE_URL = "https://slow.test" }
      assert.equal(expected, program:output(name, names.dir .. "/asked"))
      assert.is_true(names.was "asked")
      assert.is_false(names.was "answered")
    end

    it("leaves at once, and callbacks are told", function()
      leaves("closed\n", "leaves_while_asked")
    end)

    it("leaves at once from within a call that blocks", function()
      leaves("closed\n", "leaves_from_a_blocking_call")
    end)

    it("leaves at once while the example plugin waits for an answer", function()
      leaves("", "leaves_beside_the_plugin")
    end)
  end)
end)
