--- xai.testing.serve: the stand-in server in a process of its own.

local programs = require "spec.support.programs"
local raised = require "spec.support.raised"
local testing = require "xai.testing"
local xai = require "xai"

describe("xai.testing.serve", function()
  local server
  after_each(function()
    if server then server:close() end
    server = nil
  end)

  --- Does the address answer, now or within a second?
  local function ends(url)
    local client = xai.new { base_url = url, api_key = "xai-x", max_retries = 0 }
    local kind
    for _ = 1, 100 do
      kind = (select(3, client:list_models()) or {}).kind
      if kind == "connection" then break end
      os.execute "sleep 0.01"
    end
    client:close()
    return kind == "connection"
  end

  it("answers on this machine alone, at a port that was free", function()
    server = testing.serve()
    assert.matches("^http://127%.0%.0%.1:%d+$", server.url)
    assert.equal(server.url, "http://127.0.0.1:" .. server.port)
    assert.equal("xai.testing.server (" .. server.url .. ")", tostring(server))
    local client = server:client()
    assert.is_true(#client:list_models().data > 0)
    client:close()
  end)

  it("ends when it is closed, twice too", function()
    server = testing.serve()
    local url = server.url
    server:close()
    server:close()
    assert.equal("xai.testing.server (closed)", tostring(server))
    assert.is_true(ends(url))
  end)

  it("takes the options of the stand-in server", function()
    server = testing.serve { key = "xai-only-this", polls = 0, fixtures = "spec/fixtures" }
    local client = server:client()
    assert.equal("authentication", select(3, client:list_models()).kind)
    client:close()
    client = server:client { api_key = "xai-only-this" }
    assert.truthy(client:list_models())
    assert.truthy(client:list_models { headers = { ["x-fault"] = "fixture,error.404.batch.json" } } == nil)
    client:close()
  end)

  it("takes the options of clients", function()
    server = testing.serve()
    local client = server:client { max_retries = 0, headers = { ["x-fault"] = "status,503" } }
    assert.equal("server", select(3, client:list_models()).kind)
    client:close()
  end)

  it("serves several programs and needs no luv in this one", function()
    local output = programs.code [[
      package.preload.luv = function() error "luv is asked for" end
      local testing, xai = require "xai.testing", require "xai"
      local one, other = testing.serve(), testing.serve()
      for _, server in ipairs { one, other } do print(#server:client():list_models().data > 0) end
      print(one.url ~= other.url)
      one:close()
      print(#other:client():list_models().data > 0)
      other:close()
    ]]
    assert.equal("true\ntrue\ntrue\ntrue\n", output)
  end)

  it("ends by itself when the program ends, however that is", function()
    for _, ending in ipairs { "", "os.exit(3)", "error 'x'", "os.execute('kill -9 ' .. PID)" } do
      local file = os.tmpname()
      programs.code(([[
        PID = io.open("/proc/self/stat"):read "*n"
        local file = io.open(%q, "w")
        file:write(require "xai.testing".serve().url)
        file:close()
        %s
      ]]):format(file, ending))
      local handle = assert(io.open(file))
      local url = handle:read "*a"
      handle:close()
      os.remove(file)
      assert.matches("^http://", url)
      assert.is_true(ends(url), ending)
    end
  end)

  it("says why it did not start", function()
    local first = testing.serve()
    local message = raised(function() testing.serve { port = first.port } end)
    first:close()
    assert.matches("testing_serve_spec.lua:%d+: testing.serve: the server did not start: ", message)
  end)

  it("checks its options", function()
    local function wrong(pattern, options)
      assert.matches("testing_serve_spec.lua:%d+: testing.serve: " .. pattern,
        raised(function() testing.serve(options) end))
    end
    wrong("options must be a table, got a string$", "x")
    wrong("unknown option 'pac' %(did you mean 'pace'%?%)$", { pac = 1 })
    wrong("option 'pace' must be a number, got a string$", { pace = "1" })
    wrong("option 'key' must be a string, got a number$", { key = 5 })
  end)

  it("quotes what a shell would read", function()
    server = testing.serve { key = "xai-it's $(touch /tmp/x) `a`" }
    local client = server:client { api_key = "xai-it's $(touch /tmp/x) `a`" }
    assert.truthy(client:list_models())
    client:close()
  end)
end)
