--- A reload disturbs nothing, wherever it happens: the argument tells.

local count = 0

local function reload()
  count = count + 1
  drop "^xai"
  require "xai"
end

local PLACES = {}

PLACES["an event's callback"] = function()
  client:start("chat", question(true), { on_event = reload, on_done = function(result) print(result ~= nil) end })
  while xai.active() > 0 do xai.step(1) end
end

PLACES["a task, and in a hook"] = function()
  xai.run(function()
    local one = xai.new { on_request = reload, on_response = reload }
    print(xai.all { function() return one:get_model "grok-3" end, reload }[1] ~= nil)
  end)
end

PLACES["a key function, and on an error"] = function()
  xai.on_error = reload
  local one = xai.new { api_key = function() reload() return "xai-demo" end }
  one:start("get_model", "grok-3", { on_done = function() error "x" end }):wait()
  print(one:get_model "grok-3" ~= nil)
end

PLACES["a finalizer"] = function()
  local proxy = rawget(_G, "newproxy") and newproxy(true) -- luacheck: ignore 113
  if proxy then getmetatable(proxy).__gc = reload else setmetatable({}, { __gc = reload }) end
  proxy = nil -- luacheck: ignore
  collectgarbage()
  print(client:get_model "grok-3" ~= nil)
end

PLACES[...]()
print(count > 0 and "reloaded")
print(require "xai".new():get_model "grok-3" and "answer")
