--- Parts that not every program needs, loaded when they are first asked for.

-- Lua 5.1 leaves a mark where a module could not be loaded, and never tries
-- again: what failed for lack of memory would be missing for ever.
local function forget_failures()
  for name, value in pairs(package.loaded) do
    if type(value) == "userdata" and (name == "cjson" or name:find "^xai%.") then package.loaded[name] = nil end
  end
end

--- What `require(name)` gives.
return function(name)
  local loaded = package.loaded[name]
  if type(loaded) == "table" or type(loaded) == "function" then return loaded end
  local ok, part = pcall(require, name)
  if ok then return part end
  forget_failures()
  error(part, 0)
end
