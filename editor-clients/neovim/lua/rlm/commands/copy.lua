---`:Rlm copy [RUN]`: an answer with links to what it cites, in the unnamed register, and in the clipboard if there is
---one.
local history = require('rlm.history')
local runs = require('rlm.runs')
local server = require('rlm.server')

return {
  complete = function(lead)
    return history.complete(lead)
  end,
  run = function(text)
    local run_id = text ~= '' and text or runs.current_id() or 'last'
    server.request('rlm/data', { runId = run_id, format = 'markdown' }, function(err, found)
      if err or not found then
        return vim.notify('rlm: ' .. (err and err.message or 'there is no answer'), vim.log.levels.ERROR)
      end
      vim.fn.setreg('"', found.text)
      if vim.fn.has('clipboard') == 1 then
        vim.fn.setreg('+', found.text)
      end
      vim.notify('rlm: the answer is copied, with its citations')
    end)
  end,
}
