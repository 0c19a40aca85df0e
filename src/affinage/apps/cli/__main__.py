"""``python -m affinage.apps.cli`` is the program `affinage`."""

from affinage.apps.cli.program import main

main()
