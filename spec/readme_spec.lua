--- What the README says is so: its code runs, its tables are those of the code, its files are there.

local core = require "xai.core"
local xai = require "xai"
local programs = require "spec.support.programs"
local faults = require "xai.testing.standin.faults"
local forms = require "xai.testing.standin.fault_forms"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local README = slurp "README.md"

--- The code blocks of a language, each with the number of its first line.
local function blocks(language)
  local list = {}
  for before, code in README:gmatch("()```" .. language .. "\n(.-)\n```") do
    local _, lines = README:sub(1, before):gsub("\n", "")
    list[#list + 1] = { code = code .. "\n", line = lines + 2 }
  end
  return list
end

--- The text under a heading.
local function section(title)
  return assert(README:match("\n## " .. title .. "\n(.-)\n## "), title)
end

--- The rows of the tables in a text, each a list of trimmed cells; heads and rules left out.
local function rows(text)
  local list = {}
  for line in text:gmatch "\n(|[^\n]*)" do
    local cells = {}
    for cell in line:gmatch "|%s*([^|]-)%s*%f[|]" do cells[#cells + 1] = cell end
    if cells[1]:find "^`" then list[#list + 1] = cells end
  end
  return list
end

local function sorted(list)
  table.sort(list)
  return list
end

local function trimmed(line)
  return (line:gsub("%s+", " "):gsub(" $", ""))
end

describe("the README", function()
  describe("runs:", function()
    local prelude = assert(README:match "follow these lines.-```lua\n(.-)```")

    --- The lines that a block says it prints, behind `-->`.
    local function promised(code)
      local lines = {}
      for line in code:gmatch "%-%-> ([^\n]*)" do lines[#lines + 1] = trimmed(line) end
      return lines
    end

    local function printed(output)
      local lines = {}
      for line in output:gmatch "([^\n]*)\n" do lines[#lines + 1] = trimmed(line) end
      return lines
    end

    for _, block in ipairs(blocks "lua") do
      it("the Lua of line " .. block.line, function()
        local loop = block.code:match 'require "(cqueues)"'
        if loop and not pcall(require, loop) then return pending("this Lua has no " .. loop) end
        local whole = block.code:find 'require "xai"'
        local output, code = programs.run_text(whole and block.code or prelude .. block.code)
        assert.equal(0, code, output)
        if block.code:find("-->", 1, true) then assert.same(promised(block.code), printed(output)) end
      end)
    end

    it("the first program: it streams an answer", function()
      assert.matches("^Air scatters short waves", (programs.run_text(blocks("lua")[1].code)))
    end)

    local makefile = slurp "Makefile"

    for _, block in ipairs(blocks "sh") do
      it("the shell of line " .. block.line, function()
        local output, code = programs.shell("sh -n <<'END'\n" .. block.code .. "END")
        assert.equal(0, code, output)
        for line in block.code:gmatch "[^\n]+" do
          for goal in (line:match "^make([^#]*)" or line:match "^sudo make([^#]*)" or ""):gmatch "%S+" do
            local variable = goal:match "^(.-)="
            local pattern = variable and "\n" .. variable .. " *%??=" or "\n" .. goal:gsub("%-", "%%-") .. ":[^\n]*## "
            assert.matches(pattern, makefile)
          end
          for path in line:gmatch "%f[%w.]([%w.]+/[%w./_-]+)" do
            local known = path:find "^PWD" or path:find "^mygame" or path:find "^%.build" or path:find "^src/xai/$"
              or path:find "^URL/fault/"
            if not known then assert(io.open((path:gsub("%?.*", ""))), path):close() end
          end
        end
      end)
    end

    it("every block is Lua or shell", function()
      local _, fences = README:gsub("\n```", "")
      assert.equal(2 * (#blocks "lua" + #blocks "sh"), fences)
    end)
  end)

  describe("shows", function()
    it("in its picture what make demo prints", function()
      local pieces = {}
      local svg = slurp "examples/pictures/demo.svg"
      for text in svg:gmatch "<text[^>]*>([^<]*)" do pieces[#pieces + 1] = text end
      assert.equal("$ make demo", table.remove(pieces, 1))
      local output, code = programs.shell("env -u XAI_API_KEY LUA='" .. programs.lua .. "' LUA_PATH='"
        .. programs.path .. "' LUA_CPATH='" .. programs.cpath .. "' .ci/demo")
      assert.equal(0, code, output)
      assert.equal(trimmed(output:gsub("\n", " ")), trimmed(table.concat(pieces, " ")))
    end)

    it("files that are there, and headings that are there", function()
      for target in README:gmatch "%]%(([^)]+)%)" do
        if target:find "^#" then
          local title = target:sub(2):gsub("%-", " ")
          assert.matches("\n## " .. title .. "\n", README:lower())
        else
          assert(io.open(target), target):close()
        end
      end
      for name in README:gmatch "`(examples/[%w_]+%.lua)`" do assert(io.open(name), name):close() end
    end)
  end)

  describe("lists", function()
    it("the functions as they are", function()
      local listed, there = {}, {}
      for i, row in ipairs(rows(section "Functions")) do
        local name, arguments = row[1]:match "^`client:([%w_]+)%((.-)%)`$"
        listed[i] = table.concat({ name, arguments, row[3] == "yes" and "streams" or "" }, " ")
        local id = arguments:match "^([%w_]+_id), "
        assert.equal(id and "{" .. id .. "}" or nil, row[2]:match "{.*}")
      end
      for i, row in ipairs(core.endpoints()) do
        local id, input = row.id and row.id .. ", " or "", row.body and "body, " or row.query and "query, " or ""
        there[i] = table.concat({ row.name, id .. input .. "opts", row.streams and "streams" or "" }, " ")
      end
      assert.same(there, listed)
    end)

    it("the requests of the functions as they are", function()
      local source = slurp "src/base/endpoint.c"
      local there = {}
      for name, method, path in source:gmatch '{"([%w_]+)",%s*"(%u+)",%s*"([^"]+)"' do
        there[name] = method .. " /v1" .. path
      end
      for _, row in ipairs(rows(section "Functions")) do
        local name = row[1]:match "client:([%w_]+)"
        assert.equal(there[name], (row[2]:gsub("{.*}", "{}")))
      end
    end)

    it("the options as they are, with their defaults", function()
      local options, settings = slurp "src/bind/options.c", slurp "src/base/endpoint.c"
      local listed, there, default = {}, {}, {}
      for _, row in ipairs(rows(section "Options")) do
        local name = row[1]:match "^`(.*)`$"
        listed[#listed + 1], default[name] = name, row[3]
      end
      for name in options:gmatch '{"([%w_]+)", TYPE_' do there[#there + 1] = name end
      assert.same(sorted(there), sorted(listed))
      local checked = 0
      for name, seconds in settings:gmatch "s%->([%w_]+)_ms = (%d+) %* 1000;" do
        assert.equal(seconds, default[name])
        checked = checked + 1
      end
      for name, size in settings:gmatch "s%->([%w_]+) = (%d+) %* MIB;" do
        assert.equal(size .. " MiB", default[name])
        checked = checked + 1
      end
      assert.equal(settings:match "s%->max_retries = (%d+)", default.max_retries)
      assert.matches(settings:match 's%->base_url = "(.-)/v1"', default.base_url, 1, true)
      assert.equal(6, checked)
    end)

    it("the kinds of failure as they are", function()
      local listed, there = {}, {}
      for i, row in ipairs(rows(section "Results and errors")) do
        listed[i] = row[1]:match "^`(.*)`$"
        assert.is_true(#row[2] > 0 and #row[3] > 0)
      end
      local names = slurp("src/base/error.c"):match "xai_kind_name.-{.-{(.-)}"
      for name in names:gmatch '"(.-)"' do
        if name ~= "none" then there[#there + 1] = name end
      end
      assert.same(there, listed)
    end)

    it("what a started call, a stream and the module can do", function()
      for name in section("Without waiting"):gmatch "`xai%.([%w_]+)" do
        assert.is_true(xai[name] ~= nil or name == "on_error", name)
      end
      local client = xai.new { api_key = "xai-spec", base_url = "http://127.0.0.1:9", max_retries = 0 }
      local call = client:start("list_models")
      for name in section("Without waiting"):gmatch "`call:([%w_]+)" do assert.is_function(call[name], name) end
      call:cancel()
      client:close()
    end)

    it("what tasks and the scheduler can do", function()
      local task = xai.spawn(function() end)
      for name in section("Many at once"):gmatch "`xai%.([%w_]+)" do
        assert.is_true(xai[name] ~= nil or name == "on_error", name)
      end
      for name in section("Many at once"):gmatch "`task:([%w_]+)" do assert.is_function(task[name], name) end
      task:wait()
    end)

    it("the faults as they are", function()
      local listed, there = {}, {}
      local list = section("Testing your own code"):match "The faults.-\n\n(.-)\n\n"
      for usage in list:gmatch "`([^`]+)`" do listed[#listed + 1] = usage end
      for name in pairs(faults.by_name) do there[#there + 1] = forms.usage(name) end
      assert.same(sorted(there), sorted(listed))
    end)

    it("the layers of src by files that exist", function()
      local house, count = slurp "src/README.md", 0
      for path in house:gmatch "`([%l_]+/[%w_/]+%.[chlua]+)`" do
        count = count + 1
        assert.truthy(io.open("src/" .. path) or io.open(path), path)
      end
      assert.is_true(count >= 30)
      for layer in programs.shell("find src -type d"):gmatch "src/([%w_/]+)\n" do
        assert.matches("**src/" .. layer .. "/**", house, 1, true)
      end
    end)
  end)
end)
