--- drop.lua - forget modules, as plugin managers and tools for live coding do.

-- luacheck: globals drop

--- Forget the modules whose names look so, as lazy.nvim does; then, or at once, require them again.
function drop(pattern, at_once)
  local names = {}
  for name in pairs(package.loaded) do
    if name:find(pattern) then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do
    package.loaded[name], package.preload[name] = nil, nil
    if at_once then require(name) end
  end
end
