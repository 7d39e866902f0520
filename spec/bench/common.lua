-- common.lua - what Lua peers share: the requests, percentiles, the result line.
local M = {}

M.key = "xai-bench-0123456789abcdef0123456789abcdef"

M.headers = { ["content-type"] = "application/json", authorization = "Bearer " .. M.key }

M.body = {
  model = "gpt-4o-mini",
  messages = {
    { role = "system", content = "You are a helpful assistant." },
    { role = "user", content = "Hello!" },
  },
}

local function stream_body()
  M.body.stream = true
  M.body.stream_options = { include_usage = true }
  return M.body
end

--- A long chat: 512 messages of about 2 KB for each MiB.
local function big_body(mib)
  local line = ('The quick brown fox said "hi" to the lazy dog.\n'):rep(44)
  local messages = {}
  for i = 1, mib * 512 do
    messages[i] = { role = i % 2 == 1 and "user" or "assistant", content = line .. i }
  end
  return { model = "gpt-4o-mini", messages = messages }
end

--- Microseconds of the clock that the server stamps events with.
local function clock()
  local gettimeofday = require("luv").gettimeofday
  return function()
    local s, us = gettimeofday()
    return s * 1e6 + us
  end
end

--- For clients without a parser: a function that takes bytes and calls `on_event(table)` for
-- every event.
function M.sse(on_event)
  local decode, rest = require("cjson").decode, ""
  return function(bytes)
    if rest ~= "" then bytes = rest .. bytes end
    local from = 1
    while true do
      local first, last = bytes:find("\n\n", from, true)
      if not first then break end
      if bytes:sub(from, from + 5) == "data: " then
        local data = bytes:sub(from + 6, first - 1)
        if data ~= "[DONE]" then on_event(decode(data)) end
      end
      from = last + 1
    end
    rest = bytes:sub(from)
    return true
  end
end

--- Two functions: one takes a text, one gives all of them put together.
local function collector(count)
  local parts, n = {}, 0
  return function(text)
    n = n + 1
    parts[n] = text
    count.chunks = count.chunks + 1
  end, function() return table.concat(parts) end
end

--- The text of a decoded event, if it has one, goes to `take`.
local function of_event(take)
  return function(event)
    local choice = event.choices[1]
    local text = choice and choice.delta.content
    if text and text ~= "" then take(text) end
  end
end

local function percentiles(out, name, list)
  table.sort(list)
  local n = #list
  if n == 0 then return end
  out[name .. "_p50_us"] = list[math.floor(n / 2) + 1]
  out[name .. "_p99_us"] = list[math.min(n, math.floor(n * 0.99) + 1)]
  out[name .. "_max_us"] = list[n]
end

local function stamp_of(event) return tonumber(event.system_fingerprint:sub(4)) end

local workloads = {}

function workloads.seq(peer, n, out)
  local bytes = 0
  for _ = 1, n or 1 do
    bytes = bytes + #peer.post("/chat/completions", M.body).choices[1].message.content
  end
  out.n, out.content_bytes = n or 1, bytes
end

workloads.cold = workloads.seq

function workloads.stream(peer, n, out)
  local count, bytes = { chunks = 0 }, 0
  for _ = 1, n or 1 do
    local take, all = collector(count)
    if peer.text then
      peer.text(stream_body(), take)
    else
      peer.stream(stream_body(), of_event(take))
    end
    bytes = bytes + #all()
  end
  out.chunks, out.content_bytes = count.chunks, bytes
end

function workloads.conc(peer, n, out)
  local count, all, latencies, now, bytes = { chunks = 0 }, {}, {}, clock(), 0
  peer.many(n, stream_body(), function(i)
    local take
    take, all[i] = collector(count)
    local on_event = of_event(take)
    return function(event)
      local stamp = stamp_of(event)
      if stamp > 0 then latencies[#latencies + 1] = now() - stamp end
      on_event(event)
    end
  end)
  for i = 1, n do bytes = bytes + #all[i]() end
  out.chunks, out.content_bytes = count.chunks, bytes
  percentiles(out, "lat", latencies)
end

function workloads.ttft(peer, n, out)
  local first, latencies, now = {}, {}, clock()
  for _ = 1, n do
    local start, seen = now(), false
    peer.stream(stream_body(), function(event)
      if seen then return end
      seen = true
      local t = now()
      first[#first + 1] = t - start
      latencies[#latencies + 1] = t - stamp_of(event)
    end)
  end
  out.n = n
  percentiles(out, "ttft", first)
  percentiles(out, "lat", latencies)
end

function workloads.image(peer, n, out)
  out.content_bytes = 0
  for _ = 1, n or 1 do
    local answer = peer.post("/images/generations", { model = "gpt-image-1", prompt = "a cat" })
    out.content_bytes = out.content_bytes + #answer.data[1].b64_json
  end
end

function workloads.upload(peer, mib, out)
  local body, answer = big_body(mib), nil
  for _ = 1, 4 do answer = peer.post("/chat/completions", body) end
  out.received = answer.usage.prompt_tokens
end

--- What a workload asks of a peer.
local NEEDS = {
  cold = "post", seq = "post", image = "post", upload = "post", stream = "stream", ttft = "stream", conc = "many",
}

--- Run the workload that the command line names and print its line.  A peer is
-- `post(path, body) -> answer`, `stream(body, on_event)`,
-- `many(n, body, on_event_of)`, and in place of `stream` perhaps
-- `text(body, on_text)`; what it lacks is answered with `{"na":1}`.
function M.main(peer)
  local name, out, line = arg[1], {}, {}
  local can = peer[NEEDS[name]] or name == "stream" and peer.text
  if not can then return print '{"na":1}' end
  workloads[name](peer, tonumber(arg[3]), out)
  for key, value in pairs(out) do line[#line + 1] = ('"%s":%.0f'):format(key, value) end
  print("{" .. table.concat(line, ",") .. "}")
end

return M
