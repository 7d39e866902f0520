--- Bulk jobs that are killed at any moment, and go on.

local uv = require "luv"
local json = require "cjson"
local programs = require "spec.support.programs"

math.randomseed(tonumber(os.getenv "XAI_SPEC_SEED") or os.time())

local function new_path()
  local path = os.tmpname()
  os.remove(path)
  return path
end

--- The keys of a file's items that are done, each with how often it is there; and how many they are.
-- With `may_be_torn` its last line may be.
local function values_of(path, may_be_torn)
  local times, count = {}, 0
  local file = io.open(path, "rb")
  if not file then return times, 0 end
  local text = file:read "*a"
  file:close()
  for line, line_end in text:gmatch "([^\n]*)(\n?)" do
    local ok, record = pcall(json.decode, line)
    if line ~= "" and not (may_be_torn and line_end == "") then
      assert(ok and record.key ~= nil, line)
      if record.error == nil then
        times[record.key], count = (times[record.key] or 0) + 1, count + 1
      end
    end
  end
  return times, count
end

local function spin(n)
  local x = 0
  for i = 1, n do x = x + i end
  return x
end

describe("a bulk job that is killed a hundred times", function()
  local COUNT, KILLS = 6000, 100

  it("has each item that it told done in its file, once, and goes on", function()
    local path, told, kills = new_path(), {}, 0
    local command = programs.with({}, ("%s spec/programs/bulk_job.lua %s %d 2>&1"):format(programs.lua, path, COUNT))
    local last
    repeat
      local pipe = assert(io.popen(command))
      local process = assert(tonumber(pipe:read "*l"))
      local patience = kills < KILLS and math.random(1, 60) or math.huge
      local heard = 0
      for text in pipe:lines() do
        local line = text:gsub("Killed$", "") -- the shell says it, maybe behind a number whose line end did not come
        if line ~= "" then last = line end
        local key = tonumber(line)
        if key then
          if told[key] then error("told twice: " .. key) end
          told[key] = true
        elseif line ~= "" then
          assert.equal("whole", line)
        end
        heard = heard + 1
        if heard == patience then
          spin(math.random(0, 20000))
          uv.kill(process, "sigkill")
          kills = kills + 1
        end
      end
      pipe:close()
      local times = values_of(path, true)
      for key in pairs(told) do
        if times[key] ~= 1 then error(("item %d, told done, is there %d times"):format(key, times[key] or 0)) end
      end
    until last == "whole"
    local times, count = values_of(path)
    assert.equal(COUNT, count)
    for key = 1, COUNT do assert(times[key] == 1, key) end
    assert.is_true(kills >= KILLS, ("ended after %d kills"):format(kills))
    os.remove(path)
  end)
end)

describe("examples/bulk.lua", function()
  local LINES = 3000
  -- Every call fails twice at first, and of two answers one fits.
  local FAULTS = "/fault/status,503,0.01/fault/times,2/fault/structured,misfit,1"

  it("classifies 3,000 lines of a server that fails, is killed, and goes on", function()
    local standin = require "xai.testing.server"
    local server = standin.spawn { pace = 0 }
    local input, output = new_path(), new_path()
    local file = assert(io.open(input, "w"))
    for i = 1, LINES do file:write("Review number ", i, ": caf\195\169, quick and small.\n") end
    file:close()
    local command = programs.with({ XAI_BASE_URL = server.url .. FAULTS, XAI_API_KEY = "xai-spec" },
      ("sh -c 'echo $$; exec %s examples/bulk.lua %s %s' 2>&1"):format(programs.lua, input, output))
    local _, done = values_of(output, true)
    for _ = 1, 4 do
      local pipe = assert(io.popen(command))
      local process = assert(tonumber(pipe:read "*l"))
      local goal = done + math.random(20, 100) -- well before 100 failures
      repeat
        uv.sleep(20)
        done = select(2, values_of(output, true))
      until done >= goal
      uv.kill(process, "sigkill")
      local said = pipe:read "*a"
      pipe:close()
      assert.is_truthy(said == "" or said == "Killed\n", said)
      done = select(2, values_of(output, true))
    end
    local said, failed
    for _ = 1, 40 do
      said = programs.shell(command)
      if said:find ", 0 failed" then break end
      failed = true
    end
    assert.is_true(failed)
    assert.matches(", 0 failed, %d+ done before", said)
    local times, count = values_of(output)
    assert.equal(LINES, count)
    for _, n in pairs(times) do assert.equal(1, n) end
    server.close()
    os.remove(input)
    os.remove(output)
  end)
end)
