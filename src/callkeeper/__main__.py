"""``python -m callkeeper``."""

from callkeeper.cli.program import main

if __name__ == "__main__":
    main()
