--- eager.lua - collect all that can be, all the time: to be run first, by LUA_INIT.

local EVERY = 1000 -- instructions

local function collect()
  collectgarbage()
end

collectgarbage("setpause", 0)
debug.sethook(collect, "", EVERY)

-- A coroutine has a hook of its own.
local create = coroutine.create

--- A coroutine that collects, too.
function coroutine.create(f) -- luacheck: ignore 122
  local thread = create(f)
  debug.sethook(thread, collect, "", EVERY)
  return thread
end
