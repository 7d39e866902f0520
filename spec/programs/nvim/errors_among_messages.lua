--- Neovim: has the errors of callbacks among the messages.

attach()
client:start("get_model", "grok-3", { on_done = function() error "boom" end })
local function messages() return vim.fn.execute "messages" end
local found = vim.wait(3000, function() return messages():find("boom", 1, true) end, 10)
print(found, messages():find("xai: error in a callback", 1, true) ~= nil)
