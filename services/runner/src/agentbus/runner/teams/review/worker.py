"""One tool in a process of its own: `python -I -m agentbus.runner.teams.review.worker TOOL LISTING SECONDS`.

Prints the summary, then a finding a line, the worst first: so a prefix of the output is what matters most,
and says what it is of. LISTING is a JSON file with `root` and `paths`. Started by `toolbox.py`, in the tree.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from agentbus.runner.source_tree import SourceTree
from agentbus.runner.teams.review.finding import ToolResult, deduplicated
from agentbus.runner.teams.review.sources import Sources


def main(tool: str, listing: str, seconds: str) -> None:
    """Runs the tool and prints what it gives; what the tool itself prints goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.setrecursionlimit(3000)
    listed = json.loads(Path(listing).read_text(encoding="utf-8"))
    sources = Sources(SourceTree(Path(listed["root"])), listed["paths"], float(seconds))
    result: ToolResult = import_module(f"agentbus.runner.teams.review.tools.{tool}").run(sources)
    findings = deduplicated(result.findings)
    with out:
        out.write(_line({**result.summary, **sources.facts(), "findings": len(findings)}))
        out.writelines(_line(finding.as_json()) for finding in findings)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
