--- The key is nowhere once its client is closed: not in the process's memory, not in its children.

local uv = require("luv")
local front = require("spec.support.front")
local stages = require("spec.support.stage")

local KEY = "xai-spec-4f1d8e2a9b7c6053"

-- Makes calls of all kinds, closes the client, says "ready", and waits for a line.
local PROGRAM = [[
local xai = require "xai"
local client = xai.new { take_key = true, max_retries = 1,
  ca_file = os.getenv "CA_FILE", http_version = os.getenv "VERSION",
  debug = function(line) assert(not line:find("xai-spec", 1, true), line) end }
local body = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
assert(client:chat(body))
assert(client:list_models())
body.stream = true
for text in assert(client:chat(body)):text() do io.stderr:write(text) end
if not os.getenv "CA_FILE" then -- OpenSSL keeps what it unpacked: an echo stays there
  local _, message, info = client:chat({ model = "x", messages = {} }, { headers = { ["x-fault"] = "echo-key" } })
  assert(info.kind == "authentication", message)
end
client:start("chat", body, { headers = { ["x-fault"] = "flaky,1" } }):wait()
client:start("chat", body)
client:close()
collectgarbage()
collectgarbage()
io.write("ready\n")
io.flush()
io.read()
]]

--- Bytes of a file that has no length, such as those of /proc.
local function slurp(path)
  local file = io.open(path, "rb")
  local bytes = file and file:read("*a")
  if file then file:close() end
  return bytes or ""
end

--- Where in the memory of process `pid` the bytes `wanted` are: names of the mappings.
local function places_of(wanted, pid)
  local memory, places = assert(io.open("/proc/" .. pid .. "/mem", "rb")), {}
  for from, to, mode, name in slurp("/proc/" .. pid .. "/maps"):gmatch("(%x+)%-(%x+) (%S+) %S+ %S+ %S+ *([^\n]*)") do
    if mode:find("r", 1, true) and not name:find("[v", 1, true) and memory:seek("set", tonumber(from, 16)) then
      local bytes = memory:read(tonumber(to, 16) - tonumber(from, 16)) or ""
      if bytes:find(wanted, 1, true) then places[#places + 1] = name end
    end
  end
  memory:close()
  return places
end

local function interpreter()
  local i = -1
  while arg[i - 1] do i = i - 1 end
  return os.getenv("LUA") or arg[i]
end

--- Run PROGRAM with this environment until it says "ready", look at it, let it end.
local function look_at(environment, look)
  local env, said, code = { "PATH=" .. os.getenv("PATH"), "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. package.cpath }, "", nil
  for name, value in pairs(environment) do env[#env + 1] = name .. "=" .. value end
  local input, output = uv.new_pipe(false), uv.new_pipe(false)
  local process, pid = uv.spawn(interpreter(), { args = { "-e", PROGRAM }, env = env, stdio = { input, output, nil } },
    function(status) code = status end)
  assert(process, pid)
  output:read_start(function(_, bytes) said = said .. (bytes or "") end)
  while not said:find("ready", 1, true) and not code do uv.run("once") end
  local seen = not code and look(pid)
  input:write("\n")
  while not code do uv.run("once") end
  for _, handle in ipairs { input, output, process } do handle:close() end
  uv.run("nowait")
  assert.equal(0, code)
  return seen
end

--- Can the memory of a child be looked at here?
local function obstacle()
  if (os.getenv("LD_PRELOAD") or ""):find("asan", 1, true) then return "the sanitizer keeps what was freed" end
  if not io.open("/proc/self/maps") then return "there is no /proc" end
end

describe("after client:close() the key", function()
  local house
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  local function promises(environment)
    local missing = obstacle()
    if missing then return pending(missing) end
    environment.XAI_API_KEY = KEY
    local seen = look_at(environment, function(pid)
      return { memory = places_of(KEY, pid), secret = places_of("4f1d8e2a9b7c6053", pid),
        environ = slurp("/proc/" .. pid .. "/environ"), command = slurp("/proc/" .. pid .. "/cmdline") }
    end)
    assert.same({}, seen.memory)
    assert.same({}, seen.secret)
    assert.is_nil(seen.environ:find("4f1d8e2a", 1, true))
    assert.is_nil(seen.command:find("4f1d8e2a", 1, true))
  end

  it("is not in the memory of the process, nor in what its children inherit", function()
    promises { XAI_BASE_URL = house.server.url }
  end)

  it("is found by this very search where the variable was left alone", function()
    local missing = obstacle()
    if missing then return pending(missing) end
    local kept = PROGRAM:gsub("take_key = true", "take_key = false")
    local before = PROGRAM
    PROGRAM = kept -- luacheck: ignore
    local places = look_at({ XAI_API_KEY = KEY, XAI_BASE_URL = house.server.url }, function(pid)
      return places_of(KEY, pid)
    end)
    PROGRAM = before
    assert.equal("[stack]", places[#places])
  end)

  -- HTTP/2 is another matter: nghttp2 copies headers into memory of its own.
  it("is not there after TLS either", function()
    local missing = front.missing()
    if missing then return pending(missing) end
    local nginx = front.start(house.server.url)
    finally(function() nginx.close() end)
    promises { XAI_BASE_URL = nginx.url, CA_FILE = nginx.ca_file, VERSION = "1.1" }
  end)
end)
