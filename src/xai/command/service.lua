--- The client of the command, and which model it asks.

local xai = require "xai"

local error, ipairs, type = error, ipairs, type
local getenv, string_find = os.getenv, string.find

local service = {}

local client

--- The client, made by the first use: its key and address are in the environment.
-- Raises where there is no key.
function service.client()
  if client then return client end
  if (getenv "XAI_API_KEY" or "") == "" then
    error("there is no API key: get one at https://console.x.ai, then: export XAI_API_KEY=xai-...", 0)
  end
  client = xai.new()
  return client
end

--- The id of the first model of a catalogue, or nil.
local function first_of(models)
  local id = type(models[1]) == "table" and models[1].id
  return type(id) == "string" and id or nil
end

--- The first alias that ends in "latest", else the first model.
local function pick(models)
  for _, model in ipairs(models) do
    for _, alias in ipairs(type(model) == "table" and type(model.aliases) == "table" and model.aliases or {}) do
      if type(alias) == "string" and string_find(alias, "latest$") then return alias end
    end
  end
  return first_of(models)
end

--- The model for texts: `given`, or the one that XAI_MODEL names, or the first of the
-- catalogue's aliases that end in "latest", or the catalogue's first.
-- @return its name; or nil, message, info
function service.model(given)
  local named = given or getenv "XAI_MODEL"
  if named and named ~= "" then return named end
  local list, message, info = service.client():list_language_models()
  if not list then return nil, message, info end
  local model = pick(type(list.models) == "table" and list.models or {})
  if not model then return nil, "the service lists no model; name one with -m" end
  return model
end

--- The model for pictures: `given`, or the catalogue's first.
function service.image_model(given)
  if given and given ~= "" then return given end
  local list, message, info = service.client():list_image_models()
  if not list then return nil, message, info end
  local model = first_of(type(list.models) == "table" and list.models or {})
  if not model then return nil, "the service lists no model for pictures; name one with -m" end
  return model
end

return service
