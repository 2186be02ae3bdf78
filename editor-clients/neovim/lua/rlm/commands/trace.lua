---`:Rlm trace [RUN]`: every turn of a run, folded: of the answer in this buffer, else the newest.
local documents = require('rlm.documents')
local history = require('rlm.history')
local runs = require('rlm.runs')

return {
  complete = history.complete,
  run = function(text)
    history.with_id(text ~= '' and text or runs.current_id() or 'last', function(run_id)
      documents.open('trace', run_id)
    end)
  end,
}
