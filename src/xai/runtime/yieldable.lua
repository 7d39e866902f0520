--- May the running coroutine yield here?

local environment = require "xai.runtime.environment"

local dofile, pcall, rawget, xpcall = dofile, pcall, rawget, xpcall
local coroutine_running = coroutine.running

local isyieldable = rawget(coroutine, "isyieldable")
if isyieldable then return isyieldable end

-- Lua 5.1 and 5.2 cannot be asked, and a refused yield is an error that
-- cannot be caught without making it certain.  So look at who called us: a C
-- function in between (table.sort, string.gsub, and on 5.1 pcall) cannot be
-- yielded across, nor can, on 5.1, the iterator of a `for` or a metamethod.

local getinfo = environment.getinfo

local is_51 = _VERSION == "Lua 5.1"

-- C functions that 5.2 can yield across.
local crossable = {}
if not is_51 then
  crossable[pcall] = true
  crossable[xpcall] = true
  if dofile then crossable[dofile] = true end
end

local function blocks(info, above)
  if info.what == "C" then return not crossable[info.func] end
  if not is_51 or info.what ~= "Lua" then return false end
  if info.name == "(for generator)" then return true end
  return info.name == nil and above.what ~= "tail" -- a metamethod
end

-- Where nobody may look, nothing is certain but that it can block.
if not getinfo then return function() return false end end

return function()
  local co, main = coroutine_running()
  if co == nil or main then return false end
  local level = 2
  local info = getinfo(level, "Snf")
  while info do
    local above = getinfo(level + 1, "S")
    -- The coroutine's own function has no name either.
    if above and blocks(info, above) then return false end
    level, info = level + 1, above and getinfo(level + 1, "Snf")
  end
  return true
end
