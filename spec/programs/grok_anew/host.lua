--- host.lua - for programs in which the example plugin is read again, or in a Neovim with a screen.

-- luacheck: globals plugin grok idle text treat reload screen

include "spec/programs/nvim/host.lua"
attach()

--- Load it.
function plugin()
  vim.opt.runtimepath:append { vim.fn.getcwd() .. "/examples/nvim" }
  vim.cmd "runtime plugin/grok.lua"
end

function grok() return require "grok" end
function idle() return grok().count() == 0 end
function text(buffer) return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), "\n") end
function treat(fault) grok().setup { client = { headers = { ["x-fault"] = fault } } } end

--- What a plugin manager does: it forgets modules and commands, and reads the plugin again.
function reload(pattern)
  for name in pairs(package.loaded) do
    if name:find(pattern) then package.loaded[name], package.preload[name] = nil, nil end
  end
  for _, name in ipairs { "Grok", "GrokEdit", "GrokStop" } do vim.api.nvim_del_user_command(name) end
  vim.cmd "runtime plugin/grok.lua"
end

--- In a Neovim with a screen of 40 columns: its channel; what runs code there; does it wait for Enter,
-- and was this told?; its mode.
function screen()
  local inner, ask = embedded()
  vim.fn.rpcrequest(inner, "nvim_ui_attach", 40, 12, vim.empty_dict())
  ask("vim.opt.runtimepath:append { ... }", vim.fn.getcwd() .. "/examples/nvim")
  ask "vim.cmd 'runtime plugin/grok.lua'"
  local function mode() return vim.fn.rpcrequest(inner, "nvim_get_mode").mode end

  local function told(words)
    words = words:gsub("%s+", "") -- a long text is told in pieces
    vim.wait(5000, function()
      if mode() ~= "n" then return true end
      return ask("return vim.fn.execute('messages'):gsub('%s+', ''):find(..., 1, true) ~= nil", words)
    end, 20)
    pass(50)
    local at = mode()
    if at ~= "n" then return "it is in mode " .. at end
    return ask("return vim.fn.execute('messages'):gsub('%s+', ''):find(..., 1, true) ~= nil", words)
  end

  return inner, ask, told, mode
end
