--- The items of a bulk job, one after the other, asked for by several tasks.

local loop = require "xai.runtime.loop"
local wait = require "xai.runtime.wait"

local getmetatable, pairs, rawget, type = getmetatable, pairs, rawget, type
local math_max = math.max
local string_format = string.format

local items = {}

local function is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end
items.is_callable = is_callable

--- What is wrong with a list, or nil.  Lists with holes have no certain length.
local function problem_of(list)
  if getmetatable(list) ~= nil then return nil end -- its items may be elsewhere
  local count, last = 0, 0
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
      return string_format("expected a list, got a table with the key '%s'", loop.describe(key))
    end
    count, last = count + 1, math_max(last, key)
  end
  if count == last then return nil end
  local hole = 1
  while rawget(list, hole) ~= nil do hole = hole + 1 end
  return string_format("item %d must be there, got nil", hole)
end

local function of_list(list)
  local last, count = 0, #list
  return function()
    if last >= count then return nil end
    last = last + 1
    return list[last], last
  end, count
end

local turns = {
  add = function(turn, waiter) return turn.waiters:add(waiter) end,
  remove = function(turn, ticket) turn.waiters:remove(ticket) end,
}

local function is_over(turn) return turn.over end

--- Of an iterator, which may wait: one task at a time asks it.
local function of_iterator(iterator)
  local last, asked, ended = 0, nil, false
  local function release()
    local turn = asked
    asked = nil
    if not turn then return end
    turn.over = true
    turn.waiters:wake()
  end
  local function next_item()
    while asked do wait.until_ready(turns, asked, is_over, asked) end
    if ended then return nil end
    asked, ended = { waiters = loop.new_waiters(), over = false }, true
    local item = iterator() -- an error is its end
    last, ended = last + 1, item == nil
    release()
    return item, last
  end
  return next_item, nil, release
end

--- The items of a list or an iterator.
-- @return a function that gives the next item and its index, nil at the end; it may wait
-- @return how many they are, or nil
-- @return a function to be called when the first has raised; or nil.  Or nil and what is
--   wrong
function items.of(source)
  if is_callable(source) then return of_iterator(source) end
  if type(source) ~= "table" then return nil, "expected a list or an iterator, got " .. type(source) end
  local problem = problem_of(source)
  if problem then return nil, problem end
  return of_list(source)
end

return items
