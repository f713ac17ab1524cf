"""The entry of the command ``kpilib``: what commands raise on purpose becomes a line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kpilib.cli import app
from kpilib.cli.console import say_error
from kpilib.errors import KpilibError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process: 0 all made, 1 a pack failed, 2 usage, data or settings."""
    try:
        app(args=arguments, prog_name="kpilib")
    except KpilibError as error:
        say_error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `kpilib kpis … | head`
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
