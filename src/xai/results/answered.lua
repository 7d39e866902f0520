--- The outcome of a call without `stream` that was answered by an event stream all
-- the same: what its events are merged into.

local part = require "xai.runtime.part"

--- result, nil, info; or nil, message, info with what there was in `info.partial`.
-- The request is done, and its answer is a stream.
return function(request, name)
  local _, message, info = request:skip()
  if not message then
    local result, damage = part "xai.results.merge"(request, name, true)
    if not damage then return result, nil, request:info() end
    _, message, info = request:damaged(damage == "limit")
  end
  info.partial = (part "xai.results.merge"(request, name))
  return nil, message, info
end
