---The options of `vim.g.rlm`, read anew whenever they are needed: they may be changed at any time.
local check = require('rlm.config.check')

local M = {}

---@class rlm.Config
M.defaults = {
  ---@type string[] the server's command
  cmd = { 'rlm-ls' },
  ---@type table<string, string> added to the server's environment: keys of providers
  env = {},
  ---@type boolean attach to files by itself (code actions, unsaved edits)
  attach = true,
  ---@type integer larger files are attached to only when they have unsaved changes
  attach_max_bytes = 10 * 1024 * 1024,
  ---@type integer of larger files citations lead to the lines around them, not to the file
  excerpts_above_bytes = 50 * 1024 * 1024,
  ---@type boolean start the server again when it has died
  restart = true,
  ---@type string[] what marks a workspace folder
  root_markers = { '.git', '.hg', '.svn' },
  ---@type table the server's settings, as in its settings file
  settings = {},
  ---@type string? the model that questions go to, in place of `settings.models.root`
  model = nil,
  ---@type string[] models that `:Rlm model` offers
  models = {},
  answer = {
    ---@type "split"|"vsplit"|"float"|"tab"
    layout = 'split',
    ---@type number share of the screen
    size = 0.4,
    ---@type boolean show the model's steps while it works
    steps = true,
  },
  citations = {
    ---@type boolean put an answer's citations into the quickfix list
    quickfix = true,
    ---@type boolean open the quickfix window for them, without going there
    open = false,
  },
  spinner = {
    enabled = true,
    ---@type string[]
    frames = { '⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏' },
    ---@type integer milliseconds between two of them
    interval = 120,
  },
  ---@type boolean tell the model of the cursor, the open files and their diagnostics
  share_editor = true,
  ---@type rlm.Sample? the editor's own model
  sample = nil,
}

local reported = {} ---@type table<string, boolean>

---The options in force. What makes no sense is told once and replaced by its default.
---@return rlm.Config
function M.get()
  local config, problems = M.checked()
  for _, problem in ipairs(problems) do
    if not reported[problem] then
      reported[problem] = true
      vim.schedule(function()
        vim.notify('rlm: ' .. problem, vim.log.levels.WARN)
      end)
    end
  end
  return config
end

---@return rlm.Config config
---@return string[] problems a sentence for each option that is not used
function M.checked()
  return check.merge(M.defaults, vim.g.rlm)
end

return M
