"""Question to answer: everything the surfaces (browser, Slack, command line) share."""
