--- client:run_tools where the model says much: arguments of 10 MB, 10,000 calls in one answer.
--
-- No time is looked at.  Work that grows faster than the answer shows in the bytes that are allocated: the
-- collector stands still while they are counted.

local live = require "spec.support.live"
local scripted = require "spec.support.scripted"
local tool_stage = require "spec.support.tool_stage"
local xai = require "xai"

local answer_of, body_of, play = tool_stage.answer, tool_stage.body, tool_stage.play
local same = assert.same
local s = xai.schema

local NAMES = { "respond", "chat", "message" }
local MB = 1024 * 1024
local PIECE = 16384

local function body_with(name, run, is_streamed)
  local body = body_of(name, {
    stream = is_streamed or nil,
    tools = { { name = "get_weather", parameters = s.object(s.string "city"), run = run } },
  })
  if name == "respond" then body.store = false end -- so that the arguments go back
  return body
end

local function last(name) return answer_of(name, {}, "It is warm.", { id = "r2" }) end

--- The bytes of a stream of these events.
local function stream_of(events)
  local list = {}
  for i, event in ipairs(events) do
    local is_mark = type(event) == "string" -- "[DONE]"
    local head = not is_mark and event.type and "event: " .. event.type .. "\n" or ""
    list[i] = head .. "data: " .. (is_mark and event or xai.encode(event)) .. "\n\n"
  end
  return scripted.answer(200, { ["Content-Type"] = "text/event-stream" }, table.concat(list))
end

--- The events of an answer with calls { id, pieces of the arguments }.
local EVENTS = {}

function EVENTS.chat(add, calls)
  local function chunk(delta, reason)
    local choice = { index = 0, delta = delta, finish_reason = reason }
    add { id = "r1", object = "chat.completion.chunk", choices = { choice } }
  end
  chunk { role = "assistant", content = "" }
  for i, call in ipairs(calls) do
    for n, piece in ipairs(call[2]) do
      local is_first = n == 1
      chunk { tool_calls = { {
        index = i - 1, id = is_first and call[1] or nil, type = is_first and "function" or nil,
        ["function"] = { name = is_first and "get_weather" or nil, arguments = piece },
      } } }
    end
  end
  chunk({ content = "" }, "tool_calls")
  add "[DONE]"
end

function EVENTS.respond(add, calls)
  local function response(status, output)
    return { id = "r1", object = "response", status = status, output = output }
  end
  local function item(call, arguments, status)
    return { type = "function_call", id = "f" .. call[1], call_id = call[1], name = "get_weather",
      arguments = arguments, status = status }
  end
  local output = xai.array {}
  add { type = "response.created", response = response("in_progress", xai.array {}) }
  for i, call in ipairs(calls) do
    add { type = "response.output_item.added", output_index = i - 1, item = item(call, "", "in_progress") }
    for _, piece in ipairs(call[2]) do
      add { type = "response.function_call_arguments.delta", item_id = "f" .. call[1], output_index = i - 1,
        delta = piece }
    end
    output[i] = item(call, table.concat(call[2]), "completed")
    add { type = "response.output_item.done", output_index = i - 1, item = output[i] }
  end
  add { type = "response.completed", response = response("completed", output) }
end

function EVENTS.message(add, calls)
  add { type = "message_start", message = { id = "r1", type = "message", role = "assistant", content = xai.array {},
    usage = { input_tokens = 1, output_tokens = 1 } } }
  for i, call in ipairs(calls) do
    add { type = "content_block_start", index = i - 1,
      content_block = { type = "tool_use", id = call[1], name = "get_weather", input = {} } }
    for _, piece in ipairs(call[2]) do
      add { type = "content_block_delta", index = i - 1, delta = { type = "input_json_delta", partial_json = piece } }
    end
    add { type = "content_block_stop", index = i - 1 }
  end
  add { type = "message_delta", delta = { stop_reason = "tool_use" }, usage = { output_tokens = 5 } }
  add { type = "message_stop" }
end

--- An answer with calls { id, arguments }.
local function answer_with(name, calls, is_streamed)
  local list = {}
  for i, call in ipairs(calls) do list[i] = { call[1], "get_weather", call[2] } end
  if not is_streamed then return answer_of(name, list) end
  for i, call in ipairs(calls) do
    local pieces = {}
    for at = 1, #call[2], PIECE do pieces[#pieces + 1] = call[2]:sub(at, at + PIECE - 1) end
    list[i] = { call[1], pieces }
  end
  local events = {}
  EVENTS[name](function(event) events[#events + 1] = event end, list)
  return stream_of(events)
end

--- An answer with one call whose argument has `size` bytes.
local function large_answer(name, size, is_streamed)
  return answer_with(name, { { "c1", '{"city":"' .. ("x"):rep(size) .. '"}' } }, is_streamed)
end

--- An answer with `count` calls.
local function many_calls(name, count, is_streamed)
  local calls = {}
  for i = 1, count do calls[i] = { "c" .. i, '{"city":"Rome"}' } end
  return answer_with(name, calls, is_streamed)
end

--- Bytes that `f` allocates.
local function allocated(f)
  collectgarbage()
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  local ok, problem = pcall(f)
  local after = collectgarbage "count"
  collectgarbage "restart"
  if not ok then error(problem, 0) end
  return (after - before) * 1024
end

for _, name in ipairs(NAMES) do
  for _, is_streamed in ipairs { false, true } do
    describe(("a run of tools by %s%s"):format(name, is_streamed and ", streamed," or ""), function()
      after_each(function() assert.equal(0, live()) end)

      --- Run an answer of the model to its end.  Returns what the run returned.
      local function run(first, tool, opts)
        opts = opts or {}
        opts.on_part = opts.on_part or function() end
        return play({ first, last(name) }, function(client)
          return client:run_tools(name, body_with(name, tool, is_streamed), opts)
        end)
      end

      it("takes arguments of 10 MB, sends them back as they were, and holds a few copies", function()
        local first = large_answer(name, 10 * MB, is_streamed)
        collectgarbage()
        collectgarbage()
        local before, peak, size, looks = collectgarbage "count", 0, nil, 0
        local function look() -- at what is held, not at what the collector has yet to take
          looks = looks + 1
          if looks % 50 ~= 1 then return end
          collectgarbage()
          peak = math.max(peak, collectgarbage "count" - before)
        end
        local got, bodies = run(first, function(args)
          size, looks = #args.city, 0
          look()
          return "fine"
        end, { on_part = look })
        same({ "It is warm.", 10 * MB }, { xai.text(got[1]), size })
        looks = 0
        look()
        assert.is_true(peak * 1024 < 8 * 10 * MB) -- with those of the server, which is in this process
        local sent = xai.encode(bodies[2])
        assert.is_true(#sent > 10 * MB and #sent < 10 * MB + 4096)
      end)

      it("works no harder for each byte of larger arguments", function()
        local function work(size)
          return allocated(function() run(large_answer(name, size, is_streamed), function() return "fine" end) end)
        end
        work(MB / 4)
        assert.is_true(work(2 * MB) < 5.5 * work(MB / 2))
      end)

      it("runs none of 10,000 calls where at most 100 may be", function()
        local ran = 0
        local got = run(many_calls(name, 10000, is_streamed), function() ran = ran + 1 end)
        same({ "limit", "max_calls", 0 }, { got[3].kind, got[3].code, ran })
      end)

      local count = is_streamed and 2000 or 10000 -- their events take this spec's server long

      it(("runs %d calls where so many may be, and sends each result"):format(count), function()
        local ran, most, now = 0, 0, 0
        local got, bodies = run(many_calls(name, count, is_streamed), function()
          ran, now = ran + 1, now + 1
          most = math.max(most, now)
          if ran % 100 == 0 then xai.sleep(0) end
          now = now - 1
          return "fine"
        end, { max_calls = count })
        same({ "It is warm.", count }, { xai.text(got[1]), ran })
        assert.is_true(most <= 8)
        local list = name == "respond" and bodies[2].input or bodies[2].messages
        local results = name == "message" and list[#list].content or list
        local last_result = results[#results]
        assert.equal("c" .. count, last_result.call_id or last_result.tool_call_id or last_result.tool_use_id)
      end)

      it("works no harder for each of more calls", function()
        local function work(n)
          return allocated(function()
            run(many_calls(name, n, is_streamed), function() return "fine" end, { max_calls = n })
          end)
        end
        work(100)
        assert.is_true(work(1000) < 5.5 * work(250))
      end)
    end)
  end
end
