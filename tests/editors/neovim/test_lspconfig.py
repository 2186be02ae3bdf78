"""release/nvim-lspconfig in a real Neovim, as nvim-lspconfig would have it: no plugin of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.editors.neovim.conftest import VERSIONS
from tests.editors.programs import missing
from tests.patience import PATIENCE

CONFIGURATIONS = Path(__file__).parents[3] / "release" / "nvim-lspconfig"

SCRIPT = """
vim.opt.runtimepath:append(arg[1])
vim.cmd.edit(arg[2])
vim.lsp.enable('rlm_ls')
local attached = vim.wait(300000, function()
  local client = vim.lsp.get_clients({ name = 'rlm_ls', bufnr = 0 })[1]
  return client ~= nil and client.initialized
end)
assert(attached, 'never attached')
local client = vim.lsp.get_clients({ name = 'rlm_ls', bufnr = 0 })[1]
local params = { textDocument = vim.lsp.util.make_text_document_params(), context = { diagnostics = {} },
  range = { start = { line = 0, character = 0 }, ['end'] = { line = 0, character = 0 } } }
local actions = client:request_sync('textDocument/codeAction', params, 300000, 0)
io.stdout:write(client.root_dir, '\\n', actions.result[1].title, '\\n')
client:stop(true)
vim.wait(5000, function() return client:is_stopped() end)
"""


def test_the_configuration_starts_the_server_for_any_file(tmp_path: Path) -> None:
    newest = max((name for name in VERSIONS), key=lambda name: int(name.split(".")[1]), default=None)
    if newest is None:
        missing("Neovim")
        return
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    log = project / "app.log"
    log.write_text("# rlm: how many lines contain ERROR?\nERROR\n")
    program = tmp_path / "bin" / "rlm-ls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m rlm_ls "$@"\n')
    os.chmod(program, 0o755)
    script = tmp_path / "script.lua"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [VERSIONS[newest], "--clean", "--headless", "-l", script, CONFIGURATIONS, log],
        env={**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    root, title = done.stdout.splitlines()[:2]
    assert Path(root) == project
    assert title.startswith("Answer this question")
