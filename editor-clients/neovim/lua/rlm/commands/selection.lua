---`:[range]Rlm selection [question]`: about the lines given, or those of the last selection.
local asking = require('rlm.asking')

return {
  range = true,
  run = function(text, opts)
    if opts.range == 0 then
      local first, last = vim.api.nvim_buf_get_mark(0, '<')[1], vim.api.nvim_buf_get_mark(0, '>')[1]
      if first == 0 then
        return vim.notify('rlm: nothing has been selected here', vim.log.levels.ERROR)
      end
      opts = { range = 2, line1 = first, line2 = last }
    end
    asking.ask({ question = text, scope = (asking.scope_of(opts)), prompt = 'Ask about the selection' })
  end,
}
