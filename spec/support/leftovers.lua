--- leftovers.lua - what a spec opens is closed when it ends, also when it fails.
--
-- Helpers that open something (a server, a proxy, a program) give its close function to `add`.
-- What a spec opened is closed behind it; what a file's setup or before_each opened is closed by
-- their counterparts, and in any case at the end of the file.  Close functions may be called twice.

local M = {}

local open, first = {}, 1

--- Close this at the end of the spec that runs, or of the file.  Returns `close`.
function M.add(close)
  open[#open + 1] = close
  return close
end

local function close_from(index)
  for i = #open, index, -1 do
    local ok, message = pcall(table.remove(open))
    if not ok then io.stderr:write("leftovers.lua: ", tostring(message), "\n") end
    assert(#open < i, "something was opened meanwhile")
  end
end

--- Called as a spec begins and ends, and at the end of all.
function M.begin() first = #open + 1 end
function M.finish() close_from(first) end
function M.finish_all() close_from(1) end

return M
