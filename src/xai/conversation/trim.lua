--- How long a history is, and which turns go.
--
-- The service tells the tokens of each request.  Those of a turn are its share of them by
-- the bytes of its JSON.

local json = require "xai.client.json"
local states = require "xai.conversation.state"

local ipairs = ipairs
local table_remove = table.remove

local TOKENS_PER_BYTE = 0.3 -- where no usage was reported

local function bytes_of(value) return #json.encode(value) end

--- Bytes of what is always sent, those of each turn, and tokens for each byte.
local function measure(state)
  local fixed, sizes = bytes_of(states.plain_body(state)) + bytes_of(state.given), {}
  local sum, ratio = fixed, TOKENS_PER_BYTE
  for i, turn in ipairs(state.turns) do
    sizes[i] = bytes_of(turn.items)
    sum = sum + sizes[i]
    if turn.tokens and turn.tokens > 0 then ratio = turn.tokens / sum end
  end
  return sum, sizes, ratio
end

--- Drop turns from the front until the history is at most `tokens` long, or there is none.
-- Returns how many.
return function(state, tokens)
  local bytes, sizes, ratio = measure(state)
  local total, dropped, gone = bytes * ratio, 0, 0
  while total > tokens and state.turns[1] do
    table_remove(state.turns, 1)
    dropped = dropped + 1
    total, gone = total - sizes[dropped] * ratio, gone + sizes[dropped] * ratio
  end
  if dropped == 0 then return 0 end
  for _, turn in ipairs(state.turns) do
    turn.id = nil -- the service's chain has what was dropped
    if turn.tokens then turn.tokens = turn.tokens > gone and turn.tokens - gone or nil end
  end
  return dropped
end
