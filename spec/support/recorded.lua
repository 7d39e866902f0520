--- recorded.lua - what each recorded stream of spec/fixtures says, read by a person.
-- `fn` asks for it, `text` is the visible text (`texts[n]` of choice n), `kind` the failure that
-- ends it, `result` what the whole answer is or would have been so far.  A field that is
-- `copied` is too long to repeat: it is taken from the recorded event where it first (usage:
-- last) stands.

local KEY = "call-5b8f5c57-0d56-4b1c-8d5c-1f6a1f2b0001-"
local OSLO, LIMA = '{"city":"Oslo","unit":"C"}', '{"city":"Lima","unit":"C"}'

local function called(n, arguments)
  return { id = KEY .. n, type = "function", ["function"] = { name = "get_weather", arguments = arguments } }
end

--- A chat result; `more` are fields of the top, true for those that are copied.
local function chat(choices, model, more)
  local result = {
    id = "77d0c5a4-2a5b-4d3e-8a92-1d3b5e7f0a0a", object = "chat.completion", created = 1795200100,
    model = model or "grok-4.20-0309-non-reasoning", choices = {},
    system_fingerprint = "fp_4b7e90c2d1", service_tier = "default",
  }
  for i, choice in ipairs(choices) do
    choice.message.role = "assistant"
    result.choices[i] = { index = i - 1, message = choice.message, finish_reason = choice.finish }
  end
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

local function said(text, finish, more)
  local message = { content = text }
  for key, value in pairs(more or {}) do message[key] = value end
  return { message = message, finish = finish }
end

local function message(id, content, stop, output_tokens)
  return {
    id = id, type = "message", role = "assistant", model = "grok-4.3", content = content, stop_reason = stop,
    usage = { input_tokens = 151, cache_creation_input_tokens = 0, cache_read_input_tokens = 128,
      output_tokens = output_tokens },
  }
end

local WEATHER = message("c3ad8e67-6b12-4d3f-9259-0a4b5c7d2a0c", {
  { type = "thinking", thinking = "The user wants live weather, so the tool is needed.\n",
    signature = "c2lnbmF0dXJlLXBsYWNlaG9sZGVy" },
  { type = "tool_use", id = "call-9d2f0b6a-1c3e-4d58-8a7b-5c6d7e8f0006-0", name = "get_weather",
    input = { city = "Oslo" } },
}, "tool_use", 83)
WEATHER.usage.input_tokens, WEATHER.usage.cache_read_input_tokens = 512, 384

local MESSAGE = "b29c7d56-5a01-4c2e-8148-9f3a4b6c1f0b"
local SEARCHED = "The alert level was lowered.[[1]](https://volcano.example.org/status) Activity is weak."

return {
  { "chat-completion.stream.basic.sse", fn = "chat", text = "Reykjavik.",
    result = chat({ said("Reykjavik.", "stop") }, nil, { usage = true }) },
  { "chat-completion.stream.citations.sse", fn = "chat", text = "It reopened on 3 March.",
    result = chat({ said("It reopened on 3 March.", "stop") }, "grok-3",
      { usage = true, citations = { "https://museum.example.org/news/reopening" } }) },
  { "chat-completion.stream.error-midway.sse", fn = "chat", text = "The answer", kind = "server",
    says = "Upstream model stopped responding", result = chat { said("The answer") } },
  { "chat-completion.stream.keepalive-crlf.sse", fn = "chat", text = "ok", result = chat { said("ok", "stop") } },
  { "chat-completion.stream.no-usage.sse", fn = "chat", text = "Hi 👋🏽",
    result = chat { said("Hi 👋🏽", "stop") } },
  { "chat-completion.stream.reasoning.sse", fn = "chat", text = "No, 221 is 13 × 17.",
    result = chat({ said("No, 221 is 13 × 17.", "stop", { reasoning_content = "13 × 17 = 221.\n" }) }, "grok-4.3",
      { usage = true }) },
  { "chat-completion.stream.tool-calls-split.sse", fn = "chat", text = "",
    result = chat({ said("", "tool_calls", { tool_calls = { called(0, '{"city":"Oslo"}') } }) }, "grok-4.7") },
  { "chat-completion.stream.tool-calls.sse", fn = "chat", text = "",
    result = chat({ said("", "tool_calls", { reasoning_content = "Call both.",
      tool_calls = { called(0, OSLO), called(1, LIMA) } }) }, "grok-4.7", { usage = true }) },
  { "chat-completion.stream.truncated.sse", fn = "chat", text = "The connection dies he", kind = "truncated",
    result = chat { said("The connection dies he") } },
  { "chat-completion.stream.two-choices.sse", fn = "chat", text = "Red", texts = { "Red", "Blue", "" },
    result = chat { said("Red", "stop"), said("Blue", "stop") } },

  { "responses.stream.data-only-done.sse", fn = "respond", text = "ok" },
  { "responses.stream.error-first.sse", fn = "respond", text = "", kind = "api",
    says = "Temporarily unavailable: no model answered." },
  { "responses.stream.failed.sse", fn = "respond", text = "", kind = "server", says = "The model run was aborted.",
    output = {} },
  { "responses.stream.function-call-split.sse", fn = "respond", text = "" },
  { "responses.stream.function-call.sse", fn = "respond", text = "" },
  { "responses.stream.incomplete.sse", fn = "respond", text = "Long ago, where the river bends" },
  { "responses.stream.reasoning-text.sse", fn = "respond", text = "144" },
  { "responses.stream.reasoning.sse", fn = "respond", text = "144" },
  { "responses.stream.search-tools.sse", fn = "respond", text = SEARCHED },
  { "responses.stream.text.sse", fn = "respond", text = "Basalt forms oceans’ floor." },

  { "messages.stream.error.sse", fn = "message", text = "Twen", kind = "server",
    says = "The model is overloaded, try again later.",
    result = message(MESSAGE, { { type = "text", text = "Twen" } }, nil, 0) },
  { "messages.stream.ping.sse", fn = "message", text = "23",
    result = message(MESSAGE, { { type = "text", text = "23" } }, "end_turn", 4) },
  { "messages.stream.text.sse", fn = "message", text = "Twenty-three",
    result = message(MESSAGE, { { type = "text", text = "Twenty-three" } }, "end_turn", 9) },
  { "messages.stream.thinking-tool-use.indexed.sse", fn = "message", text = "", result = WEATHER },
  { "messages.stream.thinking-tool-use.sse", fn = "message", text = "", result = WEATHER },

  { "completions.stream.sse", fn = "complete", text = "16, ", result = {
    id = "f6d01b9a-9e45-4062-8582-3d7e8f0a5d0f", object = "text_completion", created = 1795203000, model = "grok-3",
    choices = { { index = 0, text = "16, ", finish_reason = "length" } }, usage = true,
    system_fingerprint = "fp_4b7e90c2d1",
  } },
  { "complete.stream.sse", fn = "complete_legacy", text = " Hello!", result = {
    type = "completion", id = "07e12cab-af56-4173-9693-4e8f9a1b6e10", completion = " Hello!",
    stop_reason = "stop_sequence", model = "grok-3",
  } },
}
