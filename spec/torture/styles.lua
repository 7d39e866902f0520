--- styles.lua - all the ways in which a call is made and its answer read.
--
-- Each is a function(client, opts, roll) that makes one call and gives what came of it:
--
--   result   the whole result, or nil           failed   the error's info, or nil
--   info     the facts about the call           text     what was read, where pieces were
--   left     true when it was given up early, so that only a failure would say something
--
-- `roll(n)` is a random whole number from 1 to n.

local stages = require("spec.support.stage")
local xai = require("xai")

local M = { plain = {}, stream = {}, get = {} }

local function chat() return stages.body("chat") end

local function streamed() return stages.body("chat", { stream = true }) end

local function outcome(result, _, info)
  return { result = result, info = info, failed = result == nil and info or nil }
end

-- A POST ---------------------------------------------------------------------------------------

function M.plain.call(client, opts)
  return outcome(client:chat(chat(), opts))
end

function M.plain.started(client, opts)
  return outcome(client:start("chat", chat(), opts):wait())
end

function M.plain.told(client, opts)
  local told
  opts.on_done = function(...) told = outcome(...) end
  local call = client:start("chat", chat(), opts)
  call:wait()
  return told
end

function M.plain.cancelled(client, opts, roll)
  local call = client:start("chat", chat(), opts)
  xai.sleep(roll(30) / 1000)
  call:cancel()
  local came = outcome(call:result())
  came.left = true
  return came
end

function M.plain.dropped(client, opts, roll)
  client:start("chat", chat(), opts)
  xai.sleep(roll(10) / 1000)
  return { left = true }
end

-- A GET ----------------------------------------------------------------------------------------

function M.get.call(client, opts)
  return outcome(client:list_models(opts))
end

function M.get.started(client, opts)
  return outcome(client:start("list_models", opts):wait())
end

-- A stream -------------------------------------------------------------------------------------

--- Open a stream and read it with `read(stream, came)`, which notes what comes.
local function reading(read)
  return function(client, opts, roll)
    local stream, _, info = client:chat(streamed(), opts)
    if not stream then return { failed = info, info = info } end
    local came = {}
    read(stream, came, roll)
    came.info = came.failed or stream:info()
    return came
  end
end

local function words_of(event)
  local choice = type(event.choices) == "table" and event.choices[1]
  return type(choice) == "table" and choice.delta and choice.delta.content or ""
end

M.stream.next = reading(function(stream, came)
  local words = {}
  local event, _, failed = stream:next()
  while event do
    words[#words + 1] = words_of(event)
    event, _, failed = stream:next()
  end
  came.failed, came.text = failed, table.concat(words)
  came.result = not failed
end)

--- A loop that raises the error; nothing else may be raised.
local function looped(came, loop)
  local words = {}
  local ok, err = pcall(loop, function(text) words[#words + 1] = text end)
  if not ok and not (type(err) == "table" and err.kind) then error(err, 0) end
  came.failed, came.result, came.text = not ok and err or nil, ok, table.concat(words)
end

M.stream.loop = reading(function(stream, came)
  looped(came, function(add)
    for event in stream do add(words_of(event)) end
  end)
end)

M.stream.text = reading(function(stream, came)
  looped(came, function(add)
    for text in stream:text() do add(text) end
  end)
end)

M.stream.parts = reading(function(stream, came)
  looped(came, function(add)
    for kind, value in stream:parts() do
      if kind == "text" then add(value) end
    end
  end)
end)

M.stream.next_part = reading(function(stream, came)
  local words = {}
  local kind, value, more = stream:next_part()
  while kind do
    if kind == "text" then words[#words + 1] = value end
    kind, value, more = stream:next_part()
  end
  came.failed, came.text = value and more, table.concat(words)
  came.result = not came.failed
end)

M.stream.result = reading(function(stream, came)
  local result, _, info = stream:result()
  came.result, came.failed = result, result == nil and info or nil
end)

--- Some events, then the rest at once.
M.stream.mixed = reading(function(stream, came, roll)
  for _ = 1, roll(6) do
    if not stream:next() then break end
  end
  local result, _, info = stream:result()
  came.result, came.failed = result, result == nil and info or nil
end)

M.stream.closed = reading(function(stream, came, roll)
  for _ = 1, roll(6) do
    if not stream:next() then break end
  end
  stream:close()
  came.left = true
end)

M.stream.dropped = reading(function(stream, came, roll)
  for _ = 1, roll(3) - 1 do stream:next() end
  came.left = true
end)

function M.stream.called_back(client, opts)
  local words = {}
  opts.on_event = function(event) words[#words + 1] = words_of(event) end
  local came = outcome(client:chat(streamed(), opts))
  if came.result and #words > 0 then came.text = table.concat(words) end
  return came
end

function M.stream.parts_called_back(client, opts)
  local words = {}
  opts.on_part = function(kind, value)
    if kind == "text" then words[#words + 1] = value end
  end
  local came = outcome(client:chat(streamed(), opts))
  if came.result and #words > 0 then came.text = table.concat(words) end
  return came
end

function M.stream.started(client, opts)
  opts.on_event = function() end
  return outcome(client:start("chat", streamed(), opts):wait())
end

function M.stream.cancelled(client, opts, roll)
  local call
  local left = roll(8)
  opts.on_event = function()
    left = left - 1
    if left == 0 then call:cancel() end
  end
  call = client:start("chat", streamed(), opts)
  local came = outcome(call:wait())
  came.left = true
  return came
end

--- The names of the styles for a way to ask, in one order.
function M.names(way)
  local names = {}
  for name in pairs(M[way]) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return M
