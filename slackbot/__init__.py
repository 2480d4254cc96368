"""The Slack bot: what it hears, what it says, how it keeps within Slack's limits.

`slack_app.py` puts it together. Only the files here that say so know Slack's libraries.
"""
