"""`python -m sale_app` is `sale`."""

import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    try:
        from sale_app.cli import app  # noqa: PLC0415 - the library can be installed without what a service needs
    except ModuleNotFoundError as missing:
        sys.exit(f"The command line needs {missing.name}: pip install 'sale[service]'")
    app()


if __name__ == "__main__":
    main()
