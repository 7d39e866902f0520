--- Ctrl-C: ends a program whose function raises, with that error.

xai.on_interrupt(function() error("stopped by the user", 0) end)
press_soon()
xai.sleep(60)
