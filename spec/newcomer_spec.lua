--- spec/newcomer/run: what it does where no fresh system can be made, and what it leaves behind.
-- The walk itself is .ci/run's.

local programs = require "spec.support.programs"

local folder

--- A program of this name that is found before the system's.
local function fake(name, code)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "w"))
  file:write("#!/bin/bash\n", code, "\n")
  file:close()
  programs.shell("chmod +x " .. path)
end

local function run(settings)
  return programs.shell(("TMPDIR=%s PATH=%s:$PATH %s spec/newcomer/run trixie")
    :format(folder, folder, settings or "CI="))
end

--- Why there can be no namespaces here, or nil.
local function obstacle()
  if programs.shell "id -u" ~= "0\n" then return "needs root" end
  local output, code = programs.shell "unshare --mount --pid --fork --mount-proc true"
  if code ~= 0 then return output end
end

describe("the newcomer's walk", function()
  if not programs.has "bash" then
    pending "is not tried (bash is not installed)"
    return
  end

  before_each(function() folder = programs.shell("mktemp -d"):gsub("\n", "") end)
  after_each(function() programs.shell("rm -r " .. folder) end)

  it("is left out where no fresh system can be made, and that is a failure in CI alone", function()
    fake("id", "echo 1000")
    local output, code = run()
    assert.equal("No fresh trixie can be made here: that needs root\n\n0 passed, 0 failed, 1 skipped\n", output)
    assert.equal(0, code)
    output, code = run "CI=true"
    assert.matches("\n0 passed, 1 failed\n$", output)
    assert.equal(1, code)
  end)

  local missing = obstacle()
  if missing then
    pending("leaves nothing behind (" .. missing .. ")")
    return
  end

  it("says why a system could not be made, and fails", function()
    fake("mmdebstrap", "echo no such suite; exit 3")
    local output, code = run()
    assert.matches("no such suite\n\n0 passed, 1 failed\n$", output)
    assert.equal(1, code)
  end)

  it("leaves no process, no mount and no folder behind when it is ended", function()
    fake("mmdebstrap", [[
      for at; do case $at in */system) break ;; esac; done
      mkdir "$at/proc" && mount -t proc proc "$at/proc"
      setsid sleep 1234.5 &
      echo $at > ]] .. folder .. [[/made
      sleep 1234.5]])
    for _, signal in ipairs { "INT", "TERM", "HUP", "KILL" } do
      os.remove(folder .. "/made")
      programs.shell(([[
        env --default-signal=INT TMPDIR=%s PATH=%s:$PATH spec/newcomer/run trixie >/dev/null 2>&1 &
        run=$!
        while [ ! -s %s/made ]; do sleep 0.05; done
        kill -%s $run
        wait $run
      ]]):format(folder, folder, folder, signal))
      local room = programs.shell("cat " .. folder .. "/made"):match "^(.*)/system\n$"
      assert.equal("", (programs.shell("grep -F " .. room .. " /proc/self/mounts")))
      if signal ~= "KILL" then assert.equal("", (programs.shell("ls -d " .. room .. " 2>/dev/null"))) end
      repeat until programs.shell "grep -sl '1234[.]5' /proc/[0-9]*/cmdline" == ""
    end
  end)
end)
