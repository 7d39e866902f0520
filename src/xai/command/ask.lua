--- `xai PROMPT`: one question, whose answer streams to stdout.

local conversations = require "xai.command.conversations"
local ordered_json = require "xai.command.ordered_json"
local service = require "xai.command.service"
local terminal = require "xai.command.terminal"
local xai = require "xai"

local ipairs, next, pcall, tostring, type = ipairs, next, pcall, tostring, type
local open = io.open
local string_find, string_format, string_gsub = string.find, string.format, string.gsub
local table_concat = table.concat

local ask = {}

ask.options = {
  { short = "-m", long = "--model", field = "model", value = "a model" },
  { short = "-s", long = "--system", field = "system", value = "a text" },
  { short = "-c", long = "--continue", field = "goes_on" },
  { short = "-a", long = "--attach", field = "pictures", value = "a picture", many = true },
  { long = "--schema", field = "schema", value = "a file" },
  { long = "--json", field = "json" },
  { short = "-n", long = "--no-stream", field = "whole" },
  { short = "-R", long = "--no-reasoning", field = "hides_reasoning" },
  { short = "-v", long = "--verbose", field = "tells_usage" },
}

-- Input -------------------------------------------------------------------------------------

--- The prompt: the words, and behind them what is piped in.
function ask.prompt(words)
  local text, piped = table_concat(words, " "), terminal.piped()
  if piped == nil or not string_find(piped, "%S") then return text end
  return text == "" and piped or text .. "\n\n" .. piped
end

--- The input of a turn: the text, or parts where there are pictures.
-- @return nil and the reason where a picture cannot be read
function ask.input(text, pictures)
  if not pictures then return text end
  local parts = {}
  for _, picture in ipairs(pictures) do
    local url, problem = picture, nil
    if not string_find(picture, "^https?://") and not string_find(picture, "^data:") then
      url, problem = ask.data_url(picture)
    end
    if not url then return nil, problem end
    parts[#parts + 1] = { type = "input_image", image_url = url }
  end
  if text ~= "" then parts[#parts + 1] = { type = "input_text", text = text } end
  return parts
end

--- A picture as a data URL, or nil and the reason.
function ask.data_url(path)
  local ok, url = pcall(xai.data_url, path)
  if ok then return url end
  return nil, (string_gsub(string_gsub(tostring(url), "^.-xai%.data_url: ", ""), "; give the type:.*", ""))
end

--- The schema in a file, with the order of its fields; or nil and the reason.
local function read_schema(path)
  local file, reason = open(path, "rb")
  if not file then return nil, reason end
  local text = file:read "*a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  local schema, problem = ordered_json.decode(text)
  if type(schema) ~= "table" then return nil, path .. " is no JSON schema" .. (problem and ": " .. problem or "") end
  return schema
end

--- Open a conversation: a new one, or the last one with what the options change.
-- @return the conversation and its file's name; or nil, message, info
function ask.open(options)
  if options.goes_on then
    local dump, name = conversations.last()
    if not dump then return nil, name end
    local body = dump.body
    body.model = options.model or body.model
    if options.system then body.instructions = options.system end
    local ok, talk = pcall(service.client().conversation, service.client(), dump)
    if not ok then return nil, name .. ": " .. tostring(talk) end
    return talk, name
  end
  local model, message, info = service.model(options.model)
  if not model then return nil, message, info end
  return service.client():conversation { model = model, instructions = options.system }, conversations.new_name()
end

-- Output ------------------------------------------------------------------------------------

local notes = {
  length = "the answer was cut: it reached the limit of tokens",
  filter = "the answer was cut by the service's filter",
  incomplete = "the answer is incomplete",
}

--- Show one part of an answer.
function ask.show(kind, value, more, options, sources)
  if kind == "text" then
    if not more then terminal.answer(value) end
  elseif kind == "reasoning" then
    if not options.hides_reasoning then terminal.reasoning(value) end
  elseif kind == "citation" then
    sources[#sources + 1] = value.url
  elseif kind == "done" and notes[value] then
    terminal.note(notes[value])
  end
end

--- Show where an answer is from.
function ask.show_sources(sources)
  for i, url in ipairs(sources) do terminal.note(string_format("[%d] %s", i, url)) end
end

local function show_usage(usage)
  if not usage then return end
  local dollars = usage.usd and string_format(", $%.6f", usage.usd) or ""
  terminal.note(string_format("%d tokens in, %d out%s", usage.input or 0, usage.output or 0, dollars))
end

--- Stream one turn to the terminal.
-- @return true; or nil, message, info
function ask.stream(talk, input, options)
  local run = talk:stream(input)
  local sources = {}
  local kind, value, more = run:next_part()
  while kind do
    ask.show(kind, value, more, options, sources)
    kind, value, more = run:next_part()
  end
  terminal.end_answer()
  if value then return nil, value, more end
  ask.show_sources(sources)
  return true
end

--- The text of a value that fits a schema, in the order of the schema. Where the root of
-- that is no object, the service has sent the value as the only member of one.
local function text_of_value(schema, result)
  local text = xai.text(result)
  if schema.type == "object" then return text end
  local _, value = next(ordered_json.decode(text))
  return xai.encode(value == nil and xai.null or value)
end

--- Ask, and show the answer when it is whole.
local function ask_whole(talk, input, options, schema)
  local sources = {}
  local value, message, info = talk:ask(input, schema and { schema = schema } or nil)
  if value == nil then return nil, message, info end
  local result = info.result
  if options.json then
    terminal.answer(xai.encode(result))
  elseif schema then
    terminal.answer(text_of_value(schema, result))
  else
    local reasoning = xai.reasoning(result)
    if reasoning then ask.show("reasoning", reasoning, nil, options, sources) end
    terminal.answer(xai.text(result))
    for _, citation in ipairs(xai.citations(result)) do sources[#sources + 1] = citation.url end
    ask.show("done", (xai.finish(result)), nil, options, sources)
  end
  terminal.end_answer()
  ask.show_sources(sources)
  return true
end

--- Save a conversation.  An answer that was given is no failure because of this.
function ask.save(name, talk)
  local ok, reason = conversations.save(name, talk)
  if not ok then terminal.complain("the conversation was not saved: " .. reason) end
end

--- Run `xai PROMPT`.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function ask.run(options)
  local schema, talk, name, input, ok, message, info
  if options.schema then
    schema, message = read_schema(options.schema)
    if not schema then return nil, message end
  end
  local prompt = ask.prompt(options)
  if not string_find(prompt, "%S") and not options.pictures then
    return nil, "what shall be asked? Give a prompt, or pipe one in", "usage"
  end
  input, message = ask.input(prompt, options.pictures)
  if not input then return nil, message end
  talk, name, info = ask.open(options)
  if not talk then return nil, name, info end
  if schema or options.json or options.whole then
    ok, message, info = ask_whole(talk, input, options, schema)
  else
    ok, message, info = ask.stream(talk, input, options)
  end
  if not ok then return nil, message, info end
  ask.save(name, talk)
  if options.tells_usage then show_usage(talk.usage) end
  return true
end

return ask
