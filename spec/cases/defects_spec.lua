--- Defects that were found by reading: none of them is to come back.
-- Those of memory show under AddressSanitizer (`make asan`).

local xai = require("xai")
local programs = require("spec.support.programs")
local scripted = require("spec.support.scripted")

local KEY = "xai-spec-0123456789abcdef"

--- `f(client, server)`, with a server that answers all with `answer`.
local function with_server(answer, f)
  local server = scripted.start { answer or scripted.answer(200, {}, "{}") }
  local client = xai.new { api_key = KEY, base_url = server.url, max_retries = 0 }
  f(client, server)
  client:close()
  server.close()
end

-- Case 29 ---------------------------------------------------------------------------------------

describe("Strings that a table makes when it is asked", function()
  --- A table whose fields are new strings each time.
  local function making(fields)
    return setmetatable({}, { __index = function(_, name)
      local value = fields[name]
      collectgarbage()
      if type(value) ~= "string" then return value end
      return (value:gsub("", "")) .. ""
    end })
  end

  it("are there as long as they are used (defect found by reading, 29)", function()
    local query = {}
    for i = 1, 300 do query["name" .. i] = ("value"):rep(20) .. i end
    with_server(nil, function(client, server)
      for _, path in ipairs { "/v1/chat/deferred-completion/" .. ("x"):rep(3000), "/v1/" .. ("y"):rep(3000) } do
        for _, method in ipairs { "GET", "POST" } do
          local call = client:start("request", making { path = path, query = query, method = method })
          local result, message = scripted.wait(call)
          assert.is_truthy(result, message)
          local sent = server.requests[#server.requests]
          assert.equal(method .. " " .. path .. "?", sent:sub(1, #method + #path + 2))
          for name, value in pairs(query) do assert.is_truthy(sent:find(name .. "=" .. value, 1, true)) end
        end
      end
    end)
  end)

  it("may be the body and the key, too (defect found by reading, 29)", function()
    with_server(nil, function(client, server)
      local body = making { path = "/v1/x", method = "PUT", body = ("b"):rep(5000) .. "!" }
      assert(scripted.wait(client:start("request", body, { api_key = function()
        collectgarbage()
        return ("k"):rep(40) .. "1"
      end })))
      local sent = server.requests[1]
      assert.is_truthy(sent:find(("k"):rep(40) .. "1\r\n", 1, true))
      assert.equal(("b"):rep(5000) .. "!", sent:match("\r\n\r\n(.*)$"))
    end)
  end)
end)

-- Case 30 ---------------------------------------------------------------------------------------

describe("Functions in C", function()
  it("check their arguments (defect found by reading, 30)", function()
    with_server(nil, function(client)
      local call = client:start("list_models")
      local _, _, info = scripted.wait(call)
      local index = getmetatable(info).__index
      for _, odd in ipairs { 42, "x", true, print, xai.null, io.stdout } do
        assert.is_false(pcall(index, odd, "headers"))
      end
      assert.is_false(pcall(index))
      assert.is_nil(index({}, "headers"))
      assert.is_nil(index({ head = {} }, "headers"))
      assert.same({ a = "b" }, index({ head = "HTTP/1.1 200 OK\r\na: b\r\n" }, "headers"))
    end)
  end)

  it("read what a stream has said from places of entries only (defect found by reading, 30)", function()
    local events = {}
    for i = 1, 30 do events[i] = ('data: {"id":"a","n":%d,"choices":[]}\n\n'):format(i) end
    events[#events + 1] = "data: [DONE]\n\n"
    with_server(scripted.answer(200, { ["Content-Type"] = "text/event-stream" }, table.concat(events)), function(client)
      local call = client:start("chat", { model = "m", messages = {}, stream = true })
      local result = scripted.wait(call)
      assert.is_truthy(result)
      local request = call.request or call.stream and call.stream.request
      assert.equal("userdata", type(request))
      local places, at, n = { [0] = true }, 0, 0
      while true do
        local next_at = request:read_log(at)
        if not next_at then break end
        places[next_at], at, n = true, next_at, n + 1
      end
      assert.is_true(n >= 30)
      for place = -3, at + 3 do
        assert.same({ place, places[place] or false }, { place, (pcall(request.read_log, request, place)) })
      end
      for _, odd in ipairs { 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, 2 ^ 64, -2 ^ 63, 1e308, 0.5 } do
        assert.is_false(pcall(request.read_log, request, odd) and odd ~= 0.5)
      end
      for place in pairs(places) do request:read_log(place) end
    end)
  end)

  it("bear arguments of any kind (defect found by reading, 30)", function()
    local said = programs.code('dofile "spec/support/odd_arguments.lua"')
    assert.equal("all called\n", said:sub(-11), said:sub(-3000))
  end)

  it("take times and sizes of any kind (defect found by reading, 30)", function()
    local core = require("xai.core")
    for _, odd in ipairs { 0 / 0, -1, -1 / 0 } do
      assert.is_false(pcall(core.step, odd))
      assert.is_true(odd ~= odd or pcall(core.wake_at, odd))
    end
    assert.is_false(pcall(core.await, -1, 0))
    assert.is_false(pcall(core.await, 2 ^ 40, 0))
    assert.is_false(pcall(core.await, 0, 0 / 0))
    assert.is_true(pcall(core.wake_at, 1e300))
    assert.is_true(pcall(core.step, 0, -5))
    assert.is_true(pcall(core.step, 0, 2 ^ 60))
    core.wake_at()
  end)
end)

-- Case 34 ---------------------------------------------------------------------------------------

describe("Options that are numbers", function()
  it("are refused where they are none, and never cut (defect found by reading, 34)", function()
    local function refused(name, value)
      local ok, message = pcall(xai.new, { api_key = KEY, [name] = value })
      assert.same({ name, tostring(value), false }, { name, tostring(value), ok })
      assert.is_truthy(message:find("option '" .. name .. "' must be", 1, true), message)
    end
    for _, name in ipairs { "max_body", "max_event", "max_buffer", "timeout", "connect_timeout", "idle_timeout",
      "deadline", "max_retries" } do
      for _, odd in ipairs { 0 / 0, 1 / 0, -1 / 0, -1, -2 ^ 63, 1e300 } do refused(name, odd) end
    end
    for _, name in ipairs { "max_body", "max_event", "max_buffer" } do
      refused(name, 0)
      refused(name, 0.5)
    end
  end)

  it("may be larger than memory is, on any system (defect found by reading, 34)", function()
    with_server(scripted.answer(200, {}, '{"data":[]}'), function(client)
      for _, size in ipairs { 2 ^ 32, 2 ^ 32 + 1, 2 ^ 33, 9e15 } do
        local opts = { max_body = size, max_event = size, max_buffer = size, timeout = 1e9, idle_timeout = 1e9,
          connect_timeout = 1e9, deadline = 1e9 }
        local result, message = scripted.wait(client:start("list_models", opts))
        assert.is_truthy(result, message)
      end
    end)
  end)
end)

-- Case 35 ---------------------------------------------------------------------------------------

describe("The least libcurl", function()
  local function slurp(path)
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    return text
  end

  --- What the compiler says of curl_library.h, with the headers of a libcurl of that version.
  local function compile(version)
    local dir = programs.output("mktemp -d"):gsub("\n", "")
    finally(function() os.execute("rm -r " .. dir) end)
    os.execute("mkdir " .. dir .. "/curl")
    local header = assert(io.open(dir .. "/curl/curl.h", "w"))
    header:write("#define LIBCURL_VERSION_NUM ", version, "\n")
    header:close()
    return programs.output(("${CC:-cc} -fsyntax-only -x c -Isrc -I%s src/net/curl_library.h"):format(dir))
  end

  it("is what the README and the rockspec say (defect found by reading, 35)", function()
    assert.matches("libcurl 7%.66 or later", (slurp("README.md")))
    assert.matches("libcurl %(7%.66 or later%)", (slurp("rockspec/xai-scm-1.rockspec")))
  end)

  it("is asked for when the module is built (defect found by reading, 35)", function()
    if not programs.has "cc" then return pending "there is no C compiler" end
    local words = "needs libcurl 7%.66%.0 or later"
    assert.matches(words, compile "0x074100")
    assert.is_nil((compile "0x074200"):find(words))
  end)
end)
