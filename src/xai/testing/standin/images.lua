--- images.lua - POST /v1/images/generations, and GET of the pictures it made.

local errors = require("xai.testing.standin.errors")
local json = require("xai.testing.standin.json")
local ledger = require("xai.testing.standin.ledger")
local png = require("xai.testing.standin.png")

local M = {}

local given = json.given

local TICKS_PER_CENT = 100000000
local LONG_SIDE = 96

-- Base64 -------------------------------------------------------------------------------------

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function digit(n)
  return DIGITS:sub(n + 1, n + 1)
end

local function base64(bytes)
  local out, floor = {}, math.floor
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    out[#out + 1] = digit(floor(n / 262144)) .. digit(floor(n / 4096) % 64)
      .. (b and digit(floor(n / 64) % 64) or "=") .. (c and digit(n % 64) or "=")
  end
  return table.concat(out)
end

-- Pictures -----------------------------------------------------------------------------------

--- Two colours from a text: the same prompt always gets the same picture.
local function colours(text)
  local sum = 5381
  for i = 1, #text do sum = (sum * 33 + text:byte(i)) % 2 ^ 32 end
  local function next_colour()
    sum = (sum * 69069 + 12345) % 2 ^ 32
    return math.floor(sum / 65536) % 256
  end
  return { next_colour(), next_colour(), next_colour() }, { next_colour(), next_colour(), next_colour() }
end

local function size_of(aspect)
  local across, down = (aspect or "1:1"):match("^([%d.]+):([%d.]+)$")
  across, down = tonumber(across or 1), tonumber(down or 1)
  local scale = LONG_SIDE / math.max(across, down)
  return math.max(math.floor(across * scale), 8), math.max(math.floor(down * scale), 8)
end

local function draw(body, nth)
  local from, to = colours(body.prompt .. nth)
  local width, height = size_of(given(body.aspect_ratio))
  return png.gradient(width, height, from, to)
end

-- Endpoints ----------------------------------------------------------------------------------

-- The real pictures are on another host.  This machine has two names.
local HERE, ELSEWHERE = "127.0.0.1", "localhost"

local function keep(service, bytes)
  local name = service:new_id() .. ".png"
  service.pictures[name] = bytes
  return service.url:gsub("^(http://)127%.0%.0%.1:", "%1" .. ELSEWHERE .. ":") .. "/pictures/" .. name
end

local function stored_file(service, options, url)
  return {
    file_id = "file_" .. service:new_id(), filename = options.filename,
    public_url = given(options.public_url) and url or nil,
    expires_at = given(options.expires_after) and service:now() + options.expires_after or nil,
  }
end

local function item(service, body, nth)
  local bytes = draw(body, nth)
  local one = { mime_type = "image/png" }
  if given(body.response_format) == "b64_json" then
    one.b64_json = base64(bytes)
  else
    one.url = keep(service, bytes)
  end
  local options = given(body.storage_options)
  if options then one.file_output = stored_file(service, options, one.url or keep(service, bytes)) end
  return one
end

function M.create(service, request)
  local body, data = request.json, json.array()
  local n = given(body.n) or 1
  for nth = 1, n do data[nth] = item(service, body, nth) end
  local usage = { cost_in_usd_ticks = request.model.price * n * TICKS_PER_CENT }
  ledger.charge(request, usage)
  return errors.json(200, { data = data, usage = usage })
end

-- What no client should send to the host of the pictures.
local NOT_FOR_IT = { "authorization", "x-api-key", "x-client-request-id", "x-grok-conv-id" }

--- GET /pictures/{name}: needs no key, as the real addresses need none, and refuses one.
function M.picture(service, request)
  local is_here = (request.headers.host or ""):sub(1, #HERE) == HERE
  for _, name in ipairs(NOT_FOR_IT) do
    if request.headers[name] and not is_here then
      return errors.coded(400, "header-for-another-host", "The header " .. name .. " is not for this host.")
    end
  end
  local bytes = service.pictures[request.id]
  if not bytes then return errors.unknown_route() end
  return { status = 200, headers = { { "Content-Type", "image/png" } }, body = bytes }
end

return M
