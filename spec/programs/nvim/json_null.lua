--- Neovim: has vim.NIL for null, whatever module makes it.

attach()
local other = { -- its null is none
  encode = function(value) return vim.json.encode(value) end,
  decode = function(text) return vim.json.decode(text, { luanil = { object = true, array = true } }) end,
}
local codec = core.codec(other)
local list = core.encode(codec, { vim.NIL, 1, vim.NIL })
local object = core.encode(codec, { a = vim.NIL })
print(object:sub(1, -2) .. ',"list":' .. list .. "}", (core.encode(codec, vim.NIL)))
