--- xai.cqueues: is not asked again and again while it does.

local loop, cond, count = cqueues.new(), require "cqueues.condition".new(), 0
loop:wrap(function()
  xai.run(function()
    local waiting = xai.spawn(function()
      repeat count = count + 1 until cond:wait(20)
    end)
    assert(client:chat(question(), options "late-head,50"))
    cond:signal()
    waiting:wait()
    print(count, read() == TEXT)
  end)
end)
print(loop:loop())
