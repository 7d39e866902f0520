--- HTTP/2: many answers over one connection, and streams that are silent for a while.

local stages = require("spec.support.stage")
local xai = require("xai")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "What is Lua?" } }, stream = true }
local house

--- Start `count` streams at once and wait for all: what each came to.
local function all(count, options)
  local client, outcomes, over = house:new_client(options), {}, 0
  for i = 1, count do
    client:start("chat", HI, { on_done = function(result, message)
      outcomes[i] = result and #result.choices[1].message.content or message
      over = over + 1
    end })
  end
  while over < count do xai.step(1) end
  client:close()
  return outcomes
end

describe("over HTTP/2", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  local expected
  before_each(function() expected = all(1, {})[1] end)

  it("long answers come whole, many at once", function()
    local options = { http_version = "2", deadline = 30, headers = { ["x-fault"] = "big-event,300000" } }
    for _, outcome in ipairs(all(20, options)) do assert.equal(expected, outcome) end
  end)

  -- After a quarter of a second of silence libcurl is asked to look again.
  it("a stream whose words come slowly loses none", function()
    local options = { http_version = "2", deadline = 60 }
    for _, fault in ipairs { "late-head,600", "slow-words,280" } do
      options.headers = { ["x-fault"] = fault }
      for _, outcome in ipairs(all(3, options)) do assert.equal(expected, outcome) end
    end
  end)
end)
