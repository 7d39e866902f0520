--- Blocking, outside of tasks: what a program of the folder above does.

local name = ...
include("spec/programs/" .. name .. ".lua")()
print(true)
