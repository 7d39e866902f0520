--- Ctrl-C ends a run of tools that blocks: while a tool waits, and while a request is under way.

local function show_end(run, opts)
  local ok, err = pcall(run_weather, run, opts)
  print(ok, err.kind, err.message, err.run and #err.run.calls, err.run and err.run.rounds)
end

local function for_ever()
  return xai.sleep(1000)
end

--- A tool that has Ctrl-C pressed the first time.
local function pressing(f)
  local pressed = false
  return function()
    if not pressed then press_soon() end
    pressed = true
    return f()
  end
end

show_end(pressing(for_ever))
press_soon()
show_end(nil, silent)
local run = run_weather(pressing(for_ever), nil, true)
local ok, err = pcall(run.result, run)
print(ok, err.kind, err.message, #err.run.calls)
print(xai.text((run_weather(function(args) return args.city end))))
