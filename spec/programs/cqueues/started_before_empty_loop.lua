--- xai.cqueues: goes on in a loop that has nothing else to do.

local said = start_two()
print(cqueues.new():loop(), said[1], said[2])
