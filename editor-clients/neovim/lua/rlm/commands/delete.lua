---`:Rlm delete [RUN]`: delete an earlier question with its answer and trace; without RUN it is chosen.
local history = require('rlm.history')

return {
  complete = history.complete,
  run = function(text)
    if text ~= '' then
      return history.with_id(text, history.delete)
    end
    history.choose('Delete an earlier question', function(run)
      return run.status ~= 'running'
    end, function(run)
      local question = run.question:gsub('%s+', ' '):sub(1, 80)
      if vim.fn.confirm(('Delete "%s"?'):format(question), '&Delete\n&Keep', 2) == 1 then
        history.delete(run.runId)
      end
    end)
  end,
}
