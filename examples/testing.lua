-- Run it: make run EXAMPLE=testing
--
-- A test of a function that asks Grok: the answers are written down, so it needs neither key nor network.
-- The same runs in busted; xai.testing is the rock xai-testing.

local testing = require "xai.testing"
local xai = require "xai"

--- The function to be tested: a title for a text, or "untitled" where there is no answer.
local function title(client, text)
  local answer = client:respond {
    model = "grok-4.5", instructions = "Give a title of at most five words.", input = text,
  }
  return answer and xai.text(answer):gsub("[%s.]+$", "") or "untitled"
end

local client = testing.client { "The Boat on the Lake.", { kind = "rate_limit" } }

assert(title(client, "A boat drifts on a lake.") == "The Boat on the Lake")
assert(client.requests[1].body.input == "A boat drifts on a lake.")
assert(title(client, "A boat drifts on.") == "untitled")
assert(client.left == 0)
print("4 checks passed")
