--- The sum of what several answers used, as xai.usage gives it.

local next = next

local sums = {}

function sums.new()
  return { input = 0, cached = 0, output = 0, reasoning = 0, total = 0, tools = 0 }
end

--- Add what an answer used.  `usd` is nil until an answer has told a price.
function sums.add(sum, usage)
  for name, n in next, usage do sum[name] = (sum[name] or 0) + n end
end

return sums
