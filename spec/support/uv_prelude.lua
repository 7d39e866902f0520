--- uv_prelude.lua - what the programs of uv_spec and nvim_spec begin with; read as text, not required.

-- luacheck: ignore 113 143 211
local vim = rawget(_G, "vim")
local uv = vim and (vim.uv or vim.loop) or require "luv"
local xai = require "xai"
local core = require "xai.core"
local client = xai.new { max_retries = 0 }
local TEXT = "Lua is a small, quick language that lives happily inside other programs."

--- The body of a request.
local function hello(streamed)
  return { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = streamed }
end

--- The options of a call that is treated so.
local function with(fault, options)
  options = options or {}
  options.headers = { ["x-fault"] = fault }
  return options
end

local function say(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stdout:write(table.concat(words, " "), "\n")
end

--- Read a stream to its end: its text and the number of its events.
local function read(stream)
  local text, count = {}, 0
  local event = stream:next()
  while event do
    count = count + 1
    text[#text + 1] = event.choices[1].delta.content or ""
    event = stream:next()
  end
  return table.concat(text), count
end

--- A loop's module that counts the callbacks of handles made with it, and the handles.
local counted = { calls = 0, handles = 0 }

local function counting(make)
  return function(...)
    local handle = make(...)
    counted.handles = counted.handles + 1
    local proxy = {}
    function proxy.start(_, ...)
      local args = { ... }
      local callback = args[#args]
      args[#args] = function(...)
        counted.calls = counted.calls + 1
        return callback(...)
      end
      return handle:start((table.unpack or unpack)(args))
    end
    function proxy.stop() return handle:stop() end
    function proxy.is_closing() return handle:is_closing() end
    function proxy.close() return handle:close() end
    return proxy
  end
end

local counting_uv = setmetatable({
  new_poll = counting(uv.new_poll), new_timer = counting(uv.new_timer), new_idle = counting(uv.new_idle),
}, { __index = uv })

--- Call `f` after so many milliseconds.
local function after(ms, f)
  local timer = uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    f()
  end)
end

--- How the request number `n` ended, asked of the server until it has; must be called in a coroutine or a task.
local function ended(n)
  for _ = 1, 200 do
    local request = client:request { path = "/_/requests" }[n]
    if not request.open then return request.aborted and "aborted" or "whole" end
    xai.sleep(0.01)
  end
  return "open"
end
