--- A reload that never requires the modules again leaves what is under way alone.

begin()
xai.step(0.02)
drop "^xai"
while not is_over() do xai.step(1) end
print(outcome())
