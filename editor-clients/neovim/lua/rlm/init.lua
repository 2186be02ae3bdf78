---What others may use of the plugin. Everything else may change.
local M = {}

---For status lines: what goes on, or nothing. See |rlm-status|.
---@return string
function M.status()
  return require('rlm.status').line()
end

---Asks from Lua. Without a scope: about the current file. The answer comes as the User event RlmFinished.
---@param question? string typed by the user if it is missing
---@param scope? rlm.Scope
function M.ask(question, scope)
  local asking = require('rlm.asking')
  asking.ask({ question = question, scope = scope or (asking.scope_of({ range = 0, line1 = 1, line2 = 1 })) })
end

---The command of the server for agents, for plugins that bring them tools (mcphub.nvim). See |rlm-agents|.
---@param root? string the folder that may be read; else the workspace folder of the current buffer
---@return string[]? # nothing where there is no such folder
function M.mcp(root)
  local launch = require('rlm.launch')
  root = root or launch.root(0)
  return root and vim.list_extend(launch.command(), { 'mcp', '--root', root })
end

---The command of the agent, for plugins that talk to agents (codecompanion.nvim, avante.nvim). See |rlm-agents|.
---@return string[]
function M.acp()
  return vim.list_extend(require('rlm.launch').command(), { 'acp' })
end

---The same as setting `vim.g.rlm`, for those who configure plugins by calling setup. Not needed.
---@param options? table
function M.setup(options)
  if options then
    local given = vim.g.rlm
    vim.g.rlm = vim.tbl_deep_extend('force', type(given) == 'table' and given or {}, options)
  end
end

return M
