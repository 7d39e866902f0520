--- rig.lua - a stand-in server in its own process, and clients for it.

local leftovers = require("spec.support.leftovers")
local live = require("spec.support.live")
local standin = require("spec.support.server")
local xai = require("xai")

local M = { KEY = "xai-spec-0123456789abcdef" }

local Rig = {}
Rig.__index = Rig

--- Start the server; `options` are those of server.spawn.
function M.open(options)
  options = options or {}
  options.pace = options.pace or 0
  local server = standin.spawn(options)
  leftovers.add(server.close)
  return setmetatable({ server = server, clients = {} }, Rig)
end

--- A client of the server that does not retry; options on top.
function Rig:client(options)
  local all = { api_key = M.KEY, base_url = self.server.url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  self.clients[#self.clients + 1] = client
  return client
end

--- A GET of the list of models with these faults, by a client of its own: what it returned.
function Rig:get(fault, opts)
  local all = { headers = { ["x-fault"] = fault } }
  for name, value in pairs(opts or {}) do all[name] = value end
  return self:client():list_models(all)
end

--- What the server received since the last reset, in order.
function Rig:received()
  return assert(self:client():request { path = "/_/requests" })
end

function Rig:reset()
  assert(self:client():request { method = "POST", path = "/_/reset" })
end

--- Close the clients; how many objects are alive then.
function Rig:settle()
  for _, client in ipairs(self.clients) do client:close() end
  self.clients = {}
  return live()
end

function Rig:close()
  self.server.close()
end

return M
