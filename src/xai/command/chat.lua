--- `xai chat`: a conversation, line by line.  Ctrl-C ends an answer, not the program.

local ask = require "xai.command.ask"
local lines = require "xai.command.lines"
local terminal = require "xai.command.terminal"
local xai = require "xai"

local error, ipairs, pcall, type = error, ipairs, pcall, type
local string_find = string.find

local chat = {}

chat.options = {}
for _, option in ipairs(ask.options) do
  local field = option.field
  if field ~= "schema" and field ~= "json" and field ~= "whole" then chat.options[#chat.options + 1] = option end
end

local function is_interrupt(err)
  return type(err) == "table" and err.kind == "cancelled" and err.message == "interrupted"
end

--- Stream an answer.  What had come of one that was stopped stays in the conversation.
-- @return did the conversation change?
local function answer(talk, input, options)
  local ran, ok, message, info = pcall(ask.stream, talk, input, options)
  if ran and ok then return true end
  if not ran and not is_interrupt(ok) then error(ok, 0) end
  if not ran then
    if talk.run then talk.run:close() end
    terminal.note "(stopped)"
    return (pcall(talk.keep, talk))
  end
  terminal.complain(message)
  if info and info.kind == "auth" then error(info, 0) end
  return false
end

local function greet(talk)
  if not terminal.stdin_is_one then return end
  local turns = #talk.items > 0 and ", which goes on" or ""
  terminal.note("A conversation with " .. talk.state.body.model .. turns
    .. ". Ctrl-C stops an answer, Ctrl-D leaves.")
end

--- Take lines until they end.
-- @return true; or nil, message, info.  A line that got no answer is a failure where
--   nobody types
local function loop(talk, name, options)
  local pictures, all = options.pictures, true
  while true do
    local text = lines.next()
    if text == nil and not all and not terminal.stdin_is_one then return nil, "a line got no answer" end
    if text == nil then return true end
    if text == false then
      terminal.end_prompt()
      terminal.note "(Ctrl-D leaves)"
    elseif string_find(text, "%S") then
      local input, reason = ask.input(text, pictures)
      if not input then return nil, reason end
      if answer(talk, input, options) then
        pictures = nil -- they belong to the first question
        ask.save(name, talk)
      else
        all = false
      end
    end
  end
end

--- Run `xai chat`.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function chat.run(options)
  if options[1] then return nil, "chat takes no prompt; type it when it asks", "usage" end
  local talk, name, info = ask.open(options)
  if not talk then return nil, name, info end
  local before = xai.on_interrupt(function(err) error(err, 0) end)
  greet(talk)
  local ok, first, message, facts = pcall(loop, talk, name, options)
  xai.on_interrupt(before)
  if ok and terminal.stdin_is_one then terminal.end_prompt() end
  if not ok then error(first, 0) end
  return first, message, facts
end

return chat
