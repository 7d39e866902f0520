--- Hosts that take parts of Lua away: before the library is loaded, or afterwards.

local programs = require "spec.support.programs"
local stages = require "spec.support.stage"

local house

--- What a game or a sandbox does first.
local BEFORE = {
  ["os"] = "os = nil",
  ["os.getenv"] = "os.getenv = nil",
  ["io"] = "io = nil",
  ["io.stderr"] = "io.stderr = nil",
  ["debug"] = "debug = nil",
  ["debug.traceback and debug.getinfo"] = "debug.traceback, debug.getinfo = nil, nil",
  ["os, io and debug"] = "os, io, debug = nil, nil, nil",
  ["os, io and debug, which are empty"] = "os, io, debug = {}, {}, {}",
  ["os, which is no table"] = "os = 5",
  ["package"] = "package = nil",
  ["load, dofile, loadfile, loadstring"] = "load, dofile, loadfile, loadstring = nil, nil, nil, nil",
  ["what strict mode forbids"] = [[
    os, io, debug = nil, nil, nil
    setmetatable(_G, { __index = function(_, name) error("undeclared " .. tostring(name), 2) end })]],
}

--- What a program does after it has loaded it.
local AFTER = {
  ["package and require"] = "package, require = nil, nil",
  ["package.path and cpath"] = 'package.path, package.cpath = "", ""',
  ["package.loaded, searchers and preload"] =
    "package.loaded, package.searchers, package.loaders, package.preload = {}, {}, {}, {}",
  ["os, io and debug"] = "os, io, debug = nil, nil, nil",
  ["all libraries"] = "string, table, math, coroutine, utf8, bit32, os, io, debug, package = nil",
  ["all functions of all libraries"] = [[
    for _, library in ipairs { string, table, math, coroutine, os, io, debug, package } do
      for name in pairs(library) do library[name] = nil end
    end]],
  ["functions that are replaced"] = [[
    local function broken() error("a replaced function was called", 0) end
    for _, library in ipairs { string, table, math, coroutine, os, debug, package } do
      for name in pairs(library) do library[name] = broken end
    end
    for _, name in ipairs { "require", "assert", "pairs", "ipairs", "next", "tostring", "tonumber", "type", "select",
      "setmetatable", "getmetatable", "rawget", "rawset", "rawequal", "pcall", "xpcall", "unpack", "load" } do
      _G[name] = broken
    end]],
  ["all globals"] = [[
    local list = {}
    for name in pairs(_G) do list[#list + 1] = name end
    local all, rawset, ipairs = _G, rawset, ipairs
    for _, name in ipairs(list) do rawset(all, name, nil) end]],
  ["strict mode"] = [[
    setmetatable(_G, {
      __index = function(_, name) error("undeclared " .. tostring(name), 2) end,
      __newindex = function(_, name) error("undeclared " .. tostring(name), 2) end,
    })]],
}

-- What it wants of Lua it keeps in locals, as the library does.
local PRELUDE = [[
  local assert, error, pairs, pcall, require, tostring, type = assert, error, pairs, pcall, require, tostring, type
  local stdout = io.stdout
  local function print(words) stdout:write(words, "\n") end -- Lua's own asks for the global tostring
  local concat, yield = table.concat, coroutine.yield
]]

local PROGRAM = [[
  local hello = { { role = "user", content = "What is Lua?" } }
  local HEADERS = { ["x-fault"] = "status,503,0" }
  xai.on_error = function(err) print("heard " .. tostring(err)) end
  local client = xai.new { api_key = %q, base_url = %q, max_retries = 0 }
  local bodies = {
    chat = { model = "grok-4.5", messages = hello },
    respond = { model = "grok-4.5", input = "What is Lua?" },
    message = { model = "grok-4.5", max_tokens = 100, messages = hello },
    complete = { model = "grok-3", prompt = "What is Lua?" },
    complete_legacy = { model = "grok-3", prompt = "\n\nHuman: Hi\n\nAssistant:", max_tokens_to_sample = 100 },
  }
  for name, body in pairs(bodies) do
    body.stream = nil
    assert(type(assert(client[name](client, body))) == "table")
    body.stream = true
    local words = {}
    local stream = assert(client[name](client, body))
    for text in stream:text() do words[#words + 1] = text end
    assert(#words > 3 and type(stream:result()) == "table")
    for event in assert(client[name](client, body)) do assert(event) end
    assert(type(client[name](client, body, { on_event = function() end })) == "table")
    local raw = assert(client[name](client, body, { raw = true }))
    while raw:next() do end
    body.stream = nil
  end
  local _, message, info = client:list_models { headers = HEADERS, max_retries = 1, on_retry = function() end,
    on_request = function() end, on_response = function() end, debug = function() end }
  assert(info.kind == "server" and info.headers and tostring(info) == message)
  assert(not pcall(function() return client:responses {} end))
  assert(not pcall(client.chat, client, { x = function() end }))
  assert(tostring(client) and tostring(assert(client:start("list_models"))))
  local call = client:start("chat", bodies.chat, { on_done = function() error("in a callback", 0) end })
  while not call:done() do xai.step(1) end
  call:cancel()
  local ok, err = pcall(xai.run, function()
    local task = xai.spawn(function()
      bodies.chat.stream = true
      local stream = assert(client:chat(bodies.chat))
      return (stream:result())
    end)
    assert(type(task:wait()) == "table" and task:status() == "done")
    local list = xai.all { function() xai.sleep(0.001) return 1 end, function() return 2 end }
    assert(list[2] == 2 and xai.race { function() return 5 end } == 5)
    assert(xai.map({ 1, 2, 3 }, function(i) return i * 2 end, 2)[3] == 6)
    local gone = xai.spawn(function() xai.sleep(60) end)
    gone:cancel()
    assert(gone:traceback() == nil or gone:traceback())
    xai.spawn(function() error("in a task", 0) end)
    xai.sleep(0)
    error("out of the run", 0)
  end)
  assert(err == "out of the run", err)
  xai.update(1)
  xai.on_interrupt(function() end)
  xai.on_interrupt(nil)
  assert(xai.decode(xai.encode { a = { 1, xai.null } }).a[1] == 1)
  client:close()
  print "all of it"
]]

local EXPECTED = "heard in a callback\nheard in a task\nall of it\n"

describe("a host without parts of Lua (ProjectEQ/projecteqquests#1358):", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  local function program() return PROGRAM:format(stages.KEY, house.server.url) end

  for name, code in pairs(BEFORE) do
    it("without " .. name .. " before it is loaded", function()
      assert.equal(EXPECTED, programs.code(PRELUDE .. code .. ' local xai = require "xai" ' .. program()))
    end)
  end

  for name, code in pairs(AFTER) do
    it("hidden afterwards: " .. name, function()
      assert.equal(EXPECTED, programs.code(PRELUDE .. ' local xai = require "xai" ' .. code .. program()))
    end)
  end

  it("both, and its errors still reach stderr", function()
    local said = programs.code(PRELUDE .. BEFORE["os, io and debug"] .. [[ local xai = require "xai" ]]
      .. AFTER["all globals"] .. program():gsub("xai.on_error = [^\n]*", ""))
    assert.matches("xai: error in a callback: in a callback", said, 1, true)
    assert.matches("all of it\n$", said)
  end)

  it("XAI_DEBUG is heeded where there is os.getenv, and harms nowhere else", function()
    local code = PRELUDE .. [[ %s local xai = require "xai" %s
      xai.new { api_key = "xai-spec-0123456789", base_url = %q }:list_models() print "end" ]]
    local url = house.server.url
    assert.matches("^xai: curl", programs.code(code:format("", "", url), { XAI_DEBUG = "1" }))
    local bare = code:format("", "os, io, package, require = nil", url)
    assert.matches("^xai: curl", programs.code(bare, { XAI_DEBUG = "1" }))
    assert.equal("end\n", programs.code(code:format("os = nil", "", url), { XAI_DEBUG = "1" }))
  end)

  -- What is asked for when a function runs, in the sources: a program can hide only so much.
  describe("no module asks, when it runs,", function()
    local function set(words)
      local all = {}
      for word in words:gmatch "%S+" do all[word] = true end
      return all
    end

    local LIBRARIES = set "os io debug string table math coroutine package"
    local FUNCTIONS = set [[assert collectgarbage dofile error getmetatable ipairs load loadfile next pairs pcall print
      rawequal rawget rawset require select setmetatable tonumber tostring type unpack xpcall]]
    local METHODS = set "format find match gmatch gsub byte rep lower upper len reverse"

    --- Without comments, strings, and the lines that take something while loading.
    local function code_of(path)
      local file = assert(io.open(path))
      local source = "\n" .. file:read "*a"
      file:close()
      source = source:gsub("%-%-[^\n]*", ""):gsub('\\"', ""):gsub('"[^"\n]*"', '""')
      local taken = {}
      source = source:gsub("\nlocal ([%w_, \n]-) =%s+([%w_., ]+)", function(names, values)
        for name in names:gmatch "[%w_]+" do taken[name] = true end
        return "\n" .. values:gsub("%f[%w_][%w_.]+", function(value) return value:find "^%l+[.%l]*$" and "" or nil end)
      end)
      return source:gsub("\n[^%s][^\n]*", "\n"), taken -- functions are indented
    end

    local pipe = assert(io.popen "ls src/xai/*.lua src/xai/*/*.lua")
    for path in pipe:lines() do
      local name = path:match "([%w_]+)%.lua$"
      local is_for_tests = path:find "^src/xai/testing"
      if name ~= "types" and name ~= "health" and name ~= "environment" -- Neovim runs health, with all there is
        and not is_for_tests then
        it("for what Lua has: " .. name, function()
          local source, taken = code_of(path)
          for before, word, at in source:gmatch "([%.:]?)%f[%w_]([%a_][%w_]*)()" do
            local after = source:match("^%s*([%.=]?)", at)
            if before == "" and not taken[word] and after ~= "=" then
              assert(not FUNCTIONS[word], word .. " is not taken while loading")
              assert(not (LIBRARIES[word] and after == "."), word .. "." .. " is asked for")
            end
          end
          for object, method in source:gmatch "([%w_]+):(%l+)%s*[%(\"]" do
            assert(not METHODS[method] or object == "self" or object:find "^%u",
              method .. " is a method of strings that a program may replace")
          end
        end)
      end
    end
    pipe:close()
  end)
end)
