--- xai.on_interrupt: is refused what is no function.

local ok, err = pcall(xai.on_interrupt, 5)
print(tostring(ok) .. " " .. err:gsub("^.-:%d+: ", ""))
