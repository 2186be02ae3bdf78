"""write_program: a program from words, by the code model, with the compiler's first error fed back."""

from __future__ import annotations

from collections.abc import Callable

from rlm_ls.errors import CompileFailed, LevelUnavailable, ProgramError
from rlm_ls.executors.desk import Desk
from rlm_ls.executors.judging.judge import Judge
from rlm_ls.executors.minds import Failed, SubCall
from rlm_ls.executors.programs import Programs, checked_name
from rlm_ls.executors.wrapping import SIGNATURES, Language

TRIES = 3

SYSTEM = """\
You write one {language} program that another model will run over text. Reply with one ```{language} block and nothing
else. It must define {signature}. {rules}
It sees only the text it is given: no files, network, environment, clock, threads or printing. It never panics on odd
lines. Return exactly what is asked for, in the form asked for, and little of it: counts rather than lines."""

RULES: dict[Language, str] = {
    "rust": "Rust 2021 as of version 1.63, the standard library only, no unsafe, no main.",
    "c": "C11. Of the C library there are only malloc, the mem and str functions and snprintf: include no headers.",
    "wat": "It may import nothing.",
}

AGAIN = """\
{intent}

This was your program:

```{language}
{source}
```

It does not compile: {error}

Reply with the whole program, mended."""


async def write(desk: Desk, programs: Programs, intent: str, language: str, name: str | None) -> Callable[..., None]:
    """The program, callable from a script. Raises CompileFailed for the last of its tries, LevelUnavailable."""
    if desk.minds is None:
        raise LevelUnavailable(
            "write_program() needs a code model, and none answers here.", "Write the program yourself: ```rust NAME."
        )
    if language not in SIGNATURES:
        raise ProgramError(f"There are no {language} programs.", f"Languages: {', '.join(SIGNATURES)}.")
    name = checked_name(name or programs.free_name())
    kind: Language = language
    system = SYSTEM.format(language=kind, signature=SIGNATURES[kind], rules=RULES[kind])
    prompt, error = intent, CompileFailed("")
    for attempt in range(1, TRIES + 1):
        (reply,) = await desk.minds.ask([SubCall(verb="write_program", system=system, prompt=prompt, role="code")])
        if isinstance(reply, Failed):
            raise ProgramError(f"The code model did not answer: {reply.error}")
        source = await _program(desk.minds.judge, reply.text)
        try:
            desk.note(await programs.define(desk, name, kind, source))
        except CompileFailed as failed:
            error = failed
            prompt = AGAIN.format(intent=intent, language=kind, source=source, error=failed)
            continue
        if attempt > 1:
            desk.note(f"{name}: {attempt} tries.")
        return programs.handle(name)
    raise CompileFailed(f"After {TRIES} tries the code model's program does not compile. {error.message}", error.line)


async def _program(judge: Judge, reply: str) -> str:
    """The longest block of a reply, or all of it where there is none."""
    blocks, _ = await judge.fences(reply) or ([], 0)
    return max((content for _, content in blocks), key=len, default=reply)
