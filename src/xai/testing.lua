--- xai.testing: tests of programs that use the library, without the service.
-- What users see is documented in types.lua and in the README.

local testing = {}

--- A client whose answers are written down: no server, no network, no key.
function testing.client(answers, options)
  local client = require "xai.testing.client"(answers, options) -- no tail call: errors count levels
  return client
end

--- The stand-in server in a process of its own.
function testing.serve(options)
  local server = require "xai.testing.serve"(options)
  return server
end

--- A tape: it records the answers of the service once, and gives them from then on.
function testing.tape(path, options)
  local tape = require "xai.testing.tape"(path, options)
  return tape
end

return testing
