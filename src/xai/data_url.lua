--- xai.data_url: a file, or bytes, as the address that requests take in place of one.

local core = require "xai.core"

local error, pairs, tostring, type = error, pairs, tostring, type
local string_find, string_format, string_gsub = string.find, string.format, string.gsub
local io = io -- may be nil: sandboxes lack it

local TYPES = "png, jpeg, webp, gif, pdf"

-- The fields of the table, and what each must be.
local FIELDS = { bytes = "string", type = "string" }

--- The bytes of a file; or nil and why it cannot be read.
local function read(path)
  if not io then return nil, "this Lua has no library 'io'" end
  if string_find(path, "\0", 1, true) then return nil, "the path has a NUL byte in it" end
  local file, problem = io.open(path, "rb")
  if not file then return nil, (string_gsub(problem, "^.*: ", "", 1)) end
  local bytes, reason = file:read "*a"
  file:close()
  return bytes, reason or "it gives no bytes"
end

--- What is wrong with the name of a field.
local function unknown(name)
  local meant = type(name) == "string" and core.nearest(name, FIELDS)
  return "unknown field '" .. tostring(name) .. "'" .. (meant and " (did you mean '" .. meant .. "'?)" or "")
end

--- What is wrong with the table, or nil.
local function problem_of(given)
  for name, value in pairs(given) do
    if not FIELDS[name] then return unknown(name) end
    if type(value) ~= FIELDS[name] then
      return string_format("'%s' must be a %s, got %s", name, FIELDS[name], type(value))
    end
  end
  if not given.bytes then return "'bytes' is missing" end
  if given.type and not string_find(given.type, "^[%w.+-]+/[%w.+-]+$") then
    return string_format("'type' must be one like \"image/png\", got '%s'", given.type)
  end
end

--- The bytes of what was given, their type where it is known, and the words for them; or
-- nil and what is wrong.
local function open(given)
  if type(given) == "string" then
    local bytes, reason = read(given)
    if bytes then return bytes, nil, "'" .. given .. "' is" end
    return nil, "cannot read '" .. given .. "': " .. reason
  end
  if type(given) ~= "table" then return nil, "expected a path or a table with 'bytes', got " .. type(given) end
  local problem = problem_of(given)
  if problem then return nil, problem end
  return given.bytes, given.type, "the bytes are"
end

--- "data:image/png;base64,..." of a file, or of `{ bytes = , type = }`.  The type is told
-- from the bytes where it is not given.
-- @param given the file's path, or the table
-- @raise where the file cannot be read (naming its path and the reason), where it is
--   empty, and where its type cannot be told
return function(given)
  local bytes, kind, they_are = open(given)
  if not bytes then error("xai.data_url: " .. kind, 2) end
  if bytes == "" then error("xai.data_url: " .. they_are .. " empty", 2) end
  kind = kind or core.media_type(bytes)
  if kind then return "data:" .. kind .. ";base64," .. core.base64(bytes) end
  error("xai.data_url: " .. they_are .. " none of " .. TYPES
    .. "; give the type: xai.data_url{ bytes = , type = }", 2)
end
