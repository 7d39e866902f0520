--- Helpers that are under way when the library is reloaded end well, and those of the library as loaded anew begin.

local loop = LOOPS[...]()
local path = os.tmpname()
local limiter, budget = xai.limiter { requests_per_minute = 600, at_once = 1 }, xai.budget { calls = 50 }

local function ticket()
  local body = question()
  body.deferred = true
  return assert(client:chat(body)).request_id
end

-- What each is to come to, as a word.
local WORK = {
  function()
    return xai.bulk({ 1, 2, 3 }, function() return client:chat(question(), options "late-head,40") end,
      { at_once = 2, limiter = limiter, budget = budget }).done
  end,
  function() return xai.text((client:wait("get_deferred", ticket(), { every = 0.05 }))) == TEXT end,
  function() return (client:list_models(options("bytes,300000;late-head,100", { file = path }))) == path end,
  function()
    local body = { model = "grok-imagine-image", prompt = "A cat" }
    local made = client:generate_image(body, options("late-head,60", { save = path .. "-cat" })).data[1].path
    return os.remove(made) and made == path .. "-cat.png"
  end,
  function()
    local fallback = { { model = "grok-4.5" } }
    local body = { model = "grok-9", messages = question().messages }
    local _, _, info = client:chat(body, options("late-head,60", { fallback = fallback, budget = budget }))
    return info.fallback
  end,
  function() return client:each("list_models", options "late-head,60"):next() ~= nil end,
  function()
    local stream = assert(client:request({ path = "/v1/models", stream = true }, options "bytes,300000;late-head,60"))
    local size, piece = 0, stream:next_chunk()
    while piece do
      size, piece = size + #piece, stream:next_chunk()
    end
    return size
  end,
}

loop.again()
local results, over = {}, 0
for i, work in ipairs(WORK) do
  xai.spawn(function()
    results[i] = tostring(work())
    over = over + 1
  end)
end
xai.spawn(function()
  xai.sleep(0.02)
  drop "^xai"
  loop.again()
  local now = require "xai"
  print(over < #WORK, now.bulk({ 1 }, function() return (new_client():get_model "grok-3") end).done)
end)
loop.wait(function() return over == #WORK end)
os.remove(path)
print(table.concat(results, " "), budget.spent.calls, limiter)
