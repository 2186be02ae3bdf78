-- Neovim 0.11 and newer: the server's configuration by the name 'rlm', open to vim.lsp.config('rlm', { … }).
-- The plugin starts it by itself; vim.lsp.enable('rlm') is not needed and does no harm.
return require('rlm.launch').base(require('rlm.server').hooks)
