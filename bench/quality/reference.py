"""The method's reference implementation on an index, against the endpoint that `full` is asked at.

It wants a virtual environment of its own, in which this file is run by its path:

    pip install rlms==0.1.3
    python bench/quality/reference.py INDEX --texts DIR --api-base http://127.0.0.1:8700/v1 --json rlms.jsonl

A row has the output, calls and tokens of a question, as the endpoint counts them; `python -m bench.quality.beside`
scores them. Questions that are in the file are not asked again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from rlm import RLM  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--api-base", required=True)
    parser.add_argument("--model", default="manual")
    parser.add_argument("--only", default="", help="ids, with commas between")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    done = (
        {json.loads(line)["id"] for line in options.json.read_text().splitlines()} if options.json.exists() else set()
    )
    only = set(filter(None, options.only.split(",")))
    for question in json.loads(options.index.read_text(encoding="utf-8")):
        if question["id"] not in done and (not only or question["id"] in only):
            row = asked(question, options)
            with options.json.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(row["id"], row["calls"], row["tokens"], row["output"][-80:].replace("\n", " "), flush=True)


def asked(question: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    text = (options.texts / question["context"]).read_text(encoding="utf-8")
    model = RLM(
        backend="openai", backend_kwargs={"model_name": options.model, "base_url": options.api_base, "api_key": "x"}
    )
    started = time.monotonic()
    reply = model.completion(prompt=text, root_prompt=question["question"])
    used = reply.usage_summary
    return {
        "id": question["id"],
        "output": str(reply.response),
        "calls": sum(one.total_calls for one in used.model_usage_summaries.values()),
        "tokens": used.total_input_tokens + used.total_output_tokens,
        "seconds": round(time.monotonic() - started, 1),
    }


if __name__ == "__main__":
    main()
