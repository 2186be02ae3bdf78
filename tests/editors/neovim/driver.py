"""A real Neovim, headless, with the plugin and the real server; driven by its own protocol (pynvim)."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pynvim

PLUGIN = Path(__file__).parents[3] / "editor-clients" / "neovim"
PATIENCE = 120_000
"""Milliseconds after which something hangs. Nothing here is a measurement."""

INIT = """
vim.opt.runtimepath:prepend({plugin})
vim.g.rlm = vim.json.decode({options})
vim.o.columns, vim.o.lines = 120, 40
_G.told, _G.asked, _G.chosen = {{}}, {{}}, nil
vim.notify = function(text, level) table.insert(told, {{ text = text, level = level or 2 }}) end
vim.ui.input = function(how, answer) table.insert(asked, how.prompt); answer(_G.typed) end
vim.ui.select = function(items, how, answer)
  local titles = vim.tbl_map(how.format_item or tostring, items)
  table.insert(asked, {{ prompt = how.prompt, items = titles }})
  for index, title in ipairs(titles) do
    if _G.chosen and title:find(_G.chosen, 1, true) then return answer(items[index], index) end
  end
  answer(nil)
end
"""


def lua_string(text: str) -> str:
    return "[====[" + text + "]====]"


class Neovim:
    """`options` are those of `vim.g.rlm`; `env` is added to the server's environment. `more` is Lua for init.lua."""

    def __init__(
        self, path: Path, home: Path, *, options: dict[str, Any] | None = None, more: str = "", start: bool = True
    ) -> None:
        self.home = home
        options = {
            "cmd": [sys.executable, "-P", "-m", "rlm_ls"],
            **(options or {}),
        }
        options["env"] = {
            "RLM_STATE_DIR": str(home / "rlm"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **options.get("env", {}),
        }
        init = home / "init.lua"
        init.write_text(
            INIT.format(plugin=lua_string(str(PLUGIN)), options=lua_string(json.dumps(options))) + more, "utf-8"
        )
        folders = [f"XDG_{kind}_HOME={home / kind.lower()}" for kind in ("CONFIG", "STATE", "DATA", "CACHE")]
        arguments = ["--embed", "--headless", "--clean", "-u", str(init), "-i", "NONE", "-n"]
        # A clock that is not the server's, so that times have to be put into the user's.
        self._argv = ["env", "TZ=XXX-9", *folders, str(path), *arguments]

    def __enter__(self) -> Neovim:
        self.nvim = pynvim.attach("child", argv=self._argv)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(Exception):
                print(json.dumps(self.lua("return told"), ensure_ascii=False, indent=1), file=sys.stderr)
                print(self.lua("return vim.fn.execute('messages')"), file=sys.stderr)
        with suppress(OSError, EOFError, pynvim.NvimError):
            self.nvim.command("qall!")
        self.nvim.close()

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.nvim.exec_lua(code, *arguments)

    def command(self, command: str) -> None:
        self.nvim.command(command)

    def until(self, condition: str, *arguments: Any) -> Any:
        """Waits inside Neovim until a Lua expression holds, and returns its value."""
        code = f"""
          local arguments, value = {{ ... }}, nil
          local held = vim.wait({PATIENCE}, function() value = (function(...) return {condition} end)(unpack(arguments))
            return value and true or false end, 5)
          return {{ held, value == nil and vim.NIL or value }}"""
        held, value = self.lua(code, *arguments)
        assert held, (
            f"never: {condition}; told: {self.told()}; messages: {self.lua('return vim.fn.execute([[messages]])')}"
        )
        return value

    # -- what the tests speak of --------------------------------------------------------------------------------------

    def edit(self, path: Path, *, attached: bool = True) -> None:
        self.command(f"edit {path}")
        if attached:
            self.until("#vim.lsp.get_clients({ name = 'rlm', bufnr = 0 }) > 0")

    def ask(self, command: str) -> dict[str, Any]:
        """Runs `:Rlm …` and waits for its answer: the run's state, id, problem, and the text of its buffer."""
        self.command(f"Rlm {command}")
        return self.finished()

    def finished(self) -> dict[str, Any]:
        """The newest run, when it has ended and its document has been shown."""
        self.until("require('rlm.runs').current() and #require('rlm.runs').live() == 0")
        run = self.run()
        if run["answer"] and run["answer"]["runId"]:
            self.until(
                "table.concat(vim.api.nvim_buf_get_lines(..., 0, -1, false), '\\n'):find('route ', 1, true)",
                run["bufnr"],
            )
            run["text"] = self.text(run["bufnr"])
        return run

    def run(self) -> dict[str, Any]:
        run: dict[str, Any] = self.lua(
            """local run = require('rlm.runs').current()
               return { state = run.state, run_id = run.run_id, problem = run.problem, bufnr = run.bufnr,
                        answer = run.answer or vim.NIL, scope = run.scope or vim.NIL }"""
        )
        run["text"] = self.text(run["bufnr"]) if run.get("bufnr") else ""
        return run

    def text(self, bufnr: int = 0) -> str:
        lines: list[str] = self.lua("return vim.api.nvim_buf_get_lines(..., 0, -1, false)", bufnr)
        return "\n".join(lines)

    def until_told(self, words: str) -> None:
        self.until("vim.iter(told):any(function(it) return it.text:find(arguments[1], 1, true) ~= nil end)", words)

    def told(self) -> list[str]:
        return [message["text"] for message in self.lua("return told")]

    def spinners(self, bufnr: int = 0) -> list[str]:
        """The virtual text in a buffer."""
        marks = self.lua(
            """local space = vim.api.nvim_get_namespaces()['rlm.spinner']
               return space and vim.api.nvim_buf_get_extmarks(..., space, 0, -1, { details = true }) or {}""",
            bufnr,
        )
        texts = []
        for _, line, _, details in marks:
            pieces = details.get("virt_text") or (details.get("virt_lines") or [[]])[0]
            texts.append(f"{line}: " + "".join(piece[0] for piece in pieces))
        return texts

    def status(self) -> str:
        return str(self.lua("return require('rlm').status()"))

    def server_pid(self) -> int:
        """The process of the server, a child of Neovim's."""
        import psutil

        (server,) = [
            child
            for child in psutil.Process(self.lua("return vim.uv.os_getpid()")).children()
            if "rlm_ls" in " ".join(child.cmdline())
        ]
        return server.pid
