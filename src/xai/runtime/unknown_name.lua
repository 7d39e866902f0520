--- Names of functions that do not exist: what is raised where one is asked for.

local core = require "xai.core"

local error, type = error, type
local sub = string.sub

--- `what[name]` is not there; `known` has the names that are.  Raises where the
-- name is near to one of those, or, with `is_closed`, in any case.  What Lua and
-- its tools ask of any value (no string, or with a `_` in front) is nil.
-- Called by an __index function, whose caller is at fault.
return function(what, name, known, is_closed)
  if type(name) ~= "string" or sub(name, 1, 1) == "_" then return nil end
  local meant = core.nearest(name, known)
  if not meant and not is_closed then return nil end
  local hint = meant and " (did you mean '" .. meant .. "'?)" or ""
  error(what .. " has no function '" .. name .. "'" .. hint, 3)
end
