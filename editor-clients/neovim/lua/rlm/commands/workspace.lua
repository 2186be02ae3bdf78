---`:Rlm workspace [question]`: about the workspace folder of the current file, else the working directory.
local asking = require('rlm.asking')
local launch = require('rlm.launch')
local scope = require('rlm.scope')

return {
  run = function(text)
    local root = launch.root(vim.api.nvim_get_current_buf()) or vim.uv.cwd()
    asking.ask({
      question = text,
      scope = scope.workspace(),
      root = root,
      prompt = 'Ask about ' .. vim.fn.fnamemodify(root or '', ':~'),
    })
  end,
}
