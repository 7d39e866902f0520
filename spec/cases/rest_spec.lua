--- Streams that are over come to rest by themselves, in every host.

local programs = require("spec.support.programs")

local WAYS = { "read to its end", "read as text", "read at once", "closed", "closed at its end",
  "started and waited for", "started and told", "cancelled" }

-- Each with the module that it needs, and a function that this must have.
local HOSTS = {
  { "cqueues", "cqueues" },
  { "cqueues, in another coroutine", "cqueues" },
  { "copas", "socket" },
  { "copas, where it is installed", "copas", "pauseforever" },
  { "luv", "luv" },
  { "a task" },
  { "a plain program" },
  { "a game" },
}

local function is_here(module, field)
  local there, found = pcall(require, module or "string")
  return there and (not field or found[field] ~= nil)
end

for _, host in ipairs(HOSTS) do
  describe("in " .. host[1], function()
    if not is_here(host[2], host[3]) then
      pending("(this Lua has no " .. host[2] .. ")")
      return
    end

    local rest, running = programs.folder "rest", {}
    setup(function() -- most of each is a second of waiting, so all run at once
      rest:open()
      for _, way in ipairs(WAYS) do running[way] = rest:start("comes_to_rest", host[1], way) end
    end)
    teardown(function() rest:close() end)

    for _, way in ipairs(WAYS) do
      it("a stream that was " .. way .. " comes to rest (real use, 38)", function()
        assert.equal("active: 0\n", running[way]())
      end)
    end
  end)
end
