---`:Rlm data [csv|json]`: the data and tables of an answer, the one in this buffer or else the newest, in a buffer of
---their own, to be yanked or written.
local runs = require('rlm.runs')
local server = require('rlm.server')

local FORMATS = { 'csv', 'json' }

return {
  complete = function()
    return FORMATS
  end,
  run = function(text)
    local format = text == '' and 'csv' or text
    if not vim.list_contains(FORMATS, format) then
      return vim.notify('rlm: there is csv, and json', vim.log.levels.ERROR)
    end
    server.request('rlm/data', { runId = runs.current_id() or 'last', format = format }, function(err, found)
      if err or not found or found.tables == 0 then
        local problem = err and err.message or 'the answer holds neither data nor a table'
        return vim.notify('rlm: ' .. problem, vim.log.levels.ERROR)
      end
      vim.api.nvim_set_current_win(require('rlm.window').for_text())
      vim.cmd.enew()
      vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(vim.trim(found.text), '\n', { plain = true }))
      vim.bo.filetype = format
    end)
  end,
}
