"""Learning-rate schedules and adaptive methods on CIFAR-10: a 2017 comparison, reproduced and examined."""

import os
import sys

__version__ = "0.1.0"

# TensorFlow reads both when it is imported. oneDNN's kernels take less than half the time of TensorFlow's
# others for the article's convolutions; left alone, TensorFlow uses them on some processors only.
TENSORFLOW_CAME_FIRST = "tensorflow" in sys.modules and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
