--- Ctrl-C: ends a program that does not catch it.

press_soon()
client:chat(question(), silent)
