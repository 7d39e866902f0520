--- The recipe for vim.pack builds the library and loads it.
--
-- Arguments: the clone, and the recipe as text.

local directory, recipe = ...

include "spec/programs/nvim_bare/with_recipe.lua"
if vim.fn.has "nvim-0.12" == 0 then -- there is no such event, and no vim.pack
  local create = vim.api.nvim_create_autocmd
  vim.api.nvim_create_autocmd = function(_, opts) -- luacheck: ignore
    local function callback() opts.callback { data = _G.changed } end
    return create("User", { pattern = "PackChanged", callback = callback })
  end
end
vim.system = function(command, opts) -- luacheck: ignore
  print(table.concat(command, " ") .. " " .. (opts.cwd == directory and "in the clone" or opts.cwd))
  return { wait = function() return { code = 0 } end }
end
vim.pack = { -- luacheck: ignore
  add = function(list)
    for _, kind in ipairs { "delete", "install" } do
      _G.changed = { spec = { name = list[1].name }, kind = kind, path = directory }
      if vim.fn.has "nvim-0.12" == 1 then
        vim.api.nvim_exec_autocmds("PackChanged", { data = _G.changed })
      else
        vim.cmd "doautocmd User PackChanged"
      end
    end
  end,
  get = function(names) return { { path = names[1] == "lua-xai" and directory or "" } } end,
}
assert(loadstring(recipe))()
print(pcall(require, "xai") and "library" or "none")
print(has_health())
vim.cmd "runtime plugin/grok.lua"
print(vim.fn.exists ":Grok")
