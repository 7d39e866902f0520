--- host.lua - what the programs of uv and nvim have on top: the loop, and a count of its callbacks.

-- luacheck: globals uv core attach counted counting_uv after

include "spec/programs/common.lua"

local vim = rawget(_G, "vim")
uv = vim and (vim.uv or vim.loop) or require "luv"
core = require "xai.core"

function attach(settings) return require("xai.uv").attach(settings) end

--- Counts the callbacks of handles made with counting_uv, and the handles.
counted = { calls = 0, handles = 0 }

local function counting(make)
  return function(...)
    local handle = make(...)
    counted.handles = counted.handles + 1
    local proxy = {}
    function proxy.start(_, ...)
      local args = { ... }
      local callback = args[#args]
      args[#args] = function(...)
        counted.calls = counted.calls + 1
        return callback(...)
      end
      return handle:start((table.unpack or unpack)(args)) -- luacheck: ignore 113
    end
    function proxy.stop() return handle:stop() end
    function proxy.is_closing() return handle:is_closing() end
    function proxy.close() return handle:close() end
    return proxy
  end
end

--- The loop's module that counts.
counting_uv = setmetatable({
  new_poll = counting(uv.new_poll), new_timer = counting(uv.new_timer), new_idle = counting(uv.new_idle),
}, { __index = uv })

--- Call `f` after so many milliseconds.
function after(ms, f)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    f()
  end)
end
