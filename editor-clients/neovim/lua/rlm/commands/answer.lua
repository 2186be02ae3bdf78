---`:Rlm answer [RUN]`: shows an answer: the newest of this session, or any of the history.
local documents = require('rlm.documents')
local history = require('rlm.history')
local runs = require('rlm.runs')
local window = require('rlm.window')

return {
  complete = history.complete,
  run = function(text)
    local run = runs.current()
    if text == '' and run and run.bufnr then
      return window.show(run.bufnr, { focus = true })
    end
    history.with_id(text ~= '' and text or runs.current_id() or 'last', function(run_id)
      documents.open('answer', run_id)
    end)
  end,
}
