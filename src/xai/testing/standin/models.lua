--- models.lua - the catalogue, and what each model lets a request ask for.

local json = require("xai.testing.standin.json")

local M = {}

local LOW_TO_HIGH = { low = true, medium = true, high = true, minimal = true }
local UP_TO_XHIGH = { low = true, medium = true, high = true, minimal = true, xhigh = true }
local FROM_NONE = { none = true, low = true, medium = true, high = true, minimal = true }

-- price: ticks per token for { prompt, cached prompt, picture, completion }.
-- efforts: the values of reasoning effort, nil where the field is refused.
-- thinks: the default effort of a model that thinks.  old: before grok-4.20.
M.language = {
  { id = "grok-4.7", created = 1789948800, context = 500000, price = { 20000, 5000, 20000, 60000 },
    efforts = UP_TO_XHIGH, thinks = "high", no_stop = true, sealed = true },
  { id = "grok-4.6", created = 1786406400, context = 500000, price = { 20000, 5000, 20000, 60000 },
    efforts = UP_TO_XHIGH, thinks = "high", no_stop = true },
  { id = "grok-4.5", created = 1782864000, context = 500000, price = { 20000, 5000, 20000, 60000 },
    efforts = LOW_TO_HIGH, thinks = "high", no_stop = true },
  { id = "grok-4.3", aliases = { "grok-4.3-latest" }, created = 1777507200, context = 1000000,
    price = { 12500, 2000, 12500, 25000 }, efforts = FROM_NONE, thinks = "low", shows_thinking = true },
  { id = "grok-4.20-0309-reasoning", aliases = { "grok-4.20-reasoning" }, created = 1772668800, context = 1000000,
    price = { 12500, 2000, 12500, 25000 }, thinks = "high" },
  { id = "grok-4.20-0309-non-reasoning", aliases = { "grok-4.20-non-reasoning" }, created = 1772668800,
    context = 1000000, price = { 12500, 2000, 12500, 25000 } },
  { id = "grok-4.20-multi-agent-0309", aliases = { "grok-4.20-multi-agent" }, created = 1772668800,
    context = 1000000, price = { 12500, 2000, 12500, 25000 }, efforts = UP_TO_XHIGH, thinks = "low",
    responses_only = true },
  { id = "grok-build-0.1", created = 1780272000, context = 256000, price = { 10000, 2000, 10000, 20000 },
    thinks = "high" },
  { id = "grok-3", aliases = { "grok-3-latest" }, created = 1739145600, context = 131072,
    price = { 30000, 7500, 30000, 150000 }, old = true },
}

M.image = {
  { id = "grok-imagine-image", aliases = { "grok-imagine-image-2026-03-02" }, created = 1769558400,
    price = 2, version = "1.0.0" },
  { id = "grok-imagine-image-2.0", created = 1786406400, price = 6, version = "2.0.0", has_quality = true },
}

-- `price`: cents a second.
M.video = {
  { id = "grok-imagine-video", price = 5, classic = true },
  { id = "grok-imagine-video-1.5", aliases = { "grok-imagine-video-1.5-preview" }, price = 14, has_frames = true },
  { id = "grok-imagine-video-1.5-lite", price = 7, no_references = true },
}

-- The bodies of requests.valid.json and requests.invalid.json name the model "m".
local EXTRA_ALIASES = { m = "grok-3" }

--- The row of a model by id or alias; nil when unknown.
local function find(rows, id)
  id = EXTRA_ALIASES[id] or id
  for _, row in ipairs(rows) do
    if row.id == id then return row end
    for _, alias in ipairs(row.aliases or {}) do
      if alias == id then return row end
    end
  end
end

function M.find_language(id) return find(M.language, id) end
function M.find_image(id) return find(M.image, id) end
function M.find_video(id) return find(M.video, id) end

-- Catalogue entries --------------------------------------------------------------

local function fingerprint(id)
  local sum = 0
  for i = 1, #id do sum = (sum * 31 + id:byte(i)) % 2 ^ 40 end
  return ("fp_%010x"):format(sum)
end

local function head(row)
  return {
    id = row.id, object = "model", created = row.created, owned_by = "xai",
    aliases = json.array(row.aliases),
  }
end

local function add_prices(entry, price)
  entry.prompt_text_token_price, entry.cached_prompt_text_token_price = price[1], price[2]
  entry.prompt_image_token_price, entry.completion_text_token_price = price[3], price[4]
  entry.prompt_text_token_price_long_context = price[1] * 2
  entry.cached_prompt_text_token_price_long_context = price[2] * 2
  entry.completion_text_token_price_long_context = price[4] * 2
  entry.long_context_threshold = 200000
  return entry
end

--- As in GET /v1/models.
function M.as_model(row)
  local entry = head(row)
  if type(row.price) ~= "table" then
    entry.image_price = row.price
    return entry
  end
  entry.context_length = row.context
  return add_prices(entry, row.price)
end

--- As in GET /v1/language-models.
function M.as_language_model(row)
  local entry = add_prices(head(row), row.price)
  entry.fingerprint, entry.version, entry.search_price = fingerprint(row.id), "1.0", 0
  entry.input_modalities, entry.output_modalities = { "text", "image" }, { "text" }
  return entry
end

--- As in GET /v1/image-generation-models.
function M.as_image_model(row)
  local entry = head(row)
  entry.fingerprint, entry.version = fingerprint(row.id), row.version
  entry.image_price, entry.max_prompt_length = row.price, 8000
  entry.input_modalities, entry.output_modalities = { "text", "image" }, { "image" }
  return entry
end

return M
