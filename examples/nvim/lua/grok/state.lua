--- What is under way: it outlives a reload of the plugin (`:Lazy reload`), so that
-- answers go on, and :GrokStop finds them.

_G.grok_state = _G.grok_state or {
  running = {}, -- buffer -> the answers that are being written into it: { call }
  progress = {}, -- buffer -> what each of its views says, while there are any
  ticks = {}, -- buffer -> its changedtick after the last change that one of them made
  own_bars = {}, -- window and buffer -> the bar that ours stands in for
}

return _G.grok_state
