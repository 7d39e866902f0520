--- xai.uv under luv: hands everything to `schedule`, once for each drain.

local scheduled, waiting, most, inside, outside = 0, 0, 0, false, 0
local function schedule(f)
  scheduled, waiting = scheduled + 1, waiting + 1
  most = math.max(most, waiting)
  after(5, function()
    waiting, inside = waiting - 1, true
    f()
    inside = false
  end)
end
require("xai.uv").attach { schedule = schedule }
local events = 0
for _ = 1, 5 do
  client:start("chat", question(true), { on_event = function()
    events = events + 1
    if not inside then outside = outside + 1 end
  end })
end
uv.run()
print(scheduled < events, events, most == 1, outside == 0)
