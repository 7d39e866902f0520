--- xai.uv under luv: gives the loop its turns between the events of a fast stream.

attach()
local turns, events, seen = 0, 0, {}
local check = uv.new_check()
check:start(function() turns = turns + 1 end)
client:start("chat", question(true), {
  on_event = function()
    events = events + 1
    seen[turns] = true
    local till = core.now() + 0.003
    while core.now() < till do end
  end,
  on_done = function() check:close() end,
})
uv.run()
local different = 0
for _ in pairs(seen) do different = different + 1 end
print(different >= 3, events)
