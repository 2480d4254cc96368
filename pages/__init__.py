"""The pages of the browser app, one file each, and what they share."""
