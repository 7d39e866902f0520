--- preload.lua - what all spec files share: one luv.
--
-- busted gives each file its own copies of the modules it requires.  Loaded a
-- second time, the luv of Debian 12 crashes now and then on Lua 5.1 and 5.2.

require "luv"
