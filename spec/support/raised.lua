--- raised.lua - what `f(...)` raised; it must raise.

return function(f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "nothing was raised")
  return err
end
