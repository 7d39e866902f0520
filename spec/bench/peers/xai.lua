-- xai.lua - this library as a peer.  A first argument `text` reads by
-- stream:text() only, `parts` by stream:parts(); `run` and `spawn` read many
-- streams in one task each, within xai.run or by xai.step, in place of callbacks.
local MODES = { text = true, parts = true, run = true, spawn = true }
local mode = MODES[arg[1]] and table.remove(arg, 1)
local common = require "common"
local xai = require "xai"

local client = xai.new {
  api_key = common.key, base_url = arg[2], ca_file = os.getenv "BENCH_CA", http_version = os.getenv "BENCH_HTTP",
}
local peer = {}

function peer.post(path, body)
  local call = path == "/images/generations" and client.generate_image or client.chat
  return assert(call(client, body))
end

if mode == "text" then
  function peer.text(body, on_text)
    for text in assert(client:chat(body)):text() do on_text(text) end
  end
elseif mode == "parts" then
  function peer.text(body, on_text)
    for kind, value in assert(client:chat(body)):parts() do
      if kind == "text" then on_text(value) end
    end
  end
else
  function peer.stream(body, on_event)
    for event in assert(client:chat(body)) do on_event(event) end
  end
end

--- Read `n` streams, each by a loop in a task.
local function many_tasks(n, body, on_event_of)
  local left = n
  for i = 1, n do
    local on_event = on_event_of(i)
    xai.spawn(function()
      for event in assert(client:chat(body)) do on_event(event) end
      left = left - 1
    end)
  end
  while mode == "spawn" and left > 0 do xai.step(1) end
end

local function many_callbacks(n, body, on_event_of)
  local left = n
  local function on_done(_, message)
    if message then error(message) end
    left = left - 1
  end
  for i = 1, n do
    client:start("chat", body, { on_event = on_event_of(i), on_done = on_done })
  end
  while left > 0 do xai.step(1) end
end

function peer.many(n, body, on_event_of)
  if mode == "run" then return xai.run(many_tasks, n, body, on_event_of) end
  if mode == "spawn" then return many_tasks(n, body, on_event_of) end
  return many_callbacks(n, body, on_event_of)
end

common.main(peer)
