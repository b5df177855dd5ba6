"""The command line: ``forecast``. Heavy libraries are imported by the commands that need them."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with the documented exit code."""
    from forecasting.cli.app import run
    from forecasting.cli.console import flushed

    code = run(sys.argv[1:])
    sys.exit(code if flushed() else code or 74)
