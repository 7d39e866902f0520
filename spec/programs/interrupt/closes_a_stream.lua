--- xai.on_interrupt: its function may close a stream, whose reader has what came.

local stream = assert(client:chat(question(true), options "stall-in-stream,3"))
xai.on_interrupt(function() stream:close() end)
press_soon()
local event, info, _
repeat event, _, info = stream:next() until not event
show(event, info.kind, info.partial.choices[1].message.content)
