--- fault_forms.lua - how faults are written: the arguments that each takes, and what those may be.
--
-- A semicolon separates faults, a comma separates the arguments of one: `status,429;times,1`.

local h2 = require("xai.testing.standin.h2")

local M = {}

-- What an argument may be; `rest` takes all that is left, commas included.
local function matches(pattern)
  return function(text) return text:find(pattern) ~= nil end
end

local function one_of(...)
  local known = {}
  for _, word in ipairs { ... } do known[word] = true end
  return function(text) return known[text] == true end
end

local NUMBER = matches("^%d%d?%d?%d?%d?%d?%d?%d?%d?$") -- nine digits are enough for anybody

local KINDS = {
  STATUS = matches("^[2-9]%d%d$"),
  ["3XX"] = matches("^3%d%d$"),
  RETRY_AFTER = matches("^%d+%.?%d*$"),
  N = NUMBER, MS = NUMBER, EVENTS = NUMBER, BYTES = NUMBER,
  CODE = function(text) return h2.CODES[text] ~= nil or NUMBER(text) end,
  FORM = one_of("misfit", "broken", "prose", "cut", "refusal"),
  SHAPE = one_of("coded", "bare", "openai", "anthropic", "event"),
  FILENAME = matches("^[^,]+$"),
  NAME = matches("^[^,:%s]+$"),
  URL = matches("^%D"),
  TYPE = matches("^[%w+./%-]+$"),
  TEXT = matches(""), VALUE = matches(""),
}
local TAKES_REST = { URL = true, TEXT = true, VALUE = true }
local MAY_BE_EMPTY = { TEXT = true, VALUE = true }

-- The arguments of each fault that has some.  Those in brackets may be left out; one that has its
-- comma with it is known by what it is.
local FORMS = {
  ["status"] = { "STATUS", "[RETRY_AFTER]" },
  ["retry-after"] = { "TEXT" },
  ["soft-error"] = { "[TEXT]" },
  ["redirect"] = { "[3XX,]", "URL" },
  ["flaky"] = { "N" },
  ["times"] = { "N" },
  ["say"] = { "TEXT" },
  ["bytes"] = { "BYTES", "[TYPE]" },
  ["picture"] = { "BYTES" },
  ["structured"] = { "FORM", "[N]" },
  ["fixture"] = { "FILENAME" },
  ["header"] = { "NAME", "VALUE" },
  ["bad-chunk-size"] = { "[TEXT]" },
  ["bad-length"] = { "[TEXT]" },
  ["big-event"] = { "BYTES" },
  ["deep"] = { "[N]" },
  ["late-head"] = { "MS" },
  ["late-rest"] = { "[MS]" },
  ["stale"] = { "[MS]" },
  ["slow-words"] = { "MS" },
  ["split"] = { "N", "[MS]" },
  ["drip"] = { "[MS]" },
  ["error-midway"] = { "[SHAPE]" },
  ["error-first"] = { "[SHAPE]" },
  ["cut-stream"] = { "[EVENTS]" },
  ["truncated-chunked"] = { "[EVENTS]" },
  ["short-length"] = { "[EVENTS]" },
  ["endless"] = { "[EVENTS]" },
}

for _, what in ipairs { "reset", "close", "stall" } do
  for _, place in ipairs { "in-body", "in-stream" } do FORMS[what .. "-" .. place] = { "[EVENTS]" } end
end

for _, what in ipairs { "rst", "goaway" } do
  for _, place in ipairs { "before-head", "before-event" } do FORMS[what .. "-" .. place] = { "CODE" } end
  for _, place in ipairs { "in-body", "in-stream" } do FORMS[what .. "-" .. place] = { "CODE", "[EVENTS]" } end
end

local function form_of(name)
  return FORMS[name] or {}
end

--- The first argument of a text, and what follows its comma.
local function take(text, kind)
  local comma = not TAKES_REST[kind] and text:find(",", 1, true)
  if not comma then return text, nil end
  return text:sub(1, comma - 1), text:sub(comma + 1)
end

--- Are these the arguments of the fault `name`, which exists?  nil stands for none.
function M.fit(name, text)
  for _, slot in ipairs(form_of(name)) do
    local kind = slot:match("[%w_]+")
    local optional, value, rest = slot:find("^%[") ~= nil, nil, nil
    if text then value, rest = take(text, kind) end
    local absent = value == nil or value == "" and not MAY_BE_EMPTY[kind]
    local good = not absent and KINDS[kind](value)
    if not good and slot:find(",]", 1, true) then rest = text
    elseif not good and not (absent and optional) then return false end
    text = rest
  end
  return not text
end

--- How the fault `name` is written: "status,STATUS[,RETRY_AFTER]".
function M.usage(name)
  local parts = {}
  for i, slot in ipairs(form_of(name)) do
    local after_optional = i > 1 and form_of(name)[i - 1]:find(",]", 1, true)
    if slot:find("^%[.*[^,]%]$") then
      parts[i] = "[," .. slot:sub(2)
    else
      parts[i] = (after_optional and "" or ",") .. slot
    end
  end
  return name .. table.concat(parts)
end

return M
