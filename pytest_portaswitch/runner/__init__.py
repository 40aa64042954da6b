"""Where pytest is met: options, collection, fixtures, outcomes. It translates and delegates."""
