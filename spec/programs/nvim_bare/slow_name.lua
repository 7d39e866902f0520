--- For programs whose server's name is looked up for long; included with the path of a file that is there
-- when it is being looked up.

-- luacheck: globals xai client asked told

local path = ...

xai = require "xai"
client = xai.new { api_key = "k", base_url = "https://slow.test", max_retries = 0 }
require("xai.uv").attach()

function asked()
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

function told(_, _, info) print(info.kind) end
