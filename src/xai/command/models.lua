--- `xai models`: the models, and what they cost.

local service = require "xai.command.service"
local terminal = require "xai.command.terminal"

local ipairs, math_max, type = ipairs, math.max, type
local string_format, string_gsub, string_rep = string.format, string.gsub, string.rep
local table_concat = table.concat

local models = {}

models.options = {}

local TITLES = { "model", "input", "cached", "output", "other names" }

--- Dollars per million tokens.  The catalogue counts in cents per 100 million tokens.
local function dollars(price)
  return type(price) == "number" and string_format("%.2f", price / 10000) or "-"
end

local function name(value)
  return type(value) == "string" and value or "-"
end

local function names(list)
  local all = {}
  for i, one in ipairs(type(list) == "table" and list or {}) do all[i] = name(one) end
  return table_concat(all, " ")
end

--- The entries of a catalogue that are models.
local function models_of(catalogue)
  local list = {}
  for _, model in ipairs(type(catalogue.models) == "table" and catalogue.models or {}) do
    if type(model) == "table" then list[#list + 1] = model end
  end
  return list
end

local function rows_of(catalogue)
  local rows = { TITLES }
  for _, model in ipairs(catalogue) do
    rows[#rows + 1] = {
      name(model.id), dollars(model.prompt_text_token_price), dollars(model.cached_prompt_text_token_price),
      dollars(model.completion_text_token_price), names(model.aliases),
    }
  end
  return rows
end

local function widths_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = math_max(widths[i] or 0, #cell) end
  end
  return widths
end

--- A row whose columns fit `limit`: the last ones go where they do not.
local function line_of(row, widths, limit)
  local cells, used = {}, 0
  for i, cell in ipairs(row) do
    used = used + widths[i] + (i > 1 and 2 or 0)
    if i > 1 and limit and used > limit then break end
    local blanks = string_rep(" ", widths[i] - #cell)
    cells[i] = (i == 1 or i == #TITLES) and cell .. blanks or blanks .. cell
  end
  return (string_gsub(table_concat(cells, "  "), "%s+$", ""))
end

local function show(rows, unit)
  local widths, limit = widths_of(rows), terminal.columns()
  for _, row in ipairs(rows) do terminal.answer(line_of(row, widths, limit) .. "\n") end
  terminal.note(unit)
end

local function show_pictures(catalogue)
  local rows = { { "model", "a picture" } }
  for _, model in ipairs(catalogue) do
    local price = model.image_price
    rows[#rows + 1] = { name(model.id), type(price) == "number" and string_format("%.2f", price / 100) or "-" }
  end
  terminal.answer "\n"
  show(rows, "dollars for each picture")
end

--- Run `xai models`.
-- @return true; or nil, message, info.  A wrong command line is nil, message, "usage"
function models.run(options)
  if options[1] then
    return nil, "models takes no argument; to ask about them: xai -- models " .. table_concat(options, " "), "usage"
  end
  local client = service.client()
  local list, message, info = client:list_language_models()
  if not list then return nil, message, info end
  show(rows_of(models_of(list)), "dollars per million tokens")
  local catalogue = client:list_image_models()
  local pictures = catalogue and models_of(catalogue) or {}
  if pictures[1] then show_pictures(pictures) end
  return true
end

return models
