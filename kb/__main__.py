"""`python -m kb`: the assistant without a browser.

Exit codes: 0 done; 1 nothing done, one sentence on standard error; 2 wrong usage.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cli.parser import parser
from kb.errors import KbError
from kb.settings import read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__).parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is stored and asked is UTF-8 everywhere, whatever the terminal's locale says.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    try:
        run = getattr(import_module(options.module), options.function)
        code = int(run(options, read_settings(), sys.stdout))
        sys.stdout.flush()
    except KbError as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    except BrokenPipeError:
        # The reader, such as `head`, has what it wanted; Python must not flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a file that cannot be read or written
        print(f"{error}.", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
