--- client:each(name, ...): iterate over a list that comes in pages.

local core = require "xai.core"

local lazy_require = require("xai.runtime.environment").lazy_require

local error, ipairs, next, pairs, pcall, rawget, setmetatable, tostring, type =
  error, ipairs, next, pairs, pcall, rawget, setmetatable, tostring, type
local math_max = math.max
local string_find, string_sub = string.find, string.sub

local WHAT = "client:each"

-- Lists ------------------------------------------------------------------------------

-- The fields in which lists come, the likeliest first.
local FIELDS = { "data", "batches", "batch_request_metadata", "results", "models", "items" }

-- name of a function that gives a list -> its row; and `request`, for any other list.
local lists = { request = { name = "request", body = true } }
for _, row in ipairs(core.endpoints()) do
  if string_find(row.name, "^list_") then lists[row.name] = row end
end

--- A text that is there; nil for an empty one and for the nulls of JSON libraries.
local function words(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The entries of a page; an empty list where the page has none.
local function entries_of(page)
  if #page > 0 then return page end -- the page is a list itself
  for _, field in ipairs(FIELDS) do
    if type(page[field]) == "table" then return page[field] end
  end
  local found
  for _, value in next, page do
    if type(value) == "table" and (found == nil or #value > #found) then found = value end
  end
  return found or {}
end

--- What the next page is asked for by: name and value of a parameter; nil where there is none.
local function cursor_of(page)
  local token = words(page.pagination_token)
  if token then return "pagination_token", token end
  if page.has_more == true then
    local last = words(page.last_id)
    if last then return "after", last end
  end
end

-- Arguments --------------------------------------------------------------------------

local function copy_of(t)
  local copy = {}
  for key, value in next, t do copy[key] = value end
  return copy
end

local function wrong_name(name)
  if type(name) ~= "string" then
    local hint = type(name) == "table" and " (call it with a colon)" or ""
    return "the name of a function must come first, got " .. type(name) .. hint
  end
  local meant = core.nearest(name, lists)
  return "'" .. name .. "' gives no list" .. (meant and "; did you mean '" .. meant .. "'?" or "")
end

local function wrong_query(query)
  if type(query) ~= "table" then return "the query must be a table, got " .. type(query) end
  for key, value in next, query do
    if type(key) ~= "string" or type(value) ~= "string" and type(value) ~= "number" then
      return "query must map strings to strings or numbers"
    end
  end
end

-- Options of a call that have no use where there are many.
local NOT_HERE = {
  on_event = "is for streams", on_part = "is for streams", raw = "is for streams", file = "is for a single answer",
  on_done = "is one of client:start",
}

local function wrong_options(opts)
  if type(opts) ~= "table" then return "options must be a table, got " .. type(opts) end
  for name, why in pairs(NOT_HERE) do
    if opts[name] then return "option '" .. name .. "' " .. why end
  end
end

--- The id, the query or the request, and the options, in the order of the function's
-- arguments; or nil and what is wrong.
local function read_arguments(row, ...)
  local first, second, third = ...
  if row.id then
    if type(first) ~= "string" then return nil, row.id .. " must be a string, got " .. type(first) end
    return { id = first, query = second, opts = third }
  end
  if row.name == "request" then
    if type(first) ~= "table" then return nil, "request needs a table, got " .. type(first) end
    if first.stream then return nil, "request: a stream is no list" end
    return { request = first, query = first.query, opts = second }
  end
  if row.query then return { query = first, opts = second } end
  if first == nil then first = second end
  return { opts = first }
end

-- Pages ------------------------------------------------------------------------------

local Pages = {}
Pages.__index = Pages

local MAX_EMPTY = 3 -- pages in a row that may be empty and yet name another one

--- Start the request for the page of `pages.query`.  Raises for misuse, at `level`.
local function start(pages, level)
  local row, opts = pages.row, pages.opts
  if pages.seconds then
    if not pages.ends then pages.ends = core.now() + pages.seconds end
    opts.deadline = math_max(pages.ends - core.now(), 0.001)
  end
  local argument, input = pages.id, pages.query
  if pages.request then
    argument, input = copy_of(pages.request), nil
    argument.query = pages.query
  elseif not row.id then
    argument, input = row.query and input or nil, nil
  end
  local ok, request = pcall(core.start, pages.client, row.name, argument, opts, "each", input)
  if ok then return request end
  local at = type(request) == "string" and string_find(request, WHAT .. ":", 1, true)
  error(at and string_sub(request, at) or request, at and level or 0)
end

local function finish(pages, message, info)
  pages.over, pages.list = true, nil
  pages.message, pages.failure = message, info
end

--- Take a page: its entries, and what the next one is asked for by.
local function take(pages, page, info)
  if type(page) ~= "table" then page = {} end
  pages.facts, pages.list, pages.at = info, entries_of(page), 0
  pages.empty = #pages.list == 0 and pages.empty + 1 or 0
  local name, value = cursor_of(page)
  -- A cursor that came before leads round in a circle.
  pages.is_last = name == nil or pages.seen[value] or pages.empty > MAX_EMPTY
  if pages.is_last then return end
  pages.seen[value] = true
  pages.following = copy_of(pages.query)
  pages.following[name] = value
end

--- Read the next page, if there is one.  Raises for misuse, at `level`.
local function turn(pages, level)
  if pages.is_last then return finish(pages) end
  if pages.busy and not pages.busy:done() then
    error("pages:next: another task is waiting for the next page", level)
  end
  if pages.following then pages.query, pages.following = pages.following, nil end
  local request = start(pages, level + 1)
  pages.busy = request
  local page, message, info = pages.complete(pages.client, request, pages.row.name, false, pages.opts)
  if pages.busy ~= request then return nil end -- another task has asked for the page meanwhile
  pages.busy = nil
  if page == nil then return finish(pages, message, info) end
  return take(pages, page, info)
end

--- The next entry, see Pages:next.  Raises for misuse, at `level`.
local function next_entry(pages, level)
  while not pages.over do
    local list, at = pages.list, pages.at + 1
    if list and at <= #list then
      pages.at = at
      return list[at]
    end
    turn(pages, level + 1)
  end
  return nil, pages.message, pages.failure
end

--- The next entry.  nil at the end; nil, message, info when a page could not be read.
function Pages:next()
  local entry, message, info = next_entry(self, 3)
  return entry, message, info
end

--- The same for a `for` loop: raises the error object when a page could not be read.
function Pages:__call()
  local entry, _, info = next_entry(self, 3)
  if entry == nil and info then error(info, 0) end
  return entry
end

--- The facts about the last page: status, headers and so on; nil before the first.
function Pages:info()
  return self.failure or self.facts
end

function Pages:__tostring()
  return "xai.pages (" .. tostring(self.row.name) .. (self.over and ", over" or "") .. ")"
end

-- Fields that pages may not have yet.
local MAY_LACK = {
  message = true, failure = true, facts = true, list = true, following = true, ends = true, seconds = true,
  id = true, request = true, busy = true,
}

setmetatable(Pages, {
  __index = function(_, name)
    if not MAY_LACK[name] then lazy_require "xai.runtime.unknown_name"("pages", name, Pages) end
  end,
})

--- Make the method of `complete`, see client.lua.
return function(complete)
  --- See types.lua.
  -- @param name a function that gives a list, or "request" for any other list
  -- @param ... the arguments of that function: an id, a query, options
  -- @return an iterator over the entries, which reads a page when it needs one
  return function(client, name, ...)
    local row = type(name) == "string" and rawget(lists, name)
    if not row then error(WHAT .. ": " .. wrong_name(name), 2) end
    local pages, problem = read_arguments(row, ...)
    if pages and pages.query ~= nil then problem = wrong_query(pages.query) end
    if pages and not problem and pages.opts ~= nil then problem = wrong_options(pages.opts) end
    if problem then error(WHAT .. ": " .. problem, 2) end
    if pages.opts then core.check_options(WHAT, pages.opts, {}) end
    local opts = copy_of(pages.opts or {})
    local seconds = opts.deadline or core.deadline(client)
    pages.client, pages.complete, pages.row, pages.opts = client, complete, row, opts
    pages.seconds = seconds ~= 0 and seconds or nil
    pages.query, pages.seen = copy_of(pages.query or {}), {}
    for _, cursor in ipairs { "pagination_token", "after" } do
      if pages.query[cursor] ~= nil then pages.seen[pages.query[cursor]] = true end
    end
    pages.over, pages.is_last, pages.at, pages.empty = false, false, 0, 0
    return setmetatable(pages, Pages)
  end
end
