--- host.lua - for programs within Neovim that run before the library is loaded.

-- luacheck: globals print

function print(words) io.stdout:write(tostring(words), "\n") end
