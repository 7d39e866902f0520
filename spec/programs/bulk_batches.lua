--- bulk_batches.lua FILE COUNT [STEP] - a bulk job by batches, which kills itself before or after its STEP-th step: an
-- addition to its file or a call of the service.  The server is in XAI_BASE_URL.

local core = require "xai.core"
local xai = require "xai"

local path, count, last_step = arg[1], tonumber(arg[2]), tonumber(arg[3])

local pipe = io.popen "echo $PPID"
local process = pipe:read "*l"
pipe:close()

local steps = 0

--- Two steps: before what `f` does, and behind it.
local function watched(f)
  return function(...)
    steps = steps + 1
    if steps == last_step then io.popen("kill -KILL " .. process):close() end
    local a, b, c = f(...)
    steps = steps + 1
    if steps == last_step then io.popen("kill -KILL " .. process):close() end
    return a, b, c
  end
end

local client = xai.new { max_retries = 0 }
local watching = setmetatable({}, { __index = function(_, name)
  local f = watched(client[name])
  return function(_, ...)
    if name ~= "each" then return f(client, ...) end
    local pages = client:each(...)
    return { next = watched(function() return pages:next() end) }
  end
end })

local open = core.line_file
core.line_file = function(...) -- luacheck: ignore 122
  local lines, problem = open(...)
  if not lines then return nil, problem end
  local append = watched(function(_, text) return lines:append(text) end)
  return {
    append = append, read = function() return lines:read() end, cut = function(_, n) return lines:cut(n) end,
    close = function() lines:close() end,
  }
end

local last = 0

local report = assert(xai.bulk(function()
  last = last + 1
  return last <= count and last or nil
end, function(item)
  return { "respond", { model = "grok-4.3", input = "What is " .. item .. " * 7?" } }
end, { batch = true, client = watching, file = path, every = 0.002 }))
io.write("whole ", report.done, " ", report.failed, " ", report.skipped, " ", steps, "\n")
