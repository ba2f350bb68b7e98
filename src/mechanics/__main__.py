"""`python -m mechanics` is the `mechanet` command."""

from .cli import main

if __name__ == "__main__":
    main()
