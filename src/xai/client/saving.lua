--- Files of answers: downloads that follow redirects, and the pictures of an answer.
--
-- A download may take several requests.  `ask(request, opts)` waits for the outcome of one
-- in the way of the call: blocking, in a task, or for client:start.

local core = require "xai.core"

local error, ipairs, pairs, pcall, tostring, type = error, ipairs, pairs, pcall, tostring, type
local coroutine_create, coroutine_resume, coroutine_yield = coroutine.create, coroutine.resume, coroutine.yield
local string_match = string.match

local saving = {}

--- nil, message, info of a failure without a call.
function saving.failure(kind, message, code)
  local info = core.failure(kind, message)
  info.retryable, info.billed, info.code = false, "no", code
  return nil, tostring(info), info
end

-- Downloads -------------------------------------------------------------------------

local MOST_REDIRECTS = 10

-- Options that say who asks.  They are not for another server.
local IDENTITY = { headers = true, api_key = true, user_agent = true }

local function copy_without(options, left_out)
  local copy = {}
  for name, value in pairs(options) do
    if not left_out[name] then copy[name] = value end
  end
  return copy
end

--- The options of a download to `path`.
-- @return a copy; or nil and what is wrong with them
function saving.options(path, opts)
  if type(path) ~= "string" then return nil, "the path must be a string, got " .. type(path) end
  if opts ~= nil and type(opts) ~= "table" then return nil, "options must be a table, got " .. type(opts) end
  local copy = copy_without(opts or {}, {})
  if copy.file ~= nil then return nil, "option 'file' is there in the path already" end
  copy.file = path
  return copy
end

--- Where a redirect leads: the address, and whether it has the same origin; or nil.
local function next_address(url, info)
  local location = info.headers and info.headers.location
  if not location or location == "" then return nil end
  return core.resolve(url, location)
end

--- Wait for a download and follow its redirects.  Once the address is of another server
-- than the client's, no request has the key or a header of the client any more.
-- @param request that for `url`, which has begun
-- @param own what core.start takes for downloads
-- @param as the function that begins more of them, as core.start takes it
-- @return the file's path, nil, info; or nil, message, info
function saving.download(client, request, url, opts, own, as, ask)
  local began, limit = core.now(), opts.deadline or core.deadline(client)
  local has_left = own.left
  for _ = 1, MOST_REDIRECTS do
    local path, message, info = ask(request, opts)
    if path ~= nil or info.kind ~= "redirect" then return path, message, info end
    local to, is_same = next_address(url, info)
    local left = limit and limit > 0 and limit - (core.now() - began)
    if not to or left and left <= 0 then return nil, message, info end
    if not is_same then
      has_left = true
      opts = copy_without(opts, IDENTITY)
    end
    if left then
      opts = copy_without(opts, {})
      opts.deadline = left
    end
    url = to
    request = core.start(client, "download", url, opts, as, { left = has_left, adds = own.adds })
  end
  return ask(request, opts)
end

-- What a call's options say of the download of its pictures, too.
local SHARED = {
  "timeout", "connect_timeout", "idle_timeout", "max_retries", "proxy", "no_proxy", "ca_file", "ca_path", "insecure",
  "allow_http", "http_version", "on_request", "on_response", "on_retry", "debug",
}

--- Fetch a picture whose address is in an answer.
-- @return the path, nil, info; or nil, message, info, also where the address is none
function saving.fetch(client, url, path, opts, as, ask)
  local own = { adds = true }
  local options = {}
  for _, name in ipairs(SHARED) do options[name] = opts and opts[name] end
  options.deadline, options.on_progress, options.file = opts and opts.deadline, opts and opts.on_progress, path
  local ok, request = pcall(core.start, client, "download", url, options, as, own)
  if not ok then
    if not own.problem then error(request, 0) end
    return saving.failure("api", "the service has sent a picture that cannot be fetched: " .. own.problem)
  end
  return saving.download(client, request, url, options, own, as, ask)
end

-- Pictures --------------------------------------------------------------------------

local function words(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The base64 text in a "data:" address, or nil.
local function text_of_address(url)
  return url and string_match(url, "^[Dd][Aa][Tt][Aa]:[^,]*;[Bb][Aa][Ss][Ee]64,(.*)$")
end

--- What has the bytes of a picture: its base64 text, or nil and its address, or nothing.
function saving.source(image)
  local source = type(image.source) == "table" and image.source or {}
  local address = image.image_url
  if type(address) == "table" then address = address.url end
  local text = words(image.b64_json) or words(image.result) or words(source.data)
  local url = words(image.url) or words(address) or words(source.url)
  text = text_of_address(text) or text or text_of_address(url)
  return text, url
end

--- Write the picture in a base64 text.
-- @return the path, or nil, message, info
function saving.write(text, path)
  local written, problem, is_text = core.write_base64(text, path, true)
  if written then return written end
  if is_text then return saving.failure("decode", "the picture is no base64: " .. problem) end
  return saving.failure("limit", problem, "file")
end

--- `path` with the number of a picture: "a/cat.png", 2 -> "a/cat-2.png".
local function numbered(path, n)
  local base, extension = string_match(path, "^(.*[^/])(%.[^./]+)$")
  if not base then return path .. "-" .. n end
  return base .. "-" .. n .. extension
end

--- Give the pictures of an answer their names.  Those that came as base64 are in files.
-- @return true where a picture is saved or can be fetched; or nil, message, info
local function name_pictures(request, entries, name_of)
  local any = false
  for i, entry in ipairs(entries) do
    local picture = entry.b64_json
    local path, problem, info
    if type(picture) == "number" then
      path, problem = request:name_picture(picture, name_of(i))
      if problem then return request:fail_file(problem) end
    elseif words(picture) then -- its name was written in an odd way
      path, problem, info = saving.write(picture, name_of(i))
      if problem then return nil, problem, info end
    end
    if path then entry.b64_json, entry.path = nil, path end
    any = any or path ~= nil or words(entry.url) ~= nil
  end
  return any
end

local function is_withheld(entries)
  for _, entry in ipairs(entries) do
    if entry.respect_moderation == false then return true end
  end
  return false
end

--- The entries of an answer that are tables.
local function entries_of(result)
  local list = {}
  for _, entry in ipairs(type(result) == "table" and type(result.data) == "table" and result.data or {}) do
    if type(entry) == "table" then list[#list + 1] = entry end
  end
  return list
end

local WITHHELD = "the picture was withheld by moderation"

--- What a call with the option `save` returns: the answer, whose pictures are in files.
-- @param request whose outcome is result, message, info
function saving.finish(client, request, opts, as, ask, result, message, info)
  if result == nil then return nil, message, info end
  local entries = entries_of(result)
  local function name_of(i) return #entries > 1 and numbered(opts.save, i) or opts.save end
  local any, problem, failure = name_pictures(request, entries, name_of)
  request:rest()
  for i, entry in ipairs(entries) do
    local url = any and not entry.path and words(entry.url)
    if url and not problem then
      local path
      path, problem, failure = saving.fetch(client, url, name_of(i), opts, as, ask)
      entry.path = path
    end
  end
  if not problem and not any and is_withheld(entries) then
    failure = core.failure("permission", WITHHELD)
    for name, value in pairs(info) do failure[name] = value end
    failure.request_id, failure.retryable, failure.billed = info.request_id, false, "maybe"
    problem = tostring(failure)
  end
  if not problem then return result, nil, info end
  failure.result = result
  return nil, problem, failure
end

saving.WITHHELD = WITHHELD

-- client:start ------------------------------------------------------------------------

--- What follows an outcome of a call of client:start: a function that takes it, and
-- returns another request, whose outcome it takes next, or nil and the call's outcome.
-- @param url of a download; nil for a call with the option `save`
function saving.sequel(client, request, url, opts)
  local first, thread
  local function ask(next_request)
    if first then
      local outcome = first
      first = nil
      return outcome[1], outcome[2], outcome[3]
    end
    return coroutine_yield(next_request)
  end
  thread = coroutine_create(function(result, message, info)
    if not url then
      return nil, saving.finish(client, request, opts, "start", coroutine_yield, result, message, info)
    end
    first = { result, message, info }
    return nil, saving.download(client, request, url, opts, {}, "start", ask)
  end)
  return function(...)
    local ok, next_request, result, message, info = coroutine_resume(thread, ...)
    if not ok then error(next_request, 0) end
    return next_request, result, message, info
  end
end

return saving
