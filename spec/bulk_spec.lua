--- xai.bulk: a function for each of many items, some at once, with a file from which the job goes on.

local core = require "xai.core"
local leftovers = require "spec.support.leftovers"
local live = require "spec.support.live"
local programs = require "spec.support.programs"
local xai = require "xai"

local same = assert.same

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local paths = {}

--- A path for the file of a job, with this content; without one it is not there.
local function path_of(content)
  local path = os.tmpname()
  os.remove(path)
  if content then write(path, content) end
  paths[#paths + 1] = path
  return path
end

leftovers.add(function() for _, path in ipairs(paths) do os.remove(path) end end)

local function lines_of(path)
  local lines = {}
  for line in slurp(path):gmatch "[^\n]*\n" do lines[#lines + 1] = xai.decode(line) end
  return lines
end

local function range(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

--- An iterator over the list that must not be called after its end.
local function iterator(list)
  local i, ended = 0, false
  return function()
    assert(not ended, "called after its end")
    i = i + 1
    ended = list[i] == nil
    return list[i]
  end
end

local function double(item) return item * 2 end

--- The specs of both worlds: the main program, and a task.
local function in_a_task(f)
  return function()
    local ok, err = pcall(xai.run, f)
    if not ok then error(err, 0) end
  end
end

for _, world in ipairs { { "in a plain script", function(f) return f end }, { "in a task", in_a_task } } do
  local within = world[2]

  describe("xai.bulk " .. world[1], function()
    after_each(function() assert.equal(0, live()) end)

    it("calls f(item, index) once for each of a list and reports", within(function()
      local seen = {}
      local report, message, info = xai.bulk({ "a", "b", "c" }, function(item, index)
        seen[index] = (seen[index] or "") .. item
        return item
      end)
      same({ "a", "b", "c" }, seen)
      same({ 3, 0, 0 }, { report.done, report.failed, report.skipped })
      assert.is_nil(message)
      assert.equal(report, info.report)
      assert.is_true(info.elapsed >= 0)
    end))

    it("reports nothing done for an empty list or iterator", within(function()
      for _, items in ipairs { {}, iterator {} } do
        local report = xai.bulk(items, error)
        same({ 0, 0, 0 }, { report.done, report.failed, report.skipped })
      end
    end))

    it("takes an iterator, which is not called after its end", within(function()
      local sum = 0
      local report = xai.bulk(iterator(range(100)), function(item)
        xai.sleep(0)
        sum = sum + item
        return sum
      end, { at_once = 7 })
      assert.equal(100, report.done)
      assert.equal(5050, sum)
    end))

    it("takes an iterator that waits, and asks it for one item at a time", within(function()
      local asked, most, i = 0, 0, 0
      local report = xai.bulk(function()
        asked = asked + 1
        most = math.max(most, asked)
        xai.sleep(0.001)
        asked = asked - 1
        i = i + 1
        if i <= 20 then return i end
      end, function() return xai.sleep(0.002) or true end, { at_once = 5 })
      assert.equal(20, report.done)
      assert.equal(1, most)
      assert.equal(21, i)
    end))

    it("takes a table that can be called", within(function()
      local items = iterator { "a", "b" }
      local f = setmetatable({}, { __call = function(_, item) return item end })
      assert.equal(2, xai.bulk(setmetatable({}, { __call = function() return items() end }), f).done)
    end))

    for _, most in ipairs { 1, 3, 16 } do
      it("has at most " .. most .. " at once, whatever waits in between", within(function()
        local here, peak = 0, 0
        local function wait() xai.sleep(math.random() / 500) end
        local i = 0
        local report = xai.bulk(function()
          if i % 9 == 0 then wait() end
          i = i + 1
          if i <= 60 then return i end
        end, function(item)
          here = here + 1
          peak = math.max(peak, here)
          for _ = 1, 500 do
            xai.sleep(0.002)
            if peak >= most then break end
          end
          if item % 7 == 0 then
            here = here - 1
            error "seven"
          end
          if item % 5 == 0 then xai.await(function(done) xai.spawn(done, 1) end) end
          here = here - 1
          return item
        end, { at_once = most ~= 16 and most or nil, key = function(item) wait() return item end, on_done = wait })
        assert.equal(most, peak)
        same({ 52, 8 }, { report.done, report.failed })
      end))
    end

    it("tells on_done of each item: key, value, message, info", within(function()
      local told = {}
      local failure = core.failure("rate_limit", "too many")
      local report = xai.bulk({ "good", "bad", "none", "raised", "thrown" }, function(item)
        if item == "good" then return { 1 } end
        if item == "bad" then return nil, "no luck", failure end
        if item == "raised" then error("oops", 0) end
        if item == "thrown" then error(failure, 0) end
      end, { on_done = function(key, ...) told[key] = { n = select("#", ...), ... } end })
      same({ n = 3, { 1 } }, told.good)
      same({ n = 3, nil, "no luck", failure }, told.bad)
      assert.equal(failure, told.bad[3])
      same({ n = 3, nil, "the function gave no value" }, told.none)
      same({ n = 3, nil, "oops" }, told.raised)
      same({ n = 3, nil, tostring(failure), failure }, told.thrown)
      same({ 1, 4 }, { report.done, report.failed })
    end))

    it("appends a line for each item when it is told, no sooner and no later", within(function()
      local path, count = path_of(), 0
      xai.bulk({ "a", "b", "c" }, function(item)
        if item == "b" then return nil, "bad" end
        return { text = item }
      end, { file = path, at_once = 1, on_done = function()
        count = count + 1
        assert.equal(count, #lines_of(path))
      end })
      assert.equal('{"key":"a","value":{"text":"a"}}\n{"key":"b","error":"bad"}\n{"key":"c","value":{"text":"c"}}\n',
        slurp(path))
    end))

    it("skips what is done and tries failures again", within(function()
      local path, asked = path_of(), {}
      local function f(item)
        asked[#asked + 1] = item
        if item % 2 == 0 and #asked <= 6 then return nil, "even" end
        return item
      end
      local first = xai.bulk(range(6), f, { file = path })
      same({ 3, 3, 0 }, { first.done, first.failed, first.skipped })
      local second = xai.bulk(iterator(range(8)), f, { file = path, at_once = 1 })
      same({ 5, 0, 3 }, { second.done, second.failed, second.skipped })
      same({ 1, 2, 3, 4, 5, 6, 2, 4, 6, 7, 8 }, asked)
      local third = xai.bulk(range(8), error, { file = path })
      same({ 0, 0, 8 }, { third.done, third.failed, third.skipped })
      local values = {}
      for _, line in ipairs(lines_of(path)) do
        if line.value then
          assert.is_nil(values[line.key])
          values[line.key] = line.value
        end
      end
      same(range(8), values)
    end))

    it("stops when the budget has ended: what was not begun is not written", within(function()
      local path, told = path_of(), {}
      local over = core.failure("limit", "the budget is used up")
      over.code = "budget"
      local report, message, info = xai.bulk(range(20), function(item)
        xai.sleep(item == 4 and 0.01 or item == 5 and 0.015 or 0.02)
        if item == 4 then return nil, tostring(over), over end
        if item == 5 then error(over, 0) end
        return item
      end, { file = path, at_once = 6, on_done = function(key) told[#told + 1] = key end })
      assert.is_nil(report)
      assert.matches("budget", message)
      same({ "limit", "budget", false }, { info.kind, info.code, info.retryable })
      same({ 4, 0 }, { info.report.done, info.report.failed })
      table.sort(told)
      same({ 1, 2, 3, 6 }, told)
      assert.equal(4, #lines_of(path))
      assert.equal(16, xai.bulk(range(20), double, { file = path }).done)
    end))

    it("stops after so many failures; what is under way ends and is written", within(function()
      local path = path_of()
      local report, message, info = xai.bulk(iterator(range(100)), function(item)
        xai.sleep(item > 2 and 0.02 or 0.01)
        if item <= 3 then return nil, "bad " .. item end
        return item
      end, { file = path, at_once = 4, stop_after = 2 })
      assert.is_nil(report)
      assert.equal("2 items failed, the last: bad 2", info.message)
      assert.matches(info.message, message, 1, true)
      same({ "limit", "stop_after" }, { info.kind, info.code })
      same({ 2, 3 }, { info.report.done, info.report.failed })
      assert.equal(5, #lines_of(path))
    end))

    it("raises what the iterator, key or on_done has raised, when all that was under way is written", within(function()
      for _, which in ipairs { "iterator", "key", "on_done" } do
        local path, i = path_of(), 0
        local function fails(name, at)
          if name == which and at == 5 then error({ name }, 0) end
        end
        local ok, err = pcall(xai.bulk, function()
          i = i + 1
          fails("iterator", i)
          return i
        end, function(item)
          xai.sleep(item == 1 and 0.02 or item == 5 and 0 or 0.005)
          return item
        end, {
          file = path, at_once = 5, key = function(item)
            fails("key", item)
            return item
          end,
          on_done = function(key) fails("on_done", key) end,
        })
        assert.is_false(ok)
        same({ which }, err)
        assert.equal(which == "on_done" and 5 or 4, #lines_of(path))
        assert.equal(5, i) -- nothing new
      end
    end))

    it("raises what a waiting iterator has raised while others wait for it", within(function()
      local i = 0
      local ok, err = pcall(xai.bulk, function()
        i = i + 1
        xai.sleep(0.002)
        if i == 8 then error("end", 0) end
        return i
      end, function() end, { at_once = 4 })
      same({ false, "end" }, { ok, err })
      assert.equal(8, i)
    end))
  end)
end

describe("keys of xai.bulk", function()
  it("are the item where that is a string or a number, else its index", function()
    local told = {}
    xai.bulk({ "a", 7.5, { "t" }, true, 0 / 0 }, function() end, { on_done = function(key) told[#told + 1] = key end })
    same({ "a", 7.5, 3, 4, 5 }, told)
  end)

  it("are what key(item, index) gives", function()
    local path = path_of()
    xai.bulk({ { id = "x" }, { id = "y" } }, function(item) return item.id:upper() end, {
      file = path, key = function(item, index) return item.id .. index end,
    })
    assert.equal('{"key":"x1","value":"X"}\n{"key":"y2","value":"Y"}\n', slurp(path))
  end)

  it("must be strings or numbers", function()
    for _, bad in ipairs { { {}, "table" }, { true, "boolean" }, { 1 / 0, "inf" }, { 0 / 0, "nan" } } do
      local ok, err = pcall(xai.bulk, { "a" }, double, { key = function() return bad[1] end })
      assert.is_false(ok)
      assert.matches("^xai.bulk: key must give a string or a number, got %-?" .. bad[2] .. " for item 1", err)
    end
    assert.has_error(function() xai.bulk({ "a" }, double, { key = function() end }) end,
      "xai.bulk: key must give a string or a number, got nil for item 1")
  end)

  it("that are not UTF-8 are written with their bytes, and found again", function()
    local path = path_of()
    local items = { "caf\233", "caf\232", "caf\239\191\189", "\0\255\n" }
    local values = {}
    local function f(item) return #item end
    assert.equal(4, xai.bulk(items, f, { file = path }).done)
    for _, line in ipairs(lines_of(path)) do values[#values + 1] = { line.key, line.bytes, line.value } end
    same({
      { "caf\239\191\189", "636166e9", 4 }, { "caf\239\191\189", "636166e8", 4 }, { "caf\239\191\189", nil, 6 },
      { "\0\239\191\189\n", "00ff0a", 3 },
    }, values)
    assert.equal(4, xai.bulk(items, error, { file = path }).skipped)
  end)

  it("tell a number from its text, and are exact", function()
    local path = path_of()
    local items = { 1, "1", 0.1 + 0.2, 0.3, 2 ^ 53, -0.5, 1e300 }
    assert.equal(7, xai.bulk(items, function(item) return item end, { file = path }).done)
    assert.equal(7, xai.bulk(items, error, { file = path }).skipped)
    assert.equal(1, xai.bulk({ 0.3, 0.30000000000000010 }, function() return 1 end, { file = path }).done)
  end)

  it("that come twice are done once where there is a file", function()
    local path, asked = path_of(), {}
    local report = xai.bulk({ "a", "b", "a", "a", "b", "c" }, function(item)
      asked[#asked + 1] = item
      xai.sleep(0.001)
      return item
    end, { file = path })
    same({ "a", "b", "c" }, asked)
    same({ 3, 0, 3 }, { report.done, report.failed, report.skipped })
    assert.equal(3, #lines_of(path))
  end)

  it("that come twice are both done where nothing is kept", function()
    assert.equal(3, xai.bulk({ "a", "a", "b" }, function() return 1 end).done)
  end)
end)

describe("values in the file of xai.bulk", function()
  it("may be all that JSON can say", function()
    local path = path_of()
    local values = { false, xai.null, xai.array {}, { a = { 1, "b" } }, "", 0 }
    local report = xai.bulk(range(6), function(i) return values[i] end, { file = path, at_once = 1 })
    assert.equal(6, report.done)
    assert.equal('{"key":1,"value":false}\n{"key":2,"value":null}\n{"key":3,"value":[]}\n'
      .. '{"key":4,"value":{"a":[1,"b"]}}\n{"key":5,"value":""}\n{"key":6,"value":0}\n', slurp(path))
    assert.equal(6, xai.bulk(range(6), error, { file = path }).skipped)
  end)

  it("that are not UTF-8 get U+FFFD, within tables, too", function()
    local path = path_of()
    xai.bulk({ 1, 2 }, function(i) return i == 1 and "\255" or { text = { "\254" } } end, { file = path, at_once = 1 })
    assert.equal('{"key":1,"value":"\239\191\189"}\n{"key":2,"value":{"text":["\239\191\189"]}}\n', slurp(path))
  end)

  it("that JSON cannot say make the item fail", function()
    local path, told = path_of(), nil
    local endless = {}
    endless.again = endless
    for _, value in ipairs { print, { f = print }, endless, 1 / 0 } do
      local report = xai.bulk({ "a" }, function() return value end, {
        file = path, on_done = function(...) told = { n = select("#", ...), ... } end,
      })
      same({ 0, 1 }, { report.done, report.failed })
      same({ "a", nil }, { told[1], told[2] })
      assert.matches("^the value cannot be written: [^/:]+$", told[3])
    end
    assert.matches('^{"key":"a","error":"the value cannot be written: ', slurp(path))
  end)

  it("may be longer than what is read at once", function()
    local path, text = path_of(), ("x"):rep(16384)
    xai.bulk(range(5), function(i) return text:sub(i) end, { file = path })
    assert.equal(5, xai.bulk(range(5), error, { file = path }).skipped)
    for _, line in ipairs(lines_of(path)) do assert.equal(16385 - line.key, #line.value) end
  end)

  it("are written with errors of any kind as text", function()
    local path = path_of()
    xai.bulk({ 1, 2, 3 }, function(i)
      if i == 1 then return nil, setmetatable({}, { __tostring = function() return "as text" end }) end
      if i == 2 then error({ "no text" }, 0) end
      return nil, "caf\233\nline"
    end, { file = path, at_once = 1 })
    local lines = lines_of(path)
    table.sort(lines, function(a, b) return a.key < b.key end)
    assert.equal("as text", lines[1].error)
    assert.matches("^table: ", lines[2].error)
    assert.equal("caf\239\191\189\nline", lines[3].error)
  end)
end)

describe("the file of xai.bulk", function()
  local LINE = '{"key":"a","value":1}\n'

  it("loses a torn last line, wherever it is torn", function()
    local torn = '{"key":"b","value":"two"}'
    for n = 1, #torn - 1 do
      local path = path_of(LINE .. torn:sub(1, n))
      assert.equal(1, xai.bulk({ "a", "b" }, function() return "anew" end, { file = path }).done)
      assert.equal(LINE .. '{"key":"b","value":"anew"}\n', slurp(path))
      os.remove(path)
    end
  end)

  it("keeps a last line that lacks its end alone", function()
    local path = path_of(LINE .. '{"key":"b","value":"two"}')
    local report = xai.bulk({ "a", "b", "c" }, function() return 3 end, { file = path })
    same({ 1, 2 }, { report.done, report.skipped })
    assert.equal(LINE .. '{"key":"b","value":"two"}\n{"key":"c","value":3}\n', slurp(path))
  end)

  it("may have been edited: blank lines, blanks, another order", function()
    local path = path_of('\n  \r\n{ "value" : null , "key" : "a" }\r\n{"error":"x","key":"b"}\n'
      .. '{"key":"b","value":2}\n')
    assert.equal(2, xai.bulk({ "a", "b" }, error, { file = path }).skipped)
  end)

  it("is refused and left as it is where it is no bulk file", function()
    for text, line in pairs {
      ["one\ntwo\n"] = 1, ["a picture without a line end"] = 1, ["{"] = false, ['{"key":"a"}\n'] = 1,
      [LINE .. '{"id":1}\n'] = 2, [LINE .. "[1]\n"] = 2, [LINE .. "{\n"] = 2, [LINE .. "torn"] = 2,
      [LINE .. "\0\0\0"] = 2,
      ['{"key":{},"value":1}\n'] = 1, ['{"key":true,"value":1}\n'] = 1, ["\n\n7\n"] = 3, ['"key"'] = 1,
      ['{"custom_id":"a","body":{}}'] = 1,
    } do
      local path = path_of(text)
      if line then
        assert.has_error(function() xai.bulk({ "a" }, error, { file = path }) end,
          ("xai.bulk: file '%s': line %d is no line of a bulk job"):format(path, line))
        assert.equal(text, slurp(path))
      else
        assert.equal(1, xai.bulk({ "a" }, error, { file = path }).failed)
      end
      os.remove(path)
    end
  end)

  it("is refused where it cannot be opened", function()
    assert.has_error(function() xai.bulk({ "a" }, error, { file = "a\0b" }) end) -- Lua 5.1 cuts its message
    for path, words in pairs {
      ["/nowhere/at/all"] = "No such file or directory", [""] = "No such file or directory",
      ["/tmp"] = "Is a directory",
    } do
      local ok, err = pcall(xai.bulk, { "a" }, error, { file = path })
      assert.is_false(ok)
      assert.equal("xai.bulk: file '" .. path .. "': " .. words, (err:gsub("^[^:]*:%d+: ", "")))
    end
  end)

  it("may have a name in any encoding", function()
    local path = path_of() .. "-caf\233"
    paths[#paths + 1] = path
    assert.equal(1, xai.bulk({ "a" }, function() return 1 end, { file = path }).done)
    assert.equal(LINE, slurp(path))
  end)

  it("belongs to one job at a time, of this process or another", function()
    local path = path_of()
    local refused = "xai.bulk: file '" .. path .. "': it is in use: another job works with it"
    xai.bulk({ "a" }, function()
      assert.has_error(function() xai.bulk({ "b" }, error, { file = path }) end, refused)
      local said = programs.code(("print(pcall(require('xai').bulk, { 1 }, print, { file = '%s' }))"):format(path))
      assert.matches("false\t[^\n]*" .. refused:gsub("%p", "%%%0"), said)
      return 1
    end, { file = path })
    assert.equal(LINE, slurp(path))
    assert.equal(1, xai.bulk({ "b" }, function() return 2 end, { file = path }).done) -- free again
  end)

  it("is free again after an error", function()
    local path = path_of()
    assert.has_error(function() xai.bulk(function() error("no", 0) end, error, { file = path }) end, "no")
    assert.equal(1, xai.bulk({ "b" }, function() return 2 end, { file = path }).done)
  end)

  it("that takes no more stops the job: nothing is told that is not written", function()
    local told = 0
    local report, message, info = xai.bulk(range(100), function(item) return item end, {
      file = "/dev/full", at_once = 3, on_done = function() told = told + 1 end,
    })
    assert.is_nil(report)
    assert.matches("cannot write to '/dev/full': No space left on device", message, 1, true)
    same({ "limit", "file" }, { info.kind, info.code })
    same({ 0, 0, 0 }, { info.report.done, info.report.failed, told })
  end)

  it("has whole lines only where the disk was full for a while", function()
    local path = path_of()
    local said = programs.shell(programs.with({}, ([[sh -c 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"' %s -e '
      local xai, list = require "xai", {}
      for i = 1, 100 do list[i] = i end
      local report, message, info = xai.bulk(list, function(i) return ("x"):rep(40) end, { file = "%s", at_once = 4 })
      io.write(tostring(report), " ", info.code, " ", info.report.done)']]):format(programs.lua, path)))
    local done = tonumber(said:match "^nil file (%d+)$")
    assert.is_true(done and done > 5 and done < 30, said)
    assert.equal(done, #lines_of(path))
    assert.equal(100 - done, xai.bulk(range(100), double, { file = path }).done)
  end)

  it("may be a pipe, which is only written to", function()
    local said = programs.shell(programs.with({}, programs.lua
      .. [[ -e 'require "xai".bulk({ 1, 2 }, function(i) return i end, { file = "/dev/stdout" })' | cat]]))
    assert.equal('{"key":1,"value":1}\n{"key":2,"value":2}\n', said)
  end)
end)

describe("an interrupted xai.bulk", function()
  after_each(function() assert.equal(0, live()) end)

  it("ends all that is under way when its task is cancelled, and its file is good", function()
    local path, begun, ended, told = path_of(), 0, 0, 0
    local task = xai.spawn(function()
      xai.bulk(range(100), function(item)
        begun = begun + 1
        if item <= 10 then return item end
        if _VERSION == "Lua 5.1" then xai.sleep(60) end -- which cannot wait within pcall
        local ok = pcall(xai.sleep, 60)
        ended = ended + (ok and 0 or 1)
        return item
      end, { file = path, at_once = 5, on_done = function() told = told + 1 end })
    end)
    while begun < 15 do xai.step(0.01) end
    task:cancel()
    for _ = 1, 5 do xai.step(0) end
    assert.equal("cancelled", task:status())
    local _, err = pcall(task.wait, task)
    same({ "cancelled", 10 }, { err.kind, err.report.done })
    same({ 15, 10 }, { begun, told })
    assert.equal(_VERSION == "Lua 5.1" and 0 or 5, ended)
    assert.equal(10, #lines_of(path))
    assert.equal(90, xai.bulk(range(100), double, { file = path }).done)
  end)

  it("raises Ctrl-C as an error of kind cancelled with the report, from any place in it", function()
    for _, place in ipairs { "f", "key", "on_done", "iterator" } do
      local path, i = path_of(), 0
      local function interrupt(where)
        if where == place and i == 4 then error("interrupted!", 0) end
      end
      local ok, err = pcall(xai.bulk, function()
        i = i + 1
        interrupt "iterator"
        return i
      end, function(item)
        if item < 4 then return item end
        interrupt "f"
        return item
      end, {
        at_once = 1, file = path, on_done = function() interrupt "on_done" end,
        key = function(item)
          interrupt "key"
          return item
        end,
      })
      assert.is_false(ok)
      same({ "cancelled", "interrupted", place == "on_done" and 4 or 3 }, { err.kind, err.message, err.report.done })
      assert.equal(err.report.done, #lines_of(path))
    end
  end)
end)

describe("the memory of xai.bulk", function()
  --- Kilobytes in use at item 500 and at item 50,000 of an iterator.
  local function measure(opts)
    local first, i = nil, 0
    local function used()
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local report = xai.bulk(function()
      i = i + 1
      if i == 500 then first = used() end
      if i <= 50000 then return "item number " .. i end
    end, function(item, index)
      if index % 1000 == 0 then xai.sleep(0) end
      if index % 100 == 0 then return nil, "bad" end
      if index % 150 == 0 then error "worse" end
      return item
    end, opts)
    assert.equal(50000, report.done + report.failed)
    return first, used()
  end

  it("is flat from item 500 to item 50,000", function()
    local first, last = measure {}
    assert.is_true(last < first + 400, ("%.0f KB, then %.0f"):format(first, last))
  end)

  it("grows by no more than the keys where there is a file", function()
    local first, last = measure { file = path_of(), key = function(item) return tonumber(item:match "%d+") end }
    assert.is_true(last < first + 65536 * 40 / 1024 + 400, ("%.0f KB, then %.0f"):format(first, last))
  end)
end)

describe("misuse of xai.bulk", function()
  it("raises at the line of the caller, naming the argument", function()
    for _, case in ipairs {
      { "xai.bulk: expected a list or an iterator, got nil", nil, print },
      { "xai.bulk: expected a list or an iterator, got string", "a", print },
      { "xai.bulk: expected a list, got a table with the key 'a'", { a = 1 }, print },
      { "xai.bulk: item 2 must be there, got nil", { 1, nil, 3 }, print },
      { "xai.bulk: expected a function, got nil", {}, nil },
      { "xai.bulk: options must be a table, got string", {}, print, "file" },
      { "xai.bulk: unknown option 'at_onc' (did you mean 'at_once'?)", {}, print, { at_onc = 1 } },
      { "xai.bulk: unknown option 'timeout'", {}, print, { timeout = 1 } },
      { "xai.bulk: unknown option '1'", {}, print, { 1 } },
      { "xai.bulk: option 'at_once' must be a whole number from 1, got 0", {}, print, { at_once = 0 } },
      { "xai.bulk: option 'at_once' must be a whole number from 1, got 1.5", {}, print, { at_once = 1.5 } },
      { "xai.bulk: option 'stop_after' must be a whole number from 1, got string", {}, print, { stop_after = "1" } },
      { "xai.bulk: option 'file' must be a path, got boolean", {}, print, { file = true } },
      { "xai.bulk: option 'progress' must be a boolean, got string", {}, print, { progress = "no" } },
      { "xai.bulk: option 'key' must be a function, got string", {}, print, { key = "id" } },
      { "xai.bulk: option 'on_done' must be a function, got table", {}, print, { on_done = {} } },
    } do
      local ok, err = pcall(function() xai.bulk(case[2], case[3], case[4]) end)
      assert.is_false(ok)
      assert.equal(case[1], err:match "^spec/bulk_spec.lua:%d+: (.*)$" or err)
    end
  end)
end)
