--- xai.uv under luv: runs tasks, sleeps and started calls.

attach()
print(xai.run(function()
  local results = xai.map({ 1, 2, 3 }, function(n)
    assert(client:get_model("grok-3"))
    xai.sleep(0.01 * (4 - n))
    return n
  end)
  return (table.unpack or unpack)(results)
end))
local order = {}
for _, ms in ipairs { 60, 30 } do
  xai.spawn(function()
    xai.sleep(ms / 1000)
    order[#order + 1] = ms
  end)
end
uv.run()
print("first", order[1])
local task = xai.spawn(function() xai.sleep(60) end)
after(10, function() task:cancel() end)
uv.run()
print "later"
