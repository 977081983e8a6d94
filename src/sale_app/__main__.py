"""`python -m sale_app` is `sale`."""

from sale_app.cli import main

main()
