--- xai.uv under luv: makes its handles anew when somebody has closed all of the loop's.

attach()
print(client:get_model("grok-3").id)
uv.walk(function(open) if not open:is_closing() then open:close() end end)
uv.run()
print(client:get_model("grok-3").id)
