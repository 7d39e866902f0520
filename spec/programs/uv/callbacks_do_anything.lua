--- xai.uv under luv: lets callbacks start, cancel and close anything, and detach.

local handle = attach()
local kinds, others, called = {}, 0, false
local mine = xai.new { max_retries = 0 }
local function note(i) return function(_, _, info) kinds[i] = info.kind end end
local second = client:start("chat", question(true), options("endless,3", { on_done = note(2) }))
mine:start("chat", question(), options("stall-before-head", { on_done = note(3) }))
mine:start("chat", question(true), options("endless,3", {
  on_event = function()
    if called then return end
    called = true
    client:start("get_model", "grok-3", { on_done = function() others = others + 1 end })
    second:cancel()
    mine:close()
  end,
  on_done = note(1),
}))
uv.run()
client:start("get_model", "grok-3", { on_done = function()
  handle:detach()
  handle = require("xai.uv").attach()
  client:start("get_model", "grok-3", { on_done = function() others = others + 1 end })
end })
uv.run()
print(kinds[1], kinds[2], kinds[3], others)
