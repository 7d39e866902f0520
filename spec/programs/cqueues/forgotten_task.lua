--- xai.cqueues: that nobody waits for goes on after it, and lets others go on by a yield of its own.

local loop, since = cqueues.new(), cqueues.monotime()
loop:wrap(function()
  xai.spawn(function()
    cqueues.sleep(0.1)
    print("slept", cqueues.monotime() - since >= 0.09)
    coroutine.yield()
    coroutine.yield "what is not the loop's"
    print "yielded"
  end)
end)
print(loop:loop())
