-- The commands of the plugin; the rest is loaded when one of them is used.
-- Read again (`:Lazy reload`), it makes them again; with g:loaded_grok, none.

if vim.g.loaded_grok then return end

vim.api.nvim_create_user_command("Grok", function(command)
  require("grok").ask(command.args, command.range > 0 and { command.line1, command.line2 } or nil)
end, { nargs = "+", range = true, desc = "Ask Grok; the lines of a range go along" })

vim.api.nvim_create_user_command("GrokEdit", function(command)
  require("grok").edit(command.args, command.line1, command.line2)
end, { nargs = "+", range = true, desc = "Let Grok rewrite the lines of a range (the current line)" })

vim.api.nvim_create_user_command("GrokStop", function(command)
  require("grok").stop(command.bang)
end, { nargs = 0, bang = true, desc = "Stop the answer in this buffer; with !, all" })
