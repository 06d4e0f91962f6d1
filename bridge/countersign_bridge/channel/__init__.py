"""The stream to the server: sessions, sequences, and what must not be lost between them."""
