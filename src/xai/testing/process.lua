--- process.lua - the stand-in server as a process of its own, for programs that block.

local known = require("xai.testing.options")

local M = {}

local function arguments(script, options)
  local list = { script, "--stdin", "--quiet", "--pace", tostring(options.pace or 0) }
  for name in pairs(known) do
    if options[name] and name ~= "pace" then
      list[#list + 1], list[#list + 2] = "--" .. name:gsub("_", "-"), tostring(options[name])
    end
  end
  return list
end

--- Run the loop until `done()`.
local function run_until(uv, done)
  while not done() do uv.run("once") end
end

--- Close handles and see it through: luv must not be collected with a close under way.
local function close_all(uv, ...)
  local open = select("#", ...)
  for _, handle in ipairs { ... } do
    handle:close(function() open = open - 1 end)
  end
  run_until(uv, function() return open == 0 end)
end

--- Run a server that prints its address when it listens and ends with its stdin; returns
-- { url, port, pid, close() }.  It ends with close(), and also when this process ends in any
-- way.  Must not be called from within a callback of the loop.
function M.run(uv, program, args)
  local stdin, stdout = uv.new_pipe(false), uv.new_pipe(false)
  local said, exited = "", false
  local handle, pid = uv.spawn(program, {
    args = args, stdio = { stdin, stdout, 2 },
  }, function() exited = true end)
  assert(handle, pid)
  stdout:read_start(function(_, bytes) said = said .. (bytes or "") end)
  run_until(uv, function() return exited or said:find("\n", 1, true) end)
  close_all(uv, stdout)
  local url = said:match("^(http://127%.0%.0%.1:%d+)\n")
  if not url then error(args[1] .. " did not start") end
  handle:unref()
  stdin:unref()

  local server = { url = url, port = tonumber(url:match("%d+$")), pid = pid }
  function server.close()
    if stdin:is_closing() then return end
    handle:ref()
    close_all(uv, stdin)
    run_until(uv, function() return exited end)
    close_all(uv, handle)
  end
  return server
end

--- Run the stand-in server, `script`; `options.lua` or $LUA names the interpreter.
function M.spawn(uv, script, options)
  local interpreter = options.lua or os.getenv("LUA") or "lua5.4"
  return M.run(uv, interpreter, arguments(script, options))
end

return M
