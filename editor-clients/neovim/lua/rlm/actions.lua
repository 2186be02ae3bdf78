---The commands of the server's code actions and code lenses, run by the plugin: the answer streams, with a place to
---show it and a way to stop it.
local asking = require('rlm.asking')

local M = {}

---"Ask about this file…", "Ask about this selection…": the question is typed here.
---@param command lsp.Command
function M.ask(command)
  local argument = (command.arguments or {})[1] or {}
  asking.ask({ question = argument.question, scope = argument.scope, editor = argument.editor })
end

---"Answer this question", "Explain this diagnostic", "Ask about NAME": the question is known.
M.server_ask = M.ask

return M
