--- xai.uv under luv: raises for misuse.

attach()
local attach = require("xai.uv").attach
print((pcall(attach, 1)), (pcall(attach, { shedule = print })), (pcall(attach, { schedule = 1 })),
  (pcall(attach, { uv = {} })))
