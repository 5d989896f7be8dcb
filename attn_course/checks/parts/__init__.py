"""Parts of a chapter's exercises, where one module would be too long."""
