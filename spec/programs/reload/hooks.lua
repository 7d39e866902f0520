--- A reload keeps the hooks of a client.

local heard = 0
local one = xai.new { on_response = function() heard = heard + 1 end }
one:get_model "grok-3"
drop "^xai"
require "xai"
one:get_model "grok-3"
print(heard)
