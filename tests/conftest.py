"""Settings that every test shares."""

import os

from hypothesis import settings

# Examples may be slow on a shared machine; what they show is the outcome, not the time. The
# continuous run repeats the same examples, so that a red one is a change's doing.
settings.register_profile("local", deadline=None)
settings.register_profile("continuous", deadline=None, derandomize=True)
settings.load_profile("continuous" if os.environ.get("CI") else "local")

pytest_plugins = ["support.fixtures"]
