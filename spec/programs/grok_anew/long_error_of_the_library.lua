--- The example plugin: nor does the library, for an error in a callback or what `debug` tells.

local inner, ask, told, mode = screen()
ask [=[client:start("get_model", "grok-3", { on_done = function() error "boom, and a traceback" end })]=]
print(told "boom, and a traceback", mode())
print(told "stack traceback", mode())
ask [=[client:start("get_model", "grok-3", { debug = true })]=]
print(told "HTTP 200", mode())
vim.fn.jobstop(inner)
