--- xai.cqueues: says that a wait cannot end, outside of loops and where a coroutine of the loop blocks.

local function wait_in_circle()
  return xai.run(function()
    local a, b
    a = xai.spawn(function() return b:wait() end)
    b = xai.spawn(function() return a:wait() end)
    b:wait()
  end)
end
local function try()
  local ok, err = pcall(wait_in_circle)
  print(ok, tostring(err):find("this wait cannot end", 1, true) ~= nil)
end
try()
local loop = cqueues.new()
loop:wrap(function() table.sort({ 2, 1 }, function() try() end) end)
print(loop:loop())
