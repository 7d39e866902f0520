--- account.lua - what needs no model: the key, the catalogue, the tokenizer.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")
local models = require("xai.testing.standin.models")

local M = {}

-- Catalogue ----------------------------------------------------------------------------

local function entries(rows, as_entry)
  local list = json.array()
  for i, row in ipairs(rows) do list[i] = as_entry(row) end
  return list
end

local function one(row, as_entry, id)
  if not row then return errors.unknown_catalogue_model(id) end
  return errors.json(200, as_entry(row))
end

function M.list_models()
  local list = entries(models.language, models.as_model)
  for _, row in ipairs(models.image) do list[#list + 1] = models.as_model(row) end
  return errors.json(200, { object = "list", data = list })
end

function M.get_model(_, request)
  local row = models.find_language(request.id) or models.find_image(request.id)
  return one(row, models.as_model, request.id)
end

function M.list_language_models()
  return errors.json(200, { models = entries(models.language, models.as_language_model) })
end

function M.get_language_model(_, request)
  return one(models.find_language(request.id), models.as_language_model, request.id)
end

function M.list_image_models()
  return errors.json(200, { models = entries(models.image, models.as_image_model) })
end

function M.get_image_model(_, request)
  return one(models.find_image(request.id), models.as_image_model, request.id)
end

-- Key ----------------------------------------------------------------------------------

function M.api_key(_, request)
  local user = "0d9c8b7a-6f5e-4d3c-8b2a-190807060504"
  return errors.json(200, {
    redacted_api_key = "xai-..." .. request.key:sub(-4), user_id = user, name = "demo key",
    create_time = "2026-02-03T10:11:12.131415Z", modify_time = "2026-09-01T08:00:00.000001Z", modified_by = user,
    team_id = "7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e",
    acls = { "api-key:model:*", "api-key:endpoint:*" },
    api_key_id = "4c3b2a19-0807-4605-9403-020100ffeedd",
    team_blocked = false, api_key_blocked = false, api_key_disabled = false,
  })
end

-- Tokenizer ----------------------------------------------------------------------------

local REPLACEMENT = "\239\191\189"
local LONGEST = 4

--- Cut a word in tokens; a character of four bytes is cut in two, as real tokenizers do.
local function add_tokens(tokens, word)
  local pending = ""
  for char in word:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
    if #pending + #char > LONGEST then
      tokens[#tokens + 1], pending = pending, ""
    end
    if #char == 4 then
      tokens[#tokens + 1], tokens[#tokens + 2] = char:sub(1, 2), char:sub(3)
    else
      pending = pending .. char
    end
  end
  if pending ~= "" then tokens[#tokens + 1] = pending end
end

local function token_entry(bytes)
  local list, id = json.array(), 7
  for i = 1, #bytes do
    list[i] = bytes:byte(i)
    id = (id * 257 + bytes:byte(i)) % 131072
  end
  local half = bytes:find("^[\240-\255].$") or bytes:find("^[\128-\191]")
  return { token_id = id, string_token = half and REPLACEMENT or bytes, token_bytes = list }
end

function M.tokenize(_, request)
  local tokens, entry_list = {}, json.array()
  for word in request.json.text:gmatch("%s*%S+") do add_tokens(tokens, word) end
  local rest = request.json.text:match("%s+$")
  if rest then tokens[#tokens + 1] = rest end
  for i, bytes in ipairs(tokens) do entry_list[i] = token_entry(bytes) end
  return errors.json(200, { token_ids = entry_list })
end

return M
