"""Makes neovim-asking.svg and neovim-answer.svg: what a terminal shows while Neovim asks about the demo's log.

    python docs/pictures/neovim.py [PATH OF NVIM]

Everything in them is real (Neovim in tmux, the plugin, the server, programs run over 200,000 lines) but the model: its
replies are the demo's recording of a large language model, played back slowly enough to be seen.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "server")]

from tests.fakes.model_server import ModelServer, Scripted  # noqa: E402

from rlm_ls.cli.demo.questions import QUESTIONS  # noqa: E402

# Neovim's own colours are exact; this is what lies around them (habamax).
THEME = TerminalTheme((28, 28, 28), (188, 188, 188), [(28, 28, 28)] * 8)
COLUMNS, LINES = 116, 42
QUESTION = next(question for question in QUESTIONS if question.id == "root-cause")
NAME = "openai/recorded"

INIT = """
vim.opt.runtimepath:prepend({plugin})
vim.g.rlm = {{
  cmd = {{ {python}, '-P', '-m', 'rlm_ls' }},
  env = {{ RLM_STATE_DIR = {state}, RECORDED_KEY = 'none', LITELLM_LOCAL_MODEL_COST_MAP = 'True' }},
  settings = {{ models = {{ root = '{name}', apiBase = {base}, apiKeyEnv = 'RECORDED_KEY' }} }},
  answer = {{ size = 0.55 }},
}}
vim.o.termguicolors, vim.o.number, vim.o.laststatus, vim.o.ruler, vim.o.wrap = true, true, 3, false, false
vim.o.statusline = " %f  %m%=%{{v:lua.require'rlm'.status()}}  %l "
vim.cmd.colorscheme('habamax')
"""


def replies() -> list[Scripted]:
    """The recording's replies."""
    events = [json.loads(line) for line in QUESTION.recording.read_text("utf-8").splitlines()]
    texts = [event["text"] for event in events if event.get("type") == "modelReplied"]
    return [Scripted(text, piece=8, delay=0.04) for text in texts]


class Tmux:
    def __init__(self, folder: Path) -> None:
        self._command = ["tmux", "-S", str(folder / "tmux"), "-f", os.devnull]

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._command, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
        ).stdout

    def start(self, *command: str) -> None:
        self.run("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), shlex.join(command))
        self.run("set-option", "-g", "escape-time", "0")

    def until(self, words: str) -> None:
        for _ in range(1200):
            if words in self.run("capture-pane", "-p"):
                return
            time.sleep(0.05)
        raise SystemExit(f"never shown: {words}\n" + self.run("capture-pane", "-p"))

    def picture(self, path: Path, title: str) -> None:
        shown = self.run("capture-pane", "-p", "-e")
        console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
        for line in shown.rstrip("\n").split("\n"):
            console.print(Text.from_ansi(line), end="\n", no_wrap=True, overflow="crop", highlight=False)
        # Without the remote font that Rich names: a picture in a README loads nothing from elsewhere.
        form = re.sub(r"@font-face \{\{.*?\}\}\s*(?=\.|@)", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
        console.save_svg(str(path), title=title, theme=THEME, code_format=form, unique_id=path.stem)


def main() -> None:
    neovim = sys.argv[1] if len(sys.argv) > 1 else "nvim"
    loop = asyncio.new_event_loop()
    server = ModelServer(replies())
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = QUESTION.target()
        init = folder / "init.lua"
        init.write_text(
            INIT.format(
                plugin=json.dumps(str(ROOT / "editor-clients" / "neovim")),
                python=json.dumps(sys.executable),
                state=json.dumps(str(folder / "state")),
                base=json.dumps(server.base_url),
                name=NAME,
            ),
            "utf-8",
        )
        tmux = Tmux(folder)
        tmux.start(
            *("env", "COLORTERM=truecolor", f"PYTHONPATH={ROOT / 'server'}", f"XDG_STATE_HOME={folder}"),
            *(neovim, "--clean", "-u", str(init), "-i", "NONE", "-c", f"cd {log.parent}", str(log)),
        )
        try:
            tmux.until("shop.log")
            tmux.run("send-keys", "13924G", "zz")
            tmux.run("send-keys", "-l", f":Rlm ask {QUESTION.question}")
            tmux.run("send-keys", "Enter")
            tmux.until("1. I look at")
            time.sleep(0.7)
            tmux.picture(HERE / "neovim-asking.svg", "Neovim: the model works")
            tmux.until("Unrelated:")
            tmux.run("send-keys", "-l", ":botright copen 7 | wincmd p")
            tmux.run("send-keys", "Enter")
            tmux.until("|14210 col")
            time.sleep(1)
            tmux.picture(HERE / "neovim-answer.svg", "Neovim: the answer, with citations")
        finally:
            tmux.run("kill-server")
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result()


if __name__ == "__main__":
    main()
