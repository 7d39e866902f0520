--- odd_arguments.lua - call every C function that Lua can reach with arguments that nobody gives.
--
-- Run by defects_spec.lua as a program of its own: all that matters is that it comes to its
-- end.  It prints how many functions there were.

local core = require "xai.core"
local xai = require "xai"
local scripted = require "spec.support.scripted"

local EVENTS = { ["Content-Type"] = "text/event-stream" }
local CHUNK = 'data: {"id":"a","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
local WORDS = CHUNK:format("Hel") .. CHUNK:format("lo") .. "data: [DONE]\n\n"

local server = scripted.start {
  scripted.answer(200, EVENTS, WORDS), scripted.answer(200, EVENTS, WORDS),
  scripted.answer(200, {}, '{"choices":[]}'), scripted.answer(404, {}, '{"error":"w"}'), scripted.stall,
}

local client = xai.new { api_key = "k", base_url = server.url, max_retries = 0 }
local closed = xai.new { api_key = "k", base_url = server.url }
closed:close()

local function finish(call)
  while not call:done() do
    require("luv").run("nowait")
    xai.step(0.002)
  end
  return call
end

-- Objects of each kind, in each state: fresh, under way, done, failed.
local HI = { model = "m", messages = {}, stream = true }
local seen = {}
local calls = {
  finish(client:start("chat", HI)), finish(client:start("chat", HI, { on_event = function() end })),
  finish(client:start("chat", { model = "m" })), finish(client:start("list_models")), client:start("list_models"),
}
local _, _, info = calls[1]:result()
local _, _, failure = calls[4]:result()
local codec = core.codec(require "cjson")

--- All userdata and tables within a value, and their metatables.
local function gather(value, depth)
  if seen[value] or depth > 6 then return end
  if type(value) == "userdata" then seen[value] = true end
  local meta = type(value) ~= "string" and getmetatable(value)
  if type(meta) == "table" then gather(meta, depth + 1) end
  if type(value) ~= "table" then return end
  seen[value] = true
  for _, member in pairs(value) do gather(member, depth + 1) end
end

for _, value in ipairs { client, closed, info, failure, codec, xai.array {} } do gather(value, 0) end
for _, call in ipairs(calls) do gather(call, 0) end

local functions, known = {}, {}
local function add(f, name)
  if type(f) ~= "function" or known[f] or debug.getinfo(f, "S").what ~= "C" then return end
  known[f] = true
  functions[#functions + 1] = { f, name }
end

-- That which ends everything comes last; the standard library is not ours.
for _, library in ipairs { _G, string, table, math, os, io, coroutine, debug, package } do
  for _, f in pairs(library) do
    if type(f) == "function" then known[f] = true end
  end
end
known[core.close] = true

local objects = { client, closed, info, failure, codec }
for value in pairs(seen) do
  if type(value) == "userdata" then objects[#objects + 1] = value end
  local meta = type(value) == "userdata" and getmetatable(value)
  if type(meta) == "table" and (tostring(meta.__name or ""):find("^xai") or meta == getmetatable(client)
    or meta.read_log or meta.close) then
    for name, f in pairs(meta) do add(f, tostring(name)) end
    if type(meta.__index) == "table" then
      for name, f in pairs(meta.__index) do add(f, tostring(name)) end
    end
  end
end
for _, object in ipairs { info, failure } do
  for name, f in pairs(getmetatable(object)) do add(f, tostring(name)) end
end
for _, value in ipairs { codec } do
  for name, f in pairs(getmetatable(value)) do add(f, tostring(name)) end
end
for name, f in pairs(core) do add(f, name) end

local trap = setmetatable({}, { __index = function() error "trap" end, __len = function() error "trap" end,
  __tostring = function() return "t" end, __gc = function() end })
local lazy = setmetatable({}, { __index = function(_, name) return name == "path" and "/" .. ("x"):rep(99) or nil end })

-- No number here lets a function wait for long.
local ODD = {
  nil, false, true, 0, 1, -1, 2.5, 1e-300, -1e308, 0 / 0, -1 / 0, 2 ^ 31, 2 ^ 53, -2 ^ 63, 24, 40, 1e15,
  "", "a", "chat", "request", "headers", "\0", ("x"):rep(70000), "[1,2", '{"a":[0.5]}', "/v1/x",
  {}, { 1, 2, nil, 4 }, trap, lazy, { head = "HTTP/1.1 200\r\na: b\r\nc" }, { head = {} },
  { encode = print, decode = print },
  { encode = function() return 1 end, decode = function() return trap end, new = function() return {} end },
  print, coroutine.create(function() end), io.stdout, xai.null, xai.array {}, { path = "/x", query = { a = 1 } },
}
local COUNT = 41

local state = 12345
local function random(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return math.floor(state / 65536) % n + 1
end

local function odd()
  if random(3) == 1 then return objects[random(#objects)] end
  return ODD[random(COUNT)]
end

-- Waiting functions are given no time: the rest of the program is to come.
local WAITS = { await = true, step = true }

local function try(f, name)
  if name == "step" then return pcall(f, random(2) == 1 and 0 or 0 / 0, odd()) end
  if name == "await" then return pcall(f, odd(), random(2) == 1 and -1 or 0 / 0) end
  local n = random(5) - 1
  if n == 0 then return pcall(f) end
  if n == 1 then return pcall(f, odd()) end
  if n == 2 then return pcall(f, odd(), odd()) end
  if n == 3 then return pcall(f, odd(), odd(), odd()) end
  return pcall(f, odd(), odd(), odd(), odd())
end

--- The object goes first, as a colon gives it, and the second is odd.
local function try_methods(f)
  for _, object in ipairs(objects) do
    for i = 1, COUNT do pcall(f, object, ODD[i]) end
  end
end

-- What releases an object comes behind what uses it.
table.sort(functions, function(a, b)
  local rank = { release = 2, __gc = 2, close = 1, __close = 1 }
  local x, y = rank[a[2]] or 0, rank[b[2]] or 0
  if x ~= y then return x < y end
  return a[2] < b[2]
end)

for _, row in ipairs(functions) do
  if not WAITS[row[2]] then try_methods(row[1]) end
end
for _ = 1, 200 do
  for _, row in ipairs(functions) do try(row[1], row[2]) end
end
collectgarbage()
pcall(core.close, trap)
for _ = 1, 20 do
  for _, row in ipairs(functions) do try(row[1], row[2]) end
end
collectgarbage()
server.close()
print(#functions > 40 and "all called" or "only " .. #functions)
os.exit(0)
