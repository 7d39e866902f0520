-- luacheck: globals love
function love.conf(t)
  t.identity = "xai-beside"
  t.version = "11.4"
  t.window.width, t.window.height = 200, 100
  t.modules.audio, t.modules.sound, t.modules.physics, t.modules.joystick = false, false, false, false
end
