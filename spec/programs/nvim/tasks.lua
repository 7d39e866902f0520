--- Neovim: runs tasks and sleeps.

attach()
print(unpack(xai.run(function()
  return xai.map({ 1, 2, 3 }, function(n)
    assert(client:get_model("grok-3"))
    xai.sleep(0.01 * (4 - n))
    return n
  end)
end)))
local slept
xai.spawn(function() xai.sleep(0.02) slept = true end)
print((vim.wait(5000, function() return slept end)))
