"""A broker and its terminal in a process of their own, reached over a local socket."""
