"""For this repository's own tests and suites. The plugin itself comes by its entry point."""

pytest_plugins = ["pytester"]
