-- One rule set for five Luas: only what all of them have is a known global.
std = "min"
max_line_length = 100
include_files = { "src", "spec", "examples", ".busted", ".luacheckrc", "rockspec" }
exclude_files = { ".build", "spec/contract/node_modules" }

files["src/xai/types.lua"] = { ignore = { "" } } -- read by editors, never run
files["spec"] = { std = "+busted", ignore = { "212/self" } }
files["rockspec/*.rockspec"] = { std = "+rockspec" }
files[".busted"] = { globals = {}, read_globals = { "jit" } }
files[".luacheckrc"] = { std = "+luacheckrc" }
