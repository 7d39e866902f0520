--- The example plugin: a window has its own bar back after the answer, or when it shows another buffer.

-- 'winbar' came with Neovim 0.8; 'statusline' stands in for it, which is just as local.
local has, api = vim.fn.has, vim.api
local get, set = api.nvim_get_option_value, api.nvim_set_option_value
if has "nvim-0.8" == 0 then
  vim.fn.has = function(what) return what == "nvim-0.8" and 1 or has(what) end -- luacheck: ignore
  api.nvim_get_option_value = function(name, where) -- luacheck: ignore
    if name ~= "winbar" then return get(name, where) end
    return api.nvim_win_call(where.win, function() return get("statusline", { scope = "local" }) end)
  end
  api.nvim_set_option_value = function(name, value, where) -- luacheck: ignore
    if name ~= "winbar" then return set(name, value, where) end
    api.nvim_win_call(where.win, function() set("statusline", value, { scope = "local" }) end)
  end
end
local function bar(window) return api.nvim_get_option_value("winbar", { scope = "local", win = window }) end
local function tells(window) return bar(window):find("Grok: ", 1, true) ~= nil end
include "spec/programs/grok/host.lua" -- the plugin asks what Neovim has when it is loaded
edit()
grok.setup { client = { headers = { ["x-fault"] = "endless,3" } } }
local first, other = api.nvim_get_current_win(), api.nvim_create_buf(true, false)
api.nvim_set_option_value("winbar", "own", { scope = "local", win = first })
vim.cmd "set hidden | 2,3GrokEdit Say it in one line"
vim.cmd "vsplit"
local second = api.nvim_get_current_win()
vim.wait(5000, function() return #shown() > 60 end, 5)
print(tells(first), tells(second))
api.nvim_set_current_win(first)
vim.cmd("buffer " .. other)
local left = bar(first)
vim.cmd "GrokStop!"
print(("[%s] [%s]"):format(left, bar(second)))
vim.cmd "bprevious"
print(("[%s]"):format(bar(first)))
