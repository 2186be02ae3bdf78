---`:Rlm restart`: ends the server and starts it with the options of now.
local server = require('rlm.server')

return {
  run = function()
    server.restart(function()
      vim.notify('rlm: the language server runs again')
    end)
  end,
}
