"""Campaigns that try to make cifar_lr lose, double or accept what it must not; each is a module of its own.

`python -m torture.kills --cases 1000` runs one and writes what came of it to `torture/results`, from
which docs/reliability.md has its table. `make torture` runs all; the tests run a short form of each.
"""
