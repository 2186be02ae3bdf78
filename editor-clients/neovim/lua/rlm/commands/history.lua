---`:Rlm history [WORDS]`: choose an earlier question, by words of it or of its answer, and see the answer.
local documents = require('rlm.documents')
local history = require('rlm.history')

return {
  run = function(text)
    history.choose('Earlier questions', nil, function(run)
      if run.status == 'interrupted' then
        return vim.cmd.Rlm({ args = { 'resume', run.runId } })
      end
      documents.open('answer', run.runId)
    end, text ~= '' and text or nil)
  end,
}
