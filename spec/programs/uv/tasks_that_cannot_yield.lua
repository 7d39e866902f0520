--- xai.uv under luv: serves hundreds of tasks that cannot yield where they wait.

attach()
local ended = 0
for _ = 1, 300 do
  xai.spawn(function()
    table.sort({ 1, 2 }, function(a, b) return client:get_model("grok-3").id and a < b end)
    ended = ended + 1
  end)
end
uv.run()
print(ended)
