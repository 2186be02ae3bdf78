---@brief
---
--- A language server that answers questions about text far too large for any model's context window: logs, books, whole
--- workspaces. Ask by a code action on a line such as `# rlm: which requests failed first?`.
---
--- ```sh
--- pipx install rlm-ls
--- ```
---
--- It attaches to files of every type. Models, budget and privacy are settings:
---
--- ```lua
--- vim.lsp.config('rlm_ls', { settings = { rlm = { models = { root = 'ollama_chat/qwen3' } } } })
--- vim.lsp.enable('rlm_ls')
--- ```

---@type vim.lsp.Config
return {
  cmd = { 'rlm-ls' },
  -- Not in the folder that is edited: programs would find there what they should find elsewhere.
  cmd_cwd = vim.fn.stdpath('state'),
  root_markers = { '.git', '.hg', '.svn' },
}
