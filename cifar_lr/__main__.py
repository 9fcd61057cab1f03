"""`python -m cifar_lr` is `cifar-lr`."""

from cifar_lr.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
