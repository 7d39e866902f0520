--- host.lua - what the programs of the example plugin have on top of those of Neovim.

-- luacheck: globals grok idle text edit notes shown try tries after_tries marks treat reports locked

include "spec/programs/nvim/host.lua"
attach()

vim.opt.runtimepath:append { vim.fn.getcwd() .. "/examples/nvim" }
vim.cmd "runtime plugin/grok.lua"
grok = require "grok"
function idle() return grok.count() == 0 end
function text(buffer) return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), "\n") end

--- Show a buffer of five lines, and note what the plugin tells.
function edit()
  notes = {}
  vim.notify = function(words) notes[#notes + 1] = words end -- luacheck: ignore
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { "before", "one", "two", "after", "last" })
  vim.cmd "let &undolevels = &undolevels"
  function shown() return (text():gsub("\n", " ")) end
end

--- The same, and count what the plugin tries to write; `marks` counts what it leaves in a buffer.
function try()
  edit()
  local api = vim.api
  tries = 0
  for _, name in ipairs { "nvim_buf_set_text", "nvim_buf_set_lines" } do
    local set = api[name]
    api[name] = function(...) -- luacheck: ignore
      tries = tries + 1
      return set(...)
    end
  end
  function after_tries(n)
    tries = 0
    return (vim.wait(5000, function() return tries >= n end, 2))
  end
  function marks() return #api.nvim_buf_get_extmarks(0, api.nvim_create_namespace "grok", 0, -1, {}) end
  function treat(fault) grok.setup { client = { headers = { ["x-fault"] = fault } } } end
  reports = 0
  xai.on_error = function() reports = reports + 1 end

  --- In a mapping that locks all text while it waits.
  function locked(wait)
    _G.in_mapping = function()
      wait()
      return ""
    end
    vim.cmd "nnoremap <expr> Q v:lua.in_mapping()"
    api.nvim_feedkeys("Q", "mx", false)
  end
end
