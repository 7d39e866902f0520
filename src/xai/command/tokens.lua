--- `xai tokens TEXT`: how many tokens a text has.

local ask = require "xai.command.ask"
local service = require "xai.command.service"
local terminal = require "xai.command.terminal"

local string_format, type = string.format, type

local tokens = {}

tokens.options = { { short = "-m", long = "--model", field = "model", value = "a model" } }

--- Run `xai tokens`.  Prints the number.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function tokens.run(options)
  local text = ask.prompt(options)
  if text == "" then return nil, "the tokens of what? Give a text, or pipe one in", "usage" end
  local model, message, info = service.model(options.model)
  if not model then return nil, message, info end
  local answer
  answer, message, info = service.client():tokenize { model = model, text = text }
  if not answer then return nil, message, info end
  if type(answer.token_ids) ~= "table" then return nil, "the service has sent no tokens" end
  terminal.answer(string_format("%d\n", #answer.token_ids))
  return true
end

return tokens
