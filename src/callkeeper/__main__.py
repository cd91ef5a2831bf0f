"""``python -m callkeeper``."""

from callkeeper.cli.program import app

if __name__ == "__main__":
    app()
