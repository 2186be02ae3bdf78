"""The program's entry point: without arguments (or with those that language clients add) an editor on stdio, else the
commands for people."""

# Before any import but these: Ctrl-C ends what is loading, and what is not ours is taken out of the search path.
# (`__future__` is an import, too.)
from rlm_ls.interrupt import end_at_interrupt

end_at_interrupt()

from rlm_ls.isolation import isolate, step_aside  # noqa: E402 - after Ctrl-C has a meaning

isolate(as_module=__name__ == "__main__")

import sys  # noqa: E402 - after what it may be looked for in is known


def main() -> None:
    """Entry point of `rlm-ls`. Nothing heavy is imported on the way to the language server."""
    arguments = sys.argv[1:]
    client = _client_process(arguments)
    if client is not None:
        step_aside()
        from rlm_ls.lsp.transport.stdio import serve

        sys.exit(serve(client))
    if any(argument.partition("=")[0] in {"--tcp", "--ws"} for argument in arguments):
        step_aside()
        sys.exit(_listen(arguments))
    if arguments == ["--version"]:
        from rlm_ls import __version__

        print(f"rlm-ls {__version__}")
        return
    from rlm_ls.cli.main import app_for
    from rlm_ls.cli.terminal.console import guard
    from rlm_ls.ending import end_process

    guard()
    try:
        app_for(arguments)()
    except SystemExit as ended:
        # What is left is the interpreter's own end, in which Ctrl-C would be an error again.
        end_process(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def _client_process(arguments: list[str]) -> int | None:
    """The client's process id (0 if it gave none) when the arguments ask for the language server, else None.

    vscode-languageclient adds `--stdio` and `--clientProcessId=N`, by itself and in this order or another.
    """
    process = 0
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument == "--stdio":
            continue
        if name != "--clientProcessId":
            return None
        value = value if equals else next(rest, "")
        if not value.isdecimal():
            sys.exit(f"rlm-ls: --clientProcessId wants a process id, not {value!r}")
        process = int(value)
    return process


def _listen(arguments: list[str]) -> int:
    """`--tcp [HOST:]PORT` or `--ws [HOST:]PORT`, and `--token-env VARIABLE`: serve editors that connect."""
    from rlm_ls.lsp.transport.listen import CannotListen, listen, parse_address, token_from

    given: dict[str, str] = {}
    rest = iter(arguments)
    try:
        for argument in rest:
            name, equals, value = argument.partition("=")
            if name not in {"--tcp", "--ws", "--token-env"} or name in given:
                raise CannotListen(f"{argument}: it is rlm-ls --tcp|--ws [HOST:]PORT [--token-env VARIABLE].")
            given[name] = value if equals else next(rest, "")
        if len(given.keys() & {"--tcp", "--ws"}) != 1:
            raise CannotListen("either --tcp or --ws.")
        where = parse_address("tcp", given["--tcp"]) if "--tcp" in given else parse_address("ws", given["--ws"])
        return listen(where, token_from(given.get("--token-env")))
    except CannotListen as reason:
        from rlm_ls.visible import visible

        print(visible(f"rlm-ls: {reason}"), file=sys.stderr)
        return 2


if __name__ == "__main__":
    main()
