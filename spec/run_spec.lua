--- spec/run: a file that hangs is ended and named, the others go on, and nothing is left running.

local programs = require "spec.support.programs"

local folder

local function write(name, code)
  local file = assert(io.open(folder .. "/" .. name, "w"))
  file:write(code)
  file:close()
end

local function read(name)
  local file = io.open(folder .. "/" .. name)
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text
end

--- The command that runs the files of the folder; settings first, C test programs last.
local function command(settings, c_tests)
  return ("LUA=%s LUA_PATH='%s' LUA_CPATH='%s' UNDER= UNDER_LUA= %s SPECS=%s spec/run %s"):format(programs.lua,
    programs.path, programs.cpath, settings or "", folder, c_tests or "")
end

local function run(settings, c_tests)
  return programs.shell(command(settings, c_tests))
end

--- Does a process of this number run?
local function runs(pid)
  pid = assert(pid:match "^(%d+)\n$", pid)
  local state = programs.shell(("sed 's/.*) //; s/ .*//' /proc/%s/stat 2>/dev/null"):format(pid))
  return state ~= "" and not state:find "^Z"
end

-- Starts a process in a session of its own, which nobody would find by its group.
local STRAY = [[
  local function stray()
    os.execute("setsid sh -c 'echo $$ >%s/pid; exec sleep 1000' >/dev/null 2>&1 &")
    while not io.open("%s/pid") do end
    while io.open("%s/pid"):read "*a" == "" do end
  end
]]

local function stray()
  return (STRAY:gsub("%%s", folder))
end

describe("spec/run", function()
  before_each(function() folder = programs.shell("mktemp -d"):gsub("\n", "") end)
  after_each(function() programs.shell("rm -r " .. folder) end)

  it("counts what passed, failed and was skipped, of all files and programs", function()
    write("a_spec.lua", [[
      it("is right", function() end)
      it("is wrong", function() error("so wrong") end)
      pending("is for later")
    ]])
    write("b_spec.lua", [[it("is right", function() end)]])
    write("c_spec.lua", [[it("ends it all", function() os.exit(0) end)]])
    write("d_spec.lua", [[it("is right" function]])
    local output, code = run(nil, "/bin/true /bin/false")
    assert.equal(1, code)
    assert.matches("\n3 passed, 4 failed, 1 skipped\n$", output)
    assert.matches("FAILED   /bin/false", output, 1, true)
    assert.matches("so wrong", output, 1, true)
    assert.matches("\nok       [^\n]*b_spec.lua", output)
    assert.matches("\nFailed:\n  /bin/false: ", output, 1, true)
    for name in ("acd"):gmatch "." do assert.matches("\n  %S*" .. name .. "_spec.lua: ", output) end
  end)

  it("succeeds when all is well", function()
    write("a_spec.lua", [[it("is right", function() end)]])
    local output, code = run()
    assert.matches("\n1 passed, 0 failed, 0 skipped\n$", output)
    assert.equal(0, code)
  end)

  it("fails when there is nothing to run", function()
    local output, code = run()
    assert.matches("\n0 passed, [12] failed, 0 skipped\n$", output)
    assert.equal(1, code)
  end)

  it("ends a file that hangs, with what it started, and goes on", function()
    write("a_spec.lua", stray() .. [[
      describe("a file", function()
        it("is right", function() end)
        it("never ends", function()
          stray()
          while true do end
        end)
      end)
    ]])
    write("b_spec.lua", [[it("is right", function() end)]])
    local output, code = run("LIMIT=5 JOBS=1")
    assert.equal(1, code)
    assert.matches("\nFailed:\n  %S*a_spec.lua: not ended after 5 s, in: a file never ends\n", output)
    assert.matches("\n1 passed, 1 failed, 0 skipped\n$", output)
    assert.is_false(runs(read "pid"))
  end)

  it("ends what a file left running, and says so", function()
    write("a_spec.lua", stray() .. [[it("is right", stray)]])
    local output, code = run()
    assert.equal(1, code)
    assert.matches("\n  %S*a_spec.lua: 1 passed, and left running: sleep 1000", output)
    assert.is_false(runs(read "pid"))
  end)

  it("ends everything when it is interrupted", function()
    for _, signal in ipairs { "INT", "TERM", "HUP" } do
      write("a_spec.lua", stray() .. [[it("never ends", function() stray() while true do end end)]])
      os.remove(folder .. "/pid")
      local output, code = programs.shell(([[
        exec 3>&1
        env --default-signal=INT %s >&3 2>&1 &
        run=$!
        while [ ! -s %s/pid ]; do sleep 0.05; done
        kill -%s $run
        wait $run
      ]]):format(command(), folder, signal))
      assert.matches("spec/run was interrupted\n$", output)
      assert.equal(({ INT = 130, TERM = 143, HUP = 129 })[signal], code)
      assert.is_false(runs(read "pid"))
    end
  end)

  it("closes behind a spec what it opened, also when it failed", function()
    write("a_spec.lua", [[
      local uv = require "luv"
      local scripted = require "spec.support.scripted"
      local server
      local function open()
        server = scripted.kept { "" }
        return server.url:match "%d+$"
      end
      local function answers(port)
        local socket, said = uv.new_tcp(), nil
        socket:connect("127.0.0.1", tonumber(port), function(problem) said = problem or "connected" end)
        while not said do uv.run "once" end
        socket:close()
        uv.run "nowait"
        return said
      end
      describe("what is opened", function()
        local outer, inner
        setup(function() outer = open() end)
        teardown(function() server.close() end)
        it("by a spec that fails", function() inner = open() error "so wrong" end)
        it("is closed", function() assert.equal("ECONNREFUSED", answers(inner)) end)
        it("is open when the setup did it", function() assert.equal("connected", answers(outer)) end)
      end)
    ]])
    local output = run()
    assert.matches("\n2 passed, 1 failed, 0 skipped\n$", output)
  end)
end)
