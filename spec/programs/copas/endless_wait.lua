--- xai.copas: says that a wait cannot end, outside of the loop and where a thread blocks.

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
copas.addthread(function() table.sort({ 2, 1 }, function() try() end) end)
run()
