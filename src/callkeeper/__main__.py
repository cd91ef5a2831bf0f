"""``callkeeper``, and ``python -m callkeeper``."""

from importlib import import_module

from callkeeper.signals import leave_interrupts_to_the_system


def main() -> None:
    """Import the command line and run it: Ctrl-C ends it in silence from here on."""
    leave_interrupts_to_the_system()
    import_module("callkeeper.cli.program").main()


if __name__ == "__main__":
    main()
