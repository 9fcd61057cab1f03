"""Learning-rate schedules and adaptive methods on CIFAR-10: a 2017 comparison, reproduced and examined."""

__version__ = "0.1.0"
