--- client:save(image, path[, opts]): a picture of an answer as a file.

local core = require "xai.core"
local saving = require "xai.client.saving"

local error, type = error, type
local string_find = string.find

local WHAT = "client:save"

-- Options beside those of calls.
local OWN = { on_progress = true }

--- What is wrong with the arguments, or nil.
local function problem_of(image, path, opts)
  if type(image) ~= "table" then
    return "the image must be a table, an entry of data or one of xai.images(answer), got " .. type(image)
  end
  if type(image.data) == "table" or type(image.output) == "table" or type(image.choices) == "table" then
    return "this is a whole answer; give one of xai.images(answer)"
  end
  if type(image.path) == "string" then return "the picture is saved already, as '" .. image.path .. "'" end
  if type(path) ~= "string" then return "the path must be a string, got " .. type(path) end
  if path == "" or string_find(path, "\0", 1, true) then return "the path is empty or has a NUL byte in it" end
  if opts ~= nil and type(opts) ~= "table" then return "options must be a table, got " .. type(opts) end
end

--- Why the image has no picture: nil, message, info.
local function no_picture(image)
  if image.respect_moderation == false then return saving.failure("permission", saving.WITHHELD) end
  if image.status == "failed" then return saving.failure("api", "the service has failed to make the picture") end
  return saving.failure("api", "the service has sent no picture: neither b64_json nor url nor result")
end

--- The method.  `complete` waits for what a request gives, see client.lua.
return function(complete)
  --- See types.lua.
  -- @return the path, which has the extension of the picture's type where `path` has none;
  --   or nil, message, info
  return function(client, image, path, opts)
    local problem = problem_of(image, path, opts)
    if problem then error(WHAT .. ": " .. problem, 2) end
    if opts then core.check_options(WHAT, opts, OWN) end
    local text, url = saving.source(image)
    if text then return saving.write(text, path) end
    if not url then return no_picture(image) end
    return saving.fetch(client, url, path, opts, nil, function(request, options)
      return complete(client, request, "download", false, options)
    end)
  end
end
