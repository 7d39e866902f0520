--- core.line_file: the file of a bulk job, as Lua sees it.

local core = require "xai.core"

local function new_path(content)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(content or "")
  file:close()
  return path
end

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

describe("core.line_file", function()
  it("reads what is there, cuts it, and appends", function()
    local path = new_path("one\ntwo" .. ("x"):rep(40000))
    local file = assert(core.line_file(path))
    local pieces = {}
    for piece in file.read, file do pieces[#pieces + 1] = piece end
    assert.equal(3, #pieces)
    assert.equal(slurp(path), table.concat(pieces))
    assert.is_true(file:cut(4))
    assert.is_true(file:append "th\0ree\n")
    assert.is_true(file:append "")
    assert.equal("one\nth\0ree\n", slurp(path))
    file:close()
    file:close()
    os.remove(path)
  end)

  it("gives nil and a message where it does not work", function()
    assert.same({ nil, "No such file or directory" }, { core.line_file "/nowhere/at/all" })
    assert.same({ nil, "Invalid argument" }, { core.line_file "/tmp/a\0b" })
    local path = new_path()
    local file = assert(core.line_file(path))
    assert.same({ nil, "it is in use: another job works with it" }, { core.line_file(path) })
    file:close()
    assert.same({ nil, "Bad file descriptor" }, { file:append "x" })
    assert.same({ nil, "Bad file descriptor" }, { file:cut(0) })
    assert.same({ nil, "Bad file descriptor" }, { file:read() })
    os.remove(path)
  end)

  it("is closed, and free for others, when it is collected", function()
    local path = new_path()
    assert(core.line_file(path))
    collectgarbage()
    collectgarbage()
    assert(core.line_file(path)):close()
    os.remove(path)
  end)

  it("raises where its arguments are wrong", function()
    local path = new_path()
    local file = assert(core.line_file(path))
    for _, bad in ipairs { -1, 1e300, 0 / 0, "x" } do
      assert.has_error(function() file:cut(bad) end)
    end
    assert.has_error(function() file:append {} end)
    assert.has_error(function() file.append("x", "y") end)
    assert.has_error(function() core.line_file {} end)
    file:close()
    os.remove(path)
  end)
end)
