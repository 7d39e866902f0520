--- xai.copas: gives a thread the errors of its calls.

copas.addthread(function()
  local lost = select(3, client:list_models(options "reset-before-head")).kind
  local refused = select(3, client:chat({ model = "grok-nonesuch", messages = question().messages })).kind
  print(lost, refused, select(3, read "cut-stream,3").kind)
end)
run()
