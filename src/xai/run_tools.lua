--- client:run_tools(name, body, opts): ask, run the functions that the model calls, ask
-- again with their results, until the answer has no calls.

local new_handle = require "xai.tools.handle"
local runs = require "xai.tools.run"

local error = error

local WHAT = "client:run_tools"

--- Make the method of `complete`, see client.lua.
return function(complete)
  --- See types.lua.  With `stream = true` in the body, unless on_part or on_event is given,
  -- it returns a run at once.
  -- @param name "respond", "chat" or "message"
  -- @param body the API's body; its tools may have a function `run(args, call)`
  -- @param opts options of calls and of runs
  -- @return the last answer, nil, info; or nil, message, info.  info.run has the rounds,
  --   calls, usage and body
  return function(client, name, body, opts)
    local run, problem = runs.new(complete, client, name, body, opts, WHAT)
    if not run then error(WHAT .. ": " .. problem, 2) end
    local is_handed_out = body.stream == true and not run.listen and not (opts and opts.on_event)
    local handle = is_handed_out and new_handle(run)
    local ok
    ok, problem = run:begin(is_handed_out)
    if not ok then error(WHAT .. ": " .. problem, 2) end
    if handle then return handle, nil, handle:info(), handle end
    return run:wait()
  end
end
