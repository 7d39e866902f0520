--- For programs that try a recipe of the example plugin's README; included by them.

-- luacheck: globals has_health

-- As in an init.lua: nothing but the runtimepath says where the library is.
package.path, package.cpath = package.path:gsub("[^;]*/src/[^;]*;?", ""), "" -- luacheck: ignore 122

function has_health()
  vim.cmd "silent checkhealth xai"
  local lines = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  return lines:find("lua%-xai %d") and not lines:find "No healthcheck found" and "health" or lines
end
