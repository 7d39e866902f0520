--- Waiting for an answer that goes to a file, while on_progress hears of it.

local hooks = require "xai.client.hooks"
local wait = require "xai.runtime.wait"

local error, pcall = error, pcall

local progress = {}

--- Call `f(done, total)` when more bytes are in the file: at most ten times a second, and
-- at the end.  `total` is nil while it is unknown.
function progress.tell(request, f)
  local done, total = request:progress()
  if done then f(done, total) end
end

local function is_done(request, hooked, on_progress)
  hooks.retry(hooked, request)
  local ok, err = pcall(progress.tell, request, on_progress)
  if ok then return request:done() end
  request:cancel() -- nobody is left to read its answer
  error(err, 0)
end

--- Wait until nothing of the request is under way any more.  An error of on_progress ends
-- the request and is raised.
function progress.wait(request, hooked, on_progress)
  wait.for_request(request, is_done, request, hooked, on_progress)
end

return progress
