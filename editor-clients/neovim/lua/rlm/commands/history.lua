---`:Rlm history`: choose an earlier question and see its answer.
local documents = require('rlm.documents')
local history = require('rlm.history')

return {
  run = function()
    history.choose('Earlier questions', nil, function(run)
      if run.status == 'interrupted' then
        return vim.cmd.Rlm({ args = { 'resume', run.runId } })
      end
      documents.open('answer', run.runId)
    end)
  end,
}
