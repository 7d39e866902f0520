--- xai.cqueues: is not kept busy by a stream that nobody reads.

local loop, kept = cqueues.new(), nil
loop:wrap(function()
  kept = assert(client:chat(question(true), options "endless"))
  kept:next()
end)
print(loop:loop(), xai.active() == 1)
