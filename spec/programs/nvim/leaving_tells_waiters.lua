--- Neovim: tells also those who wait for others, when Neovim leaves.

attach()
local function tells(name, f)
  return xai.spawn(function()
    pcall(f)
    print(name)
  end)
end
local first = tells("first", function() client:chat(question(), options "stall-before-head") end)
local second = tells("second", function() first:wait() end)
tells("third", function() second:wait() end)
pass(30)
