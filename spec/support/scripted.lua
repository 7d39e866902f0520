--- scripted.lua - a server on this process's luv loop that says exactly the given bytes.
--
-- Calls must be started (`client:start`), not waited for: `wait` turns both loops.

local uv = require("luv")
local listener = require("spec.support.listener")
local xai = require("xai")

local M = {}

--- The bytes of an answer; a length is added, and the connection closes.
function M.answer(status, headers, body)
  local lines = { "HTTP/1.1 " .. status .. " Said", "Connection: close" }
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  lines[#lines + 1] = "Content-Length: " .. #(body or "")
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

--- In place of an answer: nothing is said, and the connection stays open.
M.stall = {}

--- A function that takes the pieces of a request and returns it when it is complete.  A large one is
-- not joined with each piece.
local function collector()
  local pieces, size, needed = {}, 0, nil
  return function(piece)
    pieces[#pieces + 1], size = piece, size + #piece
    if needed and size < needed then return nil end
    local bytes = table.concat(pieces)
    pieces = { bytes }
    local head = bytes:match("^(.-\r\n\r\n)")
    if not head then return nil end
    needed = #head + tonumber(head:lower():match("content%-length: (%d+)") or 0)
    if size < needed then return nil end
    pieces, size, needed = {}, 0, nil
    return bytes
  end
end

local PAUSE_MS = 30

--- An answer in two writes, so that the first is read before the second comes.
function M.slowly(first, second)
  return { first, second }
end

local function say(answer, socket, keeps, server)
  if answer == M.stall then return end
  if type(answer) == "table" then
    socket:write(answer[1])
    local timer = uv.new_timer()
    timer:start(PAUSE_MS, 0, function()
      timer:close()
      if not socket:is_closing() then return say(answer[2], socket, keeps, server) end
      server.saying = server.saying - 1
    end)
    return
  end
  socket:write(answer, function() server.saying = server.saying - 1 end)
  if keeps and answer ~= "" then return end
  socket:shutdown(function() listener.close(socket) end)
end

local function serve(server, socket, answers, keeps)
  local collect = collector()
  socket:read_start(function(_, bytes)
    if not bytes then return listener.close(socket) end
    local request = collect(bytes)
    if not request then return end
    server.requests[#server.requests + 1] = request
    server.saying = server.saying + 1
    say(answers[#server.requests] or answers[#answers], socket, keeps, server)
  end)
end

--- Say these answers, one a connection, and the last one to all that follow.
-- Gives { url, requests, connections, saying (answers that are not said to their end), deafen(),
-- close() }.  With `keeps` a connection stays open after an answer, but for an empty one.  With
-- `path` it listens on that Unix socket.
function M.start(answers, keeps, path)
  local server
  server = listener.listen(function(socket) serve(server, socket, answers, keeps) end, path)
  server.requests, server.saying = {}, 0
  return server
end

function M.kept(answers, path)
  return M.start(answers, true, path)
end

--- The outcome of a started call.
function M.wait(call)
  while not call:done() do
    uv.run("nowait")
    xai.step(0.002)
  end
  return call:result()
end

local function new_client(server, options)
  local all = { api_key = "xai-spec-0123456789abcdef", base_url = server.url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  return xai.new(all)
end

--- `f(client)` in a task, while the server says these answers: the list of what it returned, how
-- many requests there were, and the bytes of each.
function M.in_task(answers, options, f)
  local server = M.start(answers)
  local client = new_client(server, options)
  local results
  local task = xai.spawn(function() results = { f(client) } end)
  while task:status() ~= "done" and task:status() ~= "failed" do
    uv.run("nowait")
    xai.step(0.002)
  end
  client:close()
  server.close()
  task:wait()
  return results, #server.requests, server.requests
end

--- What a client makes of these answers: result, message, info of a list of models.
function M.ask(answers, options)
  local server = M.start(answers)
  local client = new_client(server, options)
  local result, message, info = M.wait(client:start("list_models"))
  client:close()
  server.close()
  return result, message, info, server.requests
end

return M
