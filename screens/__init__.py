"""The pages of the browser app, one file each.

The folder is not called “pages”, because Streamlit would run such files by themselves.
"""
