--- The error for the name of a function that does not exist.

local core = require "xai.core"

local error, type = error, type
local sub = string.sub

--- Raise where what[name] does not exist and the name is near to one in the table
-- `known`, or, with `is_closed`, always.  Returns nil for names that Lua and its
-- tools ask for: those with a `_` in front, and what is no string.  The error blames
-- the caller of the __index function that calls this.
return function(what, name, known, is_closed)
  if type(name) ~= "string" or sub(name, 1, 1) == "_" then return nil end
  local meant = core.nearest(name, known)
  if not meant and not is_closed then return nil end
  local hint = meant and " (did you mean '" .. meant .. "'?)" or ""
  error(what .. " has no function '" .. name .. "'" .. hint, 3)
end
