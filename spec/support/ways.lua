--- ways.lua - the same bytes of a stream, read in every way there is.

local assert = require("luassert")
local parts = require("spec.support.parts")
local stages = require("spec.support.stage")

local M = {}

--- Events of these values (tables or JSON text) as bytes.
function M.bytes(encode, events)
  local bytes = {}
  for i, event in ipairs(events) do
    bytes[i] = "data: " .. (type(event) == "table" and encode(event) or event) .. "\n\n"
  end
  return table.concat(bytes)
end

local function text_of(stream, n)
  local said = {}
  local ok, err = pcall(function()
    for text in stream:text(n) do said[#said + 1] = text end
  end)
  return table.concat(said), not ok and err or nil
end

--- What each way gives: result or nil, message, info.  The first also gives the visible text.
local WAYS = {
  { "text", function(stage, name, bytes)
    local stream = stage:say(name, bytes)
    local text = text_of(stream)
    local result, message, info = stream:result()
    return result, message, info, text
  end },
  { "result", function(stage, name, bytes) return stage:say(name, bytes):result() end },
  { "byte by byte", function(stage, name, bytes)
    local stream = stage:say(name, bytes, 1)
    local text = text_of(stream)
    local result, message, info = stream:result()
    return result, message, info, text
  end },
  { "parts", function(stage, name, bytes)
    local stream = stage:say(name, bytes)
    local all = parts.read(stream)
    local result, message, info = stream:result()
    if result then parts.check(all, result) end
    return result, message, info, all.text
  end },
  { "parts of bytes", function(stage, name, bytes)
    local stream = stage:say(name, bytes, 1)
    local all = parts.read(stream)
    local result, message, info = stream:result()
    return result, message, info, all.text
  end },
  { "on_part", function(stage, name, bytes)
    local add, finish = parts.collector()
    local result, message, info = stage:stream(name, "say," .. stages.encoded(bytes), { on_part = add })
    return result, message, info, finish().text
  end },
  { "on_part of start", function(stage, name, bytes)
    local add, finish = parts.collector()
    local fault = "say," .. stages.encoded(bytes)
    local result, message, info = stage:start(name, fault, { on_part = add }, { stream = true }):wait()
    return result, message, info, finish().text
  end },
  { "next", function(stage, name, bytes)
    local stream = stage:say(name, bytes)
    stages.events(stream)
    return stream:result()
  end },
  { "on_event", function(stage, name, bytes)
    local fault = "say," .. stages.encoded(bytes)
    return stage:stream(name, fault, { on_event = function() end })
  end },
  { "start", function(stage, name, bytes)
    local fields = { stream = true }
    return stage:start(name, "say," .. stages.encoded(bytes), nil, fields):wait()
  end },
  { "without stream", function(stage, name, bytes)
    return stage:whole(name, nil, "say," .. stages.encoded(bytes))
  end },
  { "started without stream", function(stage, name, bytes)
    return stage:start(name, "say," .. stages.encoded(bytes)):wait()
  end },
}

--- Read the bytes in every way, check that all give the same, and return it: the result (or
-- `info.partial`), the visible text, the failure's kind.
function M.read(stage, name, bytes)
  local first, first_text, first_kind
  for i, way in ipairs(WAYS) do
    local result, message, info, text = way[2](stage, name, bytes)
    if message then result = info.partial end
    if i == 1 then first, first_text, first_kind = result, text, message and info.kind end
    assert.same({ first, first_kind }, { result, message and info.kind }, way[1])
    if text then assert.equal(first_text, text, way[1]) end
  end
  return first, first_text, first_kind
end

return M
