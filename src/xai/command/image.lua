--- `xai image PROMPT -o FILE`: a picture from words.

local ask = require "xai.command.ask"
local service = require "xai.command.service"
local terminal = require "xai.command.terminal"

local ipairs, type = ipairs, type
local string_find = string.find

local image = {}

image.options = {
  { short = "-m", long = "--model", field = "model", value = "a model" },
  { short = "-o", long = "--output", field = "path", value = "a file" },
}

--- Run `xai image`.  Prints the paths of what was written.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function image.run(options)
  if not options.path or options.path == "" then return nil, "image needs -o FILE", "usage" end
  local prompt = ask.prompt(options)
  if not string_find(prompt, "%S") then return nil, "what shall the picture show? Give a prompt", "usage" end
  local model, message, info = service.image_model(options.model)
  if not model then return nil, message, info end
  local answer
  answer, message, info = service.client():generate_image({
    model = model, prompt = prompt, response_format = "b64_json",
  }, { save = options.path })
  if not answer then return nil, message, info end
  local some = false
  for _, picture in ipairs(type(answer.data) == "table" and answer.data or {}) do
    local path = type(picture) == "table" and picture.path
    if path then terminal.answer(path .. "\n") end
    some = some or path ~= nil
  end
  if some then return true end
  return nil, "the service has sent no picture"
end

return image
