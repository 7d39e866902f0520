--- Neovim: blocks in a call also with another `schedule`.

require("xai.uv").attach { schedule = function(f) vim.schedule(f) end }
print(client:get_model("grok-3").id)
