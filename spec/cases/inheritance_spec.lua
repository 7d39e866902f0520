--- A program that the host starts inherits no descriptor of the library's or of libcurl's.

local child = require "spec.support.child"
local rig = require "spec.support.rig"

describe("a program that is started", function()
  if not io.open("/proc/self/fd") then
    pending "inherits nothing (there is no /proc)"
    return
  end

  local house
  setup(function() house = rig.open() end)
  teardown(function() house:close() end)

  -- What `ls` has open beyond what it had before there was a client: after a call, beside a stream, and
  -- while the descriptor is shown.
  for how, code in pairs {
    ["a connection that was kept"] = "assert(client:list_models())",
    ["a stream under way"] = "stream = assert(client:chat(hello)) assert(stream:next())",
    ["the descriptor for other loops"] = "assert(client:list_models()) xai.fd() xai.timeout()",
    ["HTTP/2"] = "assert(client:list_models { http_version = '2' })",
  } do
    it("does not inherit " .. how .. " (defect found by reading, 33)", function()
      local said = child.lua(([[
        local function open()
          local list, ls = {}, io.popen "ls -l /proc/self/fd"
          for line in ls:lines() do list[#list + 1] = line:match "([0-9]+) %%->" end
          ls:close()
          return table.concat(list, " ")
        end
        local before = open()
        local xai = require "xai"
        local hello = { model = "grok-4.5", stream = true, messages = { { role = "user", content = "Hi" } } }
        local client = xai.new { api_key = %q, base_url = %q }
        local stream
        %s
        print(open() == before and "nothing" or before .. " | " .. open())
      ]]):format(rig.KEY, house.server.url, code))
      assert.equal("nothing\n", said)
    end)
  end
end)
