"""Serve: Streamlit, without its look-up of this machine's public address.

Takes the arguments of `streamlit run`. Streamlit asks a host on the internet for the public address
when a WebSocket comes from a foreign page; `stay_private` has it know of none, so such a page is
refused at once.
"""

from __future__ import annotations

import sys

from streamlit import net_util
from streamlit.web import cli


def stay_private() -> None:
    """No look-up of the public address, in this process."""
    net_util.get_external_ip = lambda: None


def main() -> None:
    """`python -m screens.serve`: the chat in the browser."""
    stay_private()
    cli.main(["run", "app.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
