"""``python -m ferbench``: the command line."""

from ferbench.cli.main import main

main()
