--- The options of xai.bulk: what each must be, and which go together.

local core = require "xai.core"
local items = require "xai.bulk.items"
local loop = require "xai.runtime.loop"

local getmetatable, ipairs, pairs, rawget, tostring, type = getmetatable, ipairs, pairs, rawget, tostring, type
local string_format = string.format

local function is_count(value) return type(value) == "number" and value >= 1 and value % 1 == 0 end
local function is_string(value) return type(value) == "string" end
local function is_boolean(value) return type(value) == "boolean" end

--- Is it what the function of that name gives?
local function is_made_by(name, value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") == name
end

local function is_limiter(value) return is_made_by("xai.limiter", value) end

--- A budget, or a list of them.
local function is_budgets(value)
  if is_made_by("xai.budget", value) then return true end
  if type(value) ~= "table" or value[1] == nil then return false end
  for _, one in ipairs(value) do
    if not is_made_by("xai.budget", one) then return false end
  end
  return true
end

local COUNT, FUNCTION = { "a whole number from 1", is_count }, { "a function", items.is_callable }

local function is_client(value) return type(value) == "userdata" or type(value) == "table" end
local function is_seconds(value) return type(value) == "number" and value > 0 and value <= 1e9 end

local OPTIONS = {
  at_once = COUNT, stop_after = COUNT, total = COUNT,
  file = { "a path", is_string }, progress = { "a boolean", is_boolean },
  key = FUNCTION, on_done = FUNCTION,
  batch = { "a boolean", is_boolean }, client = { "a client", is_client }, read = FUNCTION,
  every = { "a number of seconds above 0", is_seconds },
  budget = { "what xai.budget gives", is_budgets }, limiter = { "what xai.limiter gives", is_limiter },
}

-- Options that go with batches alone, and those that do not go with them.
local OF_BATCHES, NOT_OF_BATCHES = { "client", "read", "every" }, { "at_once", "budget", "limiter" }

--- What is wrong with options that are right by themselves, or nil.
local function problem_of_batch(opts)
  for _, name in ipairs(opts.batch and NOT_OF_BATCHES or OF_BATCHES) do
    if opts[name] ~= nil then
      return string_format("option '%s' %s batch = true", name, opts.batch and "has no use with" or "needs")
    end
  end
  if opts.batch and not opts.file then return "batch = true needs a file, from which the job goes on" end
end

--- What is wrong with the options, or nil.
return function(opts)
  if type(opts) ~= "table" then return "options must be a table, got " .. type(opts) end
  for name, value in pairs(opts) do
    local must = OPTIONS[name]
    if not must then
      local near = type(name) == "string" and core.nearest(name, OPTIONS)
      return string_format("unknown option '%s'%s", loop.describe(name),
        near and " (did you mean '" .. near .. "'?)" or "")
    end
    if not must[2](value) then
      return string_format("option '%s' must be %s, got %s", name, must[1],
        type(value) == "number" and tostring(value) or type(value))
    end
  end
  return problem_of_batch(opts)
end
