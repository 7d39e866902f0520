--- Neovim: tells its health when <C-c> ends the call.

attach()
local inner, ask = embedded()
vim.fn.rpcnotify(inner, "nvim_exec_lua", [=[
  local said = {}
  local function note(line) said[#said + 1] = line end
  vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
  vim.env.XAI_BASE_URL = vim.env.XAI_BASE_URL:gsub("^(http://[^/]+)", "%1/fault/stall-before-head")
  local ok = pcall(require("xai.health").check)
  outcome = { ok, said[#said] }
]=], {})
vim.wait(5000, function()
  for _, request in ipairs(client:request { path = "/_/requests" }) do
    if request.open and request.path:find "models" then return true end
  end
end)
vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
local outcome
vim.wait(5000, function()
  outcome = ask "return outcome or false"
  return outcome
end, 20)
print(outcome[1])
print(outcome[2]:find("interrupted", 1, true) ~= nil)
vim.fn.jobstop(inner)
