--- health.lua - the lines of :checkhealth xai, and a module that damages JSON.

-- luacheck: globals damaged said health tells

--- Stands in for cjson.so where Neovim exports functions of the same names: what has escapes is cut.
damaged = {
  encode = vim.json.encode,
  decode = function(text) return vim.json.decode((text:gsub("\\n.*\\n", ""))) end,
}

said = {}
local function note(line, advice) said[#said + 1] = line .. (advice and " (" .. advice[1] .. ")" or "") end
vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
function health()
  said = {}
  require("xai.health").check()
  return table.concat(said, "\n")
end
function tells(words) return health():find(words, 1, true) ~= nil end
