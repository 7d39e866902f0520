-- The commands of the plugin; the rest is loaded when one of them is used.
-- Read again (`:Lazy reload`), it makes them again; with g:loaded_grok, none.

if vim.g.loaded_grok then return end

--- A function of the plugin; where the library does not load, a note says so.
local function run(name, ...)
  local ok, grok = pcall(require, "grok")
  if ok then return grok[name](...) end
  for _, module in ipairs { "grok", "xai" } do -- a mark of the failure would hide its reason from now on
    if type(package.loaded[module]) ~= "table" then package.loaded[module] = nil end
  end
  require("grok.view").tell("after `make nvim`, :checkhealth xai tells more: " .. grok:match "[^\n]*")
end

vim.api.nvim_create_user_command("Grok", function(command)
  run("ask", command.args, command.range > 0 and { command.line1, command.line2 } or nil)
end, { nargs = "+", range = true, desc = "Ask Grok; the lines of a range go along" })

vim.api.nvim_create_user_command("GrokEdit", function(command)
  run("edit", command.args, command.line1, command.line2)
end, { nargs = "+", range = true, desc = "Let Grok rewrite the lines of a range (the current line)" })

vim.api.nvim_create_user_command("GrokDo", function(command)
  run("work", command.args)
end, { nargs = "+", desc = "Let Grok work with this buffer and the shell; it asks before it changes anything" })

vim.api.nvim_create_user_command("GrokStop", function(command)
  run("stop", command.bang)
end, { nargs = 0, bang = true, desc = "Stop the answer in this buffer; with !, all" })
