--- Parts that not every program needs, loaded when they are first asked for.
--
-- A program may drop the library's modules from package.loaded and require them
-- again, while calls are under way: plugin managers do.  So what has a state is
-- in core.kept, by its name, for as long as the Lua state lives, and each such
-- module that is loaded again is the one that there is.

local kept = require("xai.core").kept

-- Lua 5.1 leaves a mark where a module could not be loaded, and never tries
-- again: what failed for lack of memory would be missing for ever.
local function forget_failures()
  for name, value in pairs(package.loaded) do
    if type(value) == "userdata" and (name == "cjson" or name:find "^xai%.") then package.loaded[name] = nil end
  end
end

--- What `require(name)` gives.
return function(name)
  local loaded = kept[name] or package.loaded[name]
  if type(loaded) == "table" or type(loaded) == "function" then return loaded end
  local ok, part = pcall(require, name)
  if ok then
    if name:find "^xai%." then kept[name] = part end
    return part
  end
  forget_failures()
  error(part, 0)
end
