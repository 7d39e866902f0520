--- client:download(url, path[, opts]): the file behind an address, without the client's key.

local core = require "xai.core"
local saving = require "xai.client.saving"

local error = error

--- The method.  `complete` waits for what a request gives, see client.lua.
return function(complete)
  --- See types.lua.
  -- @return the path, nil, info; or nil, message, info.  There is no half of a file
  return function(client, url, path, opts)
    local options, problem = saving.options(path, opts)
    if not options then error("client:download: " .. problem, 2) end
    local own = {}
    local request = core.start(client, "download", url, options, nil, own)
    return saving.download(client, request, url, options, own, nil, function(next_request, next_options)
      return complete(client, next_request, "download", false, next_options)
    end)
  end
end
