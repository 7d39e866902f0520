--- JSON is the same whatever library is underneath, and nothing is lost in it.

local core = require("xai.core")
local xai = require("xai")
local json_module = require("spec.support.json_module")
local rig = require("spec.support.rig")
local promises = require("spec.support.json_promises")

local null_address = core.null

-- The libraries that users have, and stricter or looser ones that they might have.
local LIBRARIES = {
  { "this machine's lua-cjson", require("cjson") },
  { "this machine's lua-cjson, the one that does not raise", require("cjson.safe") },
  { "a library like OpenResty's lua-cjson",
    json_module.make { null = null_address, integers = true, new = true, array_mt = { __name = "array" } } },
  { "a library like vim.json", json_module.make { null = null_address, empty_array = true } },
  { "a library with a table for null", json_module.make { integers = true, halves = true } },
  { "a library with a userdata for null", json_module.make { null = io.stderr, empty_array = true, new = true } },
  { "a library that returns its errors", json_module.make { soft = true, halves = true } },
}

for _, library in ipairs(LIBRARIES) do
  describe("JSON on " .. library[1], function()
    local codec = core.codec(library[2])
    local function encode(v) return (core.encode(codec, v)) end
    local function decode(text) return core.decode(codec, text) end
    for _, promise in ipairs(promises) do
      it(promise[1], function() promise[2](encode, decode, xai) end)
    end
  end)
end
