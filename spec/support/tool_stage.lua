--- tool_stage.lua - runs of tools against a scripted model: a server that says given answers, whose
-- requests are kept, decoded.
--
-- An answer is a table that is sent as JSON, made by `calls` or `text` in the shape of an endpoint, or
-- the bytes of a whole HTTP answer, or what scripted.slowly gives.

local cjson = require "cjson"
local scripted = require "spec.support.scripted"
local uv = require "luv"
local xai = require "xai"

local M = {}

local USAGE = {
  respond = { input_tokens = 10, output_tokens = 4, total_tokens = 14, cost_in_usd_ticks = 10000000000,
    output_tokens_details = { reasoning_tokens = 1 } },
  chat = { prompt_tokens = 10, completion_tokens = 4, total_tokens = 14, cost_in_usd_ticks = 10000000000 },
  message = { input_tokens = 10, output_tokens = 4 },
}

local function sequence() -- a fresh list that cjson writes as one, also without items
  return setmetatable({}, cjson.array_mt or cjson.empty_array_mt)
end

--- The answer of an endpoint with calls { id, name, arguments } and a text.
function M.answer(name, calls, text, more)
  local answer = { id = "r" .. tostring(more and more.id or 1), model = "grok-4.5", usage = USAGE[name] }
  local has_calls = calls[1] ~= nil
  if name == "respond" then
    answer.object, answer.status, answer.output = "response", "completed", sequence()
    answer.output[1] = { type = "reasoning", id = "rs_1", summary = sequence(), encrypted_content = "sealed" }
    for _, call in ipairs(calls) do
      answer.output[#answer.output + 1] = { type = "function_call", id = "fc_" .. call[1], call_id = call[1],
        name = call[2], arguments = call[3], status = "completed" }
    end
    if text then
      answer.output[#answer.output + 1] = { type = "message", id = "msg_1", role = "assistant", status = "completed",
        content = { { type = "output_text", text = text } } }
    end
  elseif name == "chat" then
    local list = has_calls and {} or nil
    for i, call in ipairs(calls) do
      list[i] = { id = call[1], type = "function", ["function"] = { name = call[2], arguments = call[3] } }
    end
    answer.object = "chat.completion"
    answer.choices = { { index = 0, finish_reason = has_calls and "tool_calls" or "stop",
      message = { role = "assistant", content = text or "", tool_calls = list } } }
  else
    answer.type, answer.role, answer.content = "message", "assistant", sequence()
    if text then answer.content[1] = { type = "text", text = text } end
    for _, call in ipairs(calls) do
      answer.content[#answer.content + 1] = { type = "tool_use", id = call[1], name = call[2],
        input = cjson.decode(call[3]) }
    end
    answer.stop_reason = has_calls and "tool_use" or "end_turn"
  end
  for key, value in pairs(more or {}) do answer[key] = value end
  return answer
end

--- The body of a request to an endpoint.
function M.body(name, fields)
  local body = { model = "grok-4.5" }
  if name == "respond" then body.input = "Hi" else body.messages = { { role = "user", content = "Hi" } } end
  if name == "message" then body.max_tokens = 100 end
  for key, value in pairs(fields or {}) do body[key] = value end
  return body
end

local function bytes_of(answer)
  if type(answer) ~= "table" or answer == scripted.stall or answer[1] then return answer end
  return scripted.answer(200, { ["Content-Type"] = "application/json" }, cjson.encode(answer))
end

--- Turn both loops until `is_ready()`, for ten seconds at most.
function M.until_true(is_ready)
  local till = uv.hrtime() + 10e9
  while not is_ready() do
    if uv.hrtime() > till then error "it does not come" end
    uv.run("nowait")
    xai.step(0.002)
  end
end

--- `f(client)` in a task, while the server says these answers; what it returned, as a list with n, and the
-- requests' bodies.  An error in it is raised.  Nothing is left alive.
function M.play(answers, f, options)
  local said = {}
  for i, answer in ipairs(answers) do said[i] = bytes_of(answer) end
  local server = scripted.start(said)
  local all = { api_key = "xai-spec-0123456789abcdef", base_url = server.url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  local got
  local task = xai.spawn(function()
    local function keep(...) got = { n = select("#", ...), ... } end
    keep(f(client, function() return M.bodies(server) end))
  end)
  local function is_over()
    local status = task:status()
    return status == "done" or status == "failed" or status == "cancelled"
  end
  local on_error, reported = xai.on_error, {}
  xai.on_error = function(err) reported[#reported + 1] = { err } end
  local ok, problem = pcall(M.until_true, is_over)
  client:close()
  server.close()
  xai.step(0)
  xai.on_error = on_error
  if not ok then error(problem, 0) end
  task:wait()
  if reported[1] then error(reported[1][1], 0) end
  return got, M.bodies(server)
end

--- The bodies of the requests that a scripted server has had.
function M.bodies(server)
  local list = {}
  for i, request in ipairs(server.requests) do list[i] = cjson.decode(request:match("\r\n\r\n(.*)$")) end
  return list
end

return M
