-- curlproc.lua - a curl process for each request, as plugins of editors do: io.popen, and luv.spawn
-- for many at once.
local common = require "common"
local cjson = require "cjson"

local base = arg[2]
local arguments = { "-sSN", "-X", "POST" }
for name, value in pairs(common.headers) do
  arguments[#arguments + 1] = "-H"
  arguments[#arguments + 1] = name .. ": " .. value
end
local command = "curl '" .. table.concat(arguments, "' '") .. "'"

local LONGEST = 60000 -- that may stand on a command line

--- The pipe from a curl that posts `body`, and the file that holds a long one.
local function open(path, body)
  local text = cjson.encode(body)
  if #text < LONGEST then return assert(io.popen(command .. " --data-binary '" .. text .. "' " .. base .. path)) end
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(text)
  file:close()
  return assert(io.popen(command .. " --data-binary @" .. name .. " " .. base .. path)), name
end

local function spawn(uv, text, on_event)
  local feed, output, words, process = common.sse(on_event), uv.new_pipe(false), {}, nil
  for i, word in ipairs(arguments) do words[i] = word end
  words[#words + 1] = "--data-binary"
  words[#words + 1] = text
  words[#words + 1] = base .. "/chat/completions"
  process = assert(uv.spawn("curl", { args = words, stdio = { nil, output, 2 } }, function() process:close() end))
  output:read_start(function(err, bytes)
    assert(not err, err)
    if bytes then feed(bytes) else output:close() end
  end)
end

common.main {
  post = function(path, body)
    local pipe, name = open(path, body)
    local text = pipe:read "*a"
    pipe:close()
    if name then os.remove(name) end
    return cjson.decode(text)
  end,
  stream = function(body, on_event)
    local pipe = open("/chat/completions", body)
    for line in pipe:lines() do
      if line:sub(1, 6) == "data: " and line ~= "data: [DONE]" then on_event(cjson.decode(line:sub(7))) end
    end
    pipe:close()
  end,
  many = function(n, body, on_event_of)
    local uv, text = require "luv", cjson.encode(body)
    for i = 1, n do spawn(uv, text, on_event_of(i)) end
    uv.run()
  end,
}
