function love.conf(t)
  t.identity = "xai-game"
  t.version = "11.4"
  t.window.title = "Mira and Otto"
  t.window.width, t.window.height = 800, 480
  t.modules.audio, t.modules.sound, t.modules.physics, t.modules.joystick = false, false, false, false
end
