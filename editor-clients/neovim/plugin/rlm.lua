-- Loaded at every start of Neovim: names what there is and requires nothing.
if vim.g.loaded_rlm then
  return
end
vim.g.loaded_rlm = true

if vim.fn.has('nvim-0.10') == 0 then
  vim.notify('rlm needs Neovim 0.10 or newer', vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command('Rlm', function(opts)
  require('rlm.command').run(opts)
end, {
  nargs = '*',
  range = true,
  bang = true,
  desc = 'Ask a question about texts of any size',
  complete = function(...)
    return require('rlm.command').complete(...)
  end,
})

for _, name in ipairs({ 'ask', 'workspace', 'follow', 'stop', 'answer', 'trace', 'history' }) do
  vim.keymap.set('n', ('<Plug>(rlm-%s)'):format(name), ('<Cmd>Rlm %s<CR>'):format(name), { desc = 'rlm: ' .. name })
end
-- `:` and not `<Cmd>`: the marks of the selection are set when Visual mode ends.
vim.keymap.set('x', '<Plug>(rlm-selection)', ":Rlm selection<CR>", { silent = true, desc = 'rlm: selection' })

vim.lsp.commands['rlm.ask'] = function(...)
  require('rlm.actions').ask(...)
end
vim.lsp.commands['rlm.server.ask'] = function(...)
  require('rlm.actions').server_ask(...)
end

vim.lsp.commands['rlm.server.excerpt'] = function(command)
  require('rlm.excerpts').show(command.arguments[1])
end
vim.lsp.commands['rlm.excerptSearch'] = function(command)
  require('rlm.excerpts').search(command.arguments[1].uri)
end

local group = vim.api.nvim_create_augroup('rlm', {})

vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile', 'BufWritePost', 'FileType' }, {
  group = group,
  desc = 'rlm: code actions, and edits that are not saved yet',
  callback = function(event)
    if vim.bo[event.buf].buftype == '' and vim.api.nvim_buf_get_name(event.buf) ~= '' then
      require('rlm.server').attach_by_itself(event.buf)
    end
  end,
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = { 'rlm://excerpt/*', 'rlm:/excerpt/*' },
  desc = 'rlm: excerpts by their names',
  callback = function(event)
    require('rlm.excerpts').read(event.buf, event.match)
  end,
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = { 'rlm://answer/*', 'rlm://trace/*', 'rlm:/answer/*', 'rlm:/trace/*' },
  desc = 'rlm: answers and traces by their names',
  callback = function(event)
    require('rlm.documents').read(event.buf, event.match)
  end,
})
