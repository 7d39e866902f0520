--- libcurl, which is found when the module is loaded.

local programs = require("spec.support.programs")

--- A folder with these files, to be searched before the system's: name = content.
local function folder(files)
  local dir = programs.output("mktemp -d"):gsub("\n", "")
  finally(function() os.execute("rm -r " .. dir) end)
  for name, content in pairs(files) do
    local file = assert(io.open(dir .. "/" .. name, "wb"))
    file:write(content)
    file:close()
  end
  return dir
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

--- What Lua code prints in a process that looks for libraries in `dir` first.
local function prints(code, dir)
  return programs.code(code, { LD_LIBRARY_PATH = dir or false })
end

local NAMES = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so" }
local REQUIRE = [[
  local ok, why = pcall(require, "xai")
  print(ok)
  print(why)
]]

-- Lua 5.1 leaves marks where a module failed to load.
local FORGET = [[ package.loaded["xai.core"], package.loaded.xai = nil ]]

--- Is the module under test linked with libcurl (LINK_CURL=1)?  Otherwise it has the names.
local function is_linked()
  return not read(programs.find_core()):find(NAMES[2], 1, true)
end

describe("libcurl", function()
  if is_linked() then return pending "the module is linked with it" end

  it("that is not there fails `require`, which says what to install", function()
    local files = {}
    for _, name in ipairs(NAMES) do files[name] = "no library" end
    local text = prints(REQUIRE, folder(files))
    assert.matches("^false\n", text)
    assert.matches("xai needs libcurl 7%.66 or later", text)
    assert.matches("libcurl%.so%.4: ", text) -- the system's words
    assert.matches("install the package libcurl4 %(Debian, Ubuntu%)", text)
  end)

  it("that is too old fails `require`, which names a function that it lacks", function()
    -- A library that has none of the functions.
    local text = prints(REQUIRE, folder { ["libcurl.so.4"] = read(programs.find_core()) })
    assert.matches("^false\n", text)
    assert.matches("xai needs libcurl 7%.66 or later: the one found lacks curl_%l+", text)
  end)

  it("is tried again by the next `require`, as its failure leaves no half of the module", function()
    local text = prints(REQUIRE .. FORGET .. REQUIRE, folder { ["libcurl.so.4"] = read(programs.find_core()) })
    local _, failures = text:gsub("the one found lacks", "")
    assert.equal(2, failures)
  end)

  describe("with GnuTLS", function()
    local GNUTLS = "libcurl-gnutls.so.4"
    local there = prints(('print(package.loadlib("%s", "curl_version") ~= nil)'):format(GNUTLS))
    if there ~= "true\n" then return pending "is not here" end

    local SAY = [[
      local core = require "xai.core"
      print(core.libcurl():match "GnuTLS", core.features.TLS)
    ]]

    it("is loaded where the first name is not there", function()
      assert.equal("GnuTLS\ttrue\n", prints(SAY, folder { ["libcurl.so.4"] = "no library" }))
    end)

    it("is used where the program has it already, for all to see", function()
      local others = os.getenv "LD_PRELOAD"
      local all = (others and others .. ":" or "") .. GNUTLS
      assert.equal("GnuTLS\ttrue\n", programs.code(SAY, { LD_PRELOAD = all }))
    end)
  end)
end)
